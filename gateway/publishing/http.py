"""Checkpoints over HTTP: posted to a receiver, and to witnesses that sign them."""

from collections.abc import Sequence
from urllib.parse import urlsplit

import aiohttp

from gateway.audit.tree.notes import LONGEST_NOTE, base64_of
from gateway.domain.texts import cleaned, without_secrets
from gateway.ports.checkpoints import OutletError, WitnessBehindError

TIMEOUT = aiohttp.ClientTimeout(total=5.0)
OLD_SIZE = "text/x.tlog.size"
"""The type of a witness's answer that tells which tree it knows."""
_TEXT = {"Content-Type": "text/plain; charset=utf-8"}
_OK = range(200, 300)
_CONFLICT = 409
_MOST_DIGITS = 19


class Posting:
    """One address that texts are posted to. It belongs to one event loop."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: aiohttp.ClientSession | None = None

    @property
    def host(self) -> str:
        """The address without a path, which may hold a secret."""
        return urlsplit(self._url).hostname or ""

    async def post(self, body: str, path: str = "") -> tuple[int, str, str]:
        """The status, type and text of the answer. Raises OutletError."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=TIMEOUT)
        url = self._url.rstrip("/") + path
        try:
            async with self._session.post(
                url, data=body.encode(), headers=_TEXT, allow_redirects=False
            ) as reply:
                told = await reply.content.read(LONGEST_NOTE)
                while len(told) < LONGEST_NOTE and not reply.content.at_eof():
                    told += await reply.content.read(LONGEST_NOTE - len(told))
                return reply.status, reply.content_type, told.decode(errors="replace")
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as away:
            text = cleaned(without_secrets(str(away)) or type(away).__name__)
            raise OutletError(f"{self.host}: {text}") from None

    async def close(self) -> None:
        """Closes the connection."""
        if self._session is not None:
            await self._session.close()


class HttpOutlet:
    """`CheckpointOutlet`: posts each checkpoint as text."""

    def __init__(self, url: str) -> None:
        self._posting = Posting(url)
        self.name = self._posting.host

    async def publish(self, note: str) -> None:
        """See `CheckpointOutlet`."""
        status, _, _ = await self._posting.post(note)
        if status not in _OK:
            raise OutletError(f"{self.name} answered {status}")

    async def close(self) -> None:
        """Closes the connection."""
        await self._posting.close()


class HttpWitness:
    """`Witness` at the submission prefix of C2SP's tlog-witness."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self._posting = Posting(url)

    async def cosign(self, old: int, proof: Sequence[bytes], note: str) -> str:
        """See `Witness`."""
        hashes = "".join(f"{base64_of(each)}\n" for each in proof)
        body = f"old {old}\n{hashes}\n{note}"
        status, kind, told = await self._posting.post(body, "/add-checkpoint")
        size = told.strip()
        if status == _CONFLICT and kind == OLD_SIZE and _is_size(size):
            raise WitnessBehindError(int(size))
        if status not in _OK:
            raise OutletError(f"{self.name} answered {status}")
        return told

    async def close(self) -> None:
        """Closes the connection."""
        await self._posting.close()


def _is_size(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
