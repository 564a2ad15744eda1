"""The keys of a token issuer (JWKS), over HTTPS."""

import json
from collections.abc import Mapping
from typing import Any

import aiohttp

from gateway.domain.tenant import TokenIssuer
from gateway.domain.texts import cleaned, without_secrets
from gateway.service.access.key_sets import FetchError
from gateway.tls.certificates import Certificates

DISCOVERY = "/.well-known/openid-configuration"
TIMEOUT = aiohttp.ClientTimeout(total=5.0)
MAX_BYTES = 512 * 1024


class HttpKeys:
    """Fetches keys. `certificates`: None: the machine's authorities count.

    Redirects are refused: the keys of an issuer are at its own address.
    """

    def __init__(self, certificates: Certificates | None = None) -> None:
        self._certificates = certificates
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, issuer: TokenIssuer) -> Mapping[str, Any]:
        """See `FetchKeys`."""
        url = issuer.jwks_url or await self._discovered(issuer.issuer)
        return await self._json(url)

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()

    async def _discovered(self, issuer: str) -> str:
        found = await self._json(issuer.rstrip("/") + DISCOVERY)
        url = found.get("jwks_uri")
        if found.get("issuer") != issuer:
            raise FetchError(f"{DISCOVERY} is of another issuer")
        if not isinstance(url, str) or not url.startswith("https://"):
            raise FetchError(f"{DISCOVERY} names no jwks_uri with https://")
        return url

    async def _json(self, url: str) -> Mapping[str, Any]:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=TIMEOUT)
        context = self._certificates.material.client_context if self._certificates else True
        try:
            async with self._session.get(url, ssl=context, allow_redirects=False) as reply:
                if reply.status != 200:
                    raise FetchError(f"{url}: {reply.status}")
                body = await reply.content.read(MAX_BYTES + 1)
                while len(body) <= MAX_BYTES and not reply.content.at_eof():
                    body += await reply.content.read(MAX_BYTES + 1)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as away:
            text = cleaned(without_secrets(str(away)) or type(away).__name__)
            raise FetchError(f"{url}: {text}") from None
        return _parsed(url, body)


def _parsed(url: str, body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body) if len(body) <= MAX_BYTES else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise FetchError(f"{url}: no JSON object of at most {MAX_BYTES} bytes")
    return found
