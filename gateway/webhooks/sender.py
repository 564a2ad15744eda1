"""One try: an event, signed, posted to a receiver."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp
import structlog

from gateway.domain.calls.delivery import Answer
from gateway.domain.calls.event import CallEvent
from gateway.domain.config.secret_refs import SecretError
from gateway.domain.tenant import Webhook
from gateway.domain.texts import cleaned, without_secrets
from gateway.ports import Clock
from gateway.ports.tracing import current_span
from gateway.webhooks.addresses import public_socket
from gateway.webhooks.names import Names
from gateway.webhooks.signature import sign

TIMEOUT = timedelta(seconds=15)
"""From looking up the receiver's name to its status."""
THREADS = 4
"""For looking up names, and as many for reading secrets; never the loop's own, where a hanging
name of one tenant would keep the whole gateway waiting. Neither has to wait for the other."""

log = structlog.get_logger()


class HttpSender:
    """Posts to public addresses by https, or with `private_addresses` anywhere.

    `body_of`: the event as JSON. `secret_of`: the secret a reference points at; it is asked
    for each try, so a secret may change at any time. It belongs to one event loop, and sends
    nothing more once it is closed.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        body_of: Callable[[CallEvent], bytes],
        secret_of: Callable[[str], str],
        private_addresses: bool = False,
        timeout: timedelta = TIMEOUT,
    ) -> None:
        self._clock = clock
        self._body_of = body_of
        self._secret_of = secret_of
        self._private_addresses = private_addresses
        self._timeout = aiohttp.ClientTimeout(total=timeout.total_seconds())
        self._lookups = ThreadPoolExecutor(THREADS, thread_name_prefix="webhook-names")
        self._readers = ThreadPoolExecutor(THREADS, thread_name_prefix="webhook-secrets")
        self._session: aiohttp.ClientSession | None = None

    async def send(self, webhook: Webhook, event: CallEvent) -> Answer:
        """See `ports.WebhookSender`."""
        if not self._private_addresses and not webhook.url.lower().startswith("https://"):
            return Answer(error="the URL must be https://")
        try:
            headers, body = await self._signed(webhook, event)
        except (SecretError, ValueError, OSError) as error:
            log.error(
                "webhook_not_signed",
                tenant_id=event.tenant_id,
                webhook_id=webhook.webhook_id,
                cause=str(error),
            )
            return Answer(error="the signing secret cannot be used")
        try:
            return await self._post(webhook.url, headers, body)
        except TimeoutError:
            return Answer(error=f"no answer within {self._timeout.total:g} s")
        except aiohttp.ClientConnectorError as error:
            return Answer(error=cleaned(f"cannot connect: {error.os_error}"))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            cause = without_secrets(str(error))  # some name the whole URL
            return Answer(error=cleaned(f"{type(error).__name__}: {cause}"))

    async def close(self) -> None:
        """See `ports.WebhookSender`."""
        if self._session is not None:
            await self._session.close()
            self._session = None
        for threads in (self._lookups, self._readers):
            threads.shutdown(wait=False, cancel_futures=True)

    async def _signed(self, webhook: Webhook, event: CallEvent) -> tuple[dict[str, str], bytes]:
        loop, place = asyncio.get_running_loop(), webhook.secret_from
        # It may be in a file, and a file's disk may hang.
        async with asyncio.timeout(self._timeout.total):
            secrets = await loop.run_in_executor(self._readers, self._secret_of, place)
        body, timestamp = self._body_of(event), int(self._clock.now().timestamp())
        headers = {
            "content-type": "application/json",
            "user-agent": "call-gateway",
            "webhook-id": event.event_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(secrets, event.event_id, timestamp, body),
        }
        if trace := current_span.get().context:
            headers["traceparent"] = trace.traceparent
        return headers, body

    async def _post(self, url: str, headers: dict[str, str], body: bytes) -> Answer:
        """The status; what comes behind it is not read."""
        async with self._open().post(
            url, data=body, headers=headers, allow_redirects=False
        ) as response:
            error = "" if 200 <= response.status < 300 else f"answered {response.status}"
            return Answer(
                response.status,
                error,
                retry_after(response.headers.get("Retry-After"), self._clock.now()),
            )

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            guard = None if self._private_addresses else public_socket
            self._session = aiohttp.ClientSession(
                # How many go side by side is not decided here.
                connector=aiohttp.TCPConnector(
                    limit=0, socket_factory=guard, resolver=Names(self._lookups)
                ),
                timeout=self._timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._session


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """What `Retry-After` says, in seconds or as a date; None where it says nothing sensible."""
    if not value:
        return None
    try:
        if value.isascii() and value.isdigit():
            return timedelta(seconds=int(value))
        return max(parsedate_to_datetime(value).replace(tzinfo=UTC) - now, timedelta(0))
    except (ValueError, OverflowError):
        return None
