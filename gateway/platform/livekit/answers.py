"""Answers read under a limit: whatever LiveKit, or something in its place, sends.

aiohttp reads bodies whole, however long they are. A connection whose answer is longer than it
may be is closed, and what was read of it is forgotten.
"""

import aiohttp

MAX_LIST_BYTES = 8 * 1024 * 1024
"""Of an answer that lists rooms or participants."""
MAX_ANSWER_BYTES = 1024 * 1024
"""Of any other success."""
MAX_ERROR_BYTES = 64 * 1024
"""Of an error's body; LiveKit's are a few hundred bytes, other things' are pages."""

UNPACKED = {"Accept-Encoding": "identity"}
"""What is packed could become a thousand times as long."""


class TooLongError(aiohttp.ClientPayloadError):
    """An answer that is not read to its end; nothing of it is known."""


class MeasuredResponse(aiohttp.ClientResponse):
    """A response whose body is read no further than its limit."""

    async def read(self) -> bytes:
        """The body. Raises TooLongError, with the connection closed."""
        if self._body is None:
            try:
                self._body = await self._measured()
            except BaseException:
                self.close()
                raise
        return await super().read()

    @property
    def limit(self) -> int:
        """How many bytes the body may have."""
        if self.status != 200:
            return MAX_ERROR_BYTES
        return MAX_LIST_BYTES if self.url.name.startswith("List") else MAX_ANSWER_BYTES

    async def _measured(self) -> bytes:
        if self.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise TooLongError("the answer is packed, which was not asked for")
        if (self.content_length or 0) > self.limit:
            raise self._too_long()
        body = bytearray()
        async for chunk in self.content.iter_any():
            body += chunk
            if len(body) > self.limit:
                body.clear()  # the error's traceback would keep it
                raise self._too_long()
        return bytes(body)

    def _too_long(self) -> TooLongError:
        return TooLongError(f"the answer is longer than {self.limit} bytes")
