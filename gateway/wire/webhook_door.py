"""`POST /livekit/webhook`: LiveKit's webhooks, answered before anything is done about them."""

from http import HTTPStatus

import structlog
from aiohttp import web

from gateway.metrics import WEBHOOKS_IN
from gateway.ports import NotGenuineError, NotReadableError, Webhooks
from gateway.service.webhooks_in import Taken, WebhooksIn

PATH = "/livekit/webhook"
MAX_BODY_BYTES = 2 * 1024 * 1024
"""LiveKit allows 512 KiB of metadata of the room, and as much of the participant."""

log = structlog.get_logger()


class WebhookDoor:
    """Proves each request to be LiveKit's and hands on what it tells."""

    def __init__(self, webhooks: Webhooks, webhooks_in: WebhooksIn) -> None:
        self._webhooks = webhooks
        self._webhooks_in = webhooks_in

    def mount(self, app: web.Application) -> None:
        """Takes its path."""
        app.router.add_post(PATH, self.serve)

    async def serve(self, request: web.Request) -> web.Response:
        """200: do not send it again; 503: do. Whoever is not LiveKit learns nothing."""
        status, result = await self._answer(request)
        WEBHOOKS_IN.labels(result).inc()
        return web.Response(status=status)

    async def _answer(self, request: web.Request) -> tuple[HTTPStatus, str]:
        body = await _body(request)
        if body is None:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large"
        try:
            notice = self._webhooks.read(request.headers.get("Authorization", ""), body)
        except NotGenuineError as forged:
            log.warning("webhook_refused", peer=request.remote, cause=str(forged))
            return HTTPStatus.UNAUTHORIZED, "refused"
        except NotReadableError as error:
            log.warning("webhook_not_readable", cause=str(error))
            return HTTPStatus.BAD_REQUEST, "not_readable"
        taken = self._webhooks_in.take(notice)
        again = taken is Taken.FULL
        return HTTPStatus.SERVICE_UNAVAILABLE if again else HTTPStatus.OK, taken.value


async def _body(request: web.Request) -> bytes | None:
    """None where it is too large."""
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return None
    return bytes(body)
