"""The connections to LiveKit: one pool, and a new one when the certificates have changed."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from types import SimpleNamespace
from urllib.parse import urlsplit

import aiohttp
from livekit.api.twirp_client import TwirpClient

from gateway.domain.texts import cleaned
from gateway.platform.livekit.answers import UNPACKED, MeasuredResponse
from gateway.tls.certificates import Certificates
from gateway.tls.material import Material

LEAVES_WITHIN_SECONDS = 1.5
"""From when a dial was allowed until it is on its way; then another gateway may hold the call."""

_allowed: ContextVar[float | None] = ContextVar("allowed", default=None)
"""When, by the loop's clock; None: a request may leave at any time."""


@contextmanager
def leaving_at_once() -> Iterator[None]:
    """What is requested within leaves at once, or ConnectionTimeoutError is raised.

    A process that was frozen goes on where it stood, and knows nothing of what was decided since.
    """
    token = _allowed.set(asyncio.get_running_loop().time())
    try:
        yield
    finally:
        _allowed.reset(token)


def refuse_late() -> None:
    """For the moment before a request leaves. Raises ConnectionTimeoutError."""
    allowed = _allowed.get()
    if allowed is not None:
        late = asyncio.get_running_loop().time() - allowed
        if late > LEAVES_WITHIN_SECONDS:
            raise aiohttp.ConnectionTimeoutError(f"it would have been sent {late:.1f} s late")


class _Pool:
    """One session, open until the last request on it is answered."""

    def __init__(self, url: str, material: Material | None) -> None:
        self.material = material
        self.retired = False
        self.uses = 0
        context = material.client_context if material else True
        # A ValueError for what is no URL, before there is a session that would stay open.
        urlsplit(url)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=context),
            timeout=aiohttp.ClientTimeout(total=None),
            response_class=MeasuredResponse,
            headers=UNPACKED,
            auto_decompress=False,
            trace_configs=[_no_redirects(), _in_time()],
        )
        # Failover would send a dial again to another region: the phone would ring twice.
        self.client = TwirpClient(self._session, url, "livekit", failover=False)

    async def close(self) -> None:
        await self._session.close()


class LiveKitConnections:
    """Needs no running loop to be made. `certificates`: None: those of the machine count."""

    def __init__(self, url: str, certificates: Certificates | None = None) -> None:
        self._url = url
        self._certificates = certificates
        self._pool: _Pool | None = None

    @asynccontextmanager
    async def client(self) -> AsyncIterator[TwirpClient]:
        """For one request. Raises aiohttp.InvalidURL; nothing was sent then."""
        pool = await self._current()
        pool.uses += 1
        try:
            yield pool.client
        finally:
            pool.uses -= 1
            if pool.retired and not pool.uses:
                await pool.close()

    async def close(self) -> None:
        """Closes the connections."""
        if self._pool is not None:
            await self._pool.close()

    async def _current(self) -> _Pool:
        material = self._certificates.material if self._certificates else None
        old = self._pool
        if old is not None and old.material is material:
            return old
        try:
            self._pool = _Pool(self._url, material)
        except ValueError as wrong:  # nothing was sent, as with any URL that aiohttp refuses
            raise aiohttp.InvalidURL(self._url, str(wrong)) from wrong
        if old is not None:
            old.retired = True
            if not old.uses:
                await old.close()
        return self._pool


def _no_redirects() -> aiohttp.TraceConfig:
    """A redirect would be a second request; LiveKit's address has to be its own."""
    config = aiohttp.TraceConfig()
    config.on_request_redirect.append(_refuse_redirect)
    return config


def _in_time() -> aiohttp.TraceConfig:
    config = aiohttp.TraceConfig()
    config.on_request_headers_sent.append(_before_it_leaves)
    return config


async def _before_it_leaves(
    _session: aiohttp.ClientSession,
    _context: SimpleNamespace,
    _headers: aiohttp.TraceRequestHeadersSentParams,
) -> None:
    refuse_late()


async def _refuse_redirect(
    _session: aiohttp.ClientSession,
    _context: SimpleNamespace,
    redirect: aiohttp.TraceRequestRedirectParams,
) -> None:
    redirect.response.release()
    target = cleaned(redirect.response.headers.get("Location", "elsewhere"))
    raise aiohttp.ClientError(f"LiveKit's address redirects to {target}: is it the right one?")
