"""`POST /livekit/webhook`: LiveKit's notices, answered before they are handled."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

import structlog
from aiohttp import web

from gateway.domain.calls.inbound import Notice
from gateway.metrics import NOTICES
from gateway.ports import NotGenuineError, NotInTimeError, NotReadableError, SignedNotices
from gateway.service.arrivals.notices import Notices, Receipt
from gateway.wire.bodies import NoPlaceError
from gateway.wire.intake import Intake
from gateway.wire.peers import origin_of, peer_of
from gateway.wire.receiving import TooLargeError, expected, received

PATH = "/livekit/webhook"
MAX_BODY_BYTES = 2 * 1024 * 1024
"""LiveKit allows 512 KiB of metadata of the room, and as much of the participant."""
LONG_BYTES = 64 * 1024
"""A longer body is decoded in another thread, so that no other request waits for it."""

log = structlog.get_logger()

Answer = tuple[HTTPStatus, str]
TOO_LARGE: Answer = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large")


class _RefusedError(Exception):
    """A request that is not accepted, with its answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer[1])
        self.answer = answer


class NoticeDoor:
    """Verifies that each request is LiveKit's and passes its content on.

    The signature is checked from the headers, before any of the body is read. `refused` is told
    the peer of each that is not accepted, a word for why, and why.
    """

    def __init__(
        self,
        signed: SignedNotices,
        notices: Notices,
        intake: Intake,
        refused: Callable[[str, str, str], None],
    ) -> None:
        self._refused = refused
        self._signed = signed
        self._notices = notices
        self._intake = intake

    def mount(self, app: web.Application) -> None:
        """Takes its path."""
        app.router.add_route("POST", PATH, self.serve, expect_handler=expected)

    async def serve(self, request: web.Request) -> web.Response:
        """200: do not send it again; 503: do. Anyone other than LiveKit learns nothing."""
        try:
            status, result = await self._answer(request)
        except _RefusedError as refused:
            status, result = refused.answer
        NOTICES.labels(result).inc()
        return web.Response(status=status)

    async def _answer(self, request: web.Request) -> Answer:
        peer = self._peer(request)
        try:
            digest = self._signed.signed(request.headers.get("Authorization", ""))
            notice = await self._read(digest, await self._body(request, peer))
        except NotGenuineError as forged:
            if isinstance(forged, NotInTimeError):
                self._notices.missed()
            log.warning("webhook_refused", peer=peer, cause=str(forged))
            self._refused(peer, "UNAUTHENTICATED", str(forged))
            return HTTPStatus.UNAUTHORIZED, "refused"
        except NotReadableError as error:
            log.warning("webhook_not_readable", cause=str(error))
            self._refused(peer, "MALFORMED", str(error))
            return HTTPStatus.BAD_REQUEST, "not_readable"
        taken = self._notices.take(notice)
        again = taken is Receipt.FULL
        return HTTPStatus.SERVICE_UNAVAILABLE if again else HTTPStatus.OK, taken.value

    def _peer(self, request: web.Request) -> str:
        name = request.transport.get_extra_info("peername") if request.transport else None
        return self._intake.peers.real_peer(peer_of(name), request.headers.items())

    async def _body(self, request: web.Request, peer: str) -> bytes:
        """The body, if it is short enough and arrives in time."""
        size = request.content_length
        if (size or 0) > MAX_BODY_BYTES:
            raise _RefusedError(TOO_LARGE)
        try:
            async with self._intake.bodies.place(origin_of(peer), size):
                return await received(
                    request, MAX_BODY_BYTES, self._intake.patience.total_seconds()
                )
        except TooLargeError:
            raise _RefusedError(TOO_LARGE) from None
        except NoPlaceError:
            raise _RefusedError((HTTPStatus.SERVICE_UNAVAILABLE, Receipt.FULL.value)) from None
        except TimeoutError:
            raise _RefusedError((HTTPStatus.REQUEST_TIMEOUT, "too_slow")) from None
        except web.RequestPayloadError as broken:
            raise NotReadableError("the body broke off") from broken

    async def _read(self, digest: bytes, body: bytes) -> Notice:
        if len(body) > LONG_BYTES:
            return await asyncio.to_thread(self._signed.read, digest, body)
        return self._signed.read(digest, body)
