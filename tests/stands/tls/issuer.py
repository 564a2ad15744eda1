"""An issuer of tokens (OpenID Connect) with an HTTPS server of its own."""

from __future__ import annotations

import json
import ssl
import time
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from tests.stands.tls.authority import Authority

AUDIENCE = "call-gateway"
KEYS: dict[str, Any] = {
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
    "weak": lambda: rsa.generate_private_key(65537, 1024),  # noqa: S505  # to be refused
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}
WRITERS: dict[str, Any] = {"RS256": RSAAlgorithm, "weak": RSAAlgorithm, "ES256": ECAlgorithm}


class Issuer:
    """Signs tokens, and shows its public keys as long as it is not `away`."""

    def __init__(self) -> None:
        self.url = ""
        self.away = False
        self.asked = 0
        """How often its keys were asked for."""
        self._keys: dict[str, Any] = {}
        self._shown: dict[str, dict[str, Any]] = {}

    def make(self, kid: str, kind: str = "RS256", *, shown: bool = True) -> Any:
        """A new key of this id; the private one."""
        key = self._keys[kid] = KEYS[kind]()
        writer = WRITERS.get(kind, OKPAlgorithm)
        found = writer.to_jwk(key.public_key(), as_dict=True)
        if shown:
            self._shown[kid] = {**found, "kid": kid, "use": "sig"}
        return key

    def drop(self, kid: str) -> None:
        """Shows it no more."""
        del self._shown[kid]

    def public(self, kid: str) -> str:
        """What is shown of a key."""
        return json.dumps(self._shown[kid])

    def sign(self, kid: str, algorithm: str = "RS256", *, key: Any = None, **claims: Any) -> str:
        """A token that is valid unless `claims` say otherwise; None: without that claim."""
        now = time.time()
        told = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "somebody",
            "exp": now + 600,
            "team": "acme",
            **claims,
        }
        content = {name: value for name, value in told.items() if value is not None}
        signer = self._keys[kid] if key is None else key
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", jwt.warnings.InsecureKeyLengthWarning)
            return jwt.encode(content, signer, algorithm, headers={"kid": kid})

    @asynccontextmanager
    async def serve(self, authority: Authority, folder: Path) -> AsyncIterator[Issuer]:
        """Serves with a certificate of this authority."""
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._discovery)
        app.router.add_get("/keys", self._jwks)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*authority.server().write(folder, "issuer"))
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        self.url = f"https://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _discovery(self, _request: web.Request) -> web.Response:
        return web.json_response({"issuer": self.url, "jwks_uri": f"{self.url}/keys"})

    async def _jwks(self, _request: web.Request) -> web.Response:
        self.asked += 1
        if self.away:
            return web.Response(status=503)
        return web.json_response({"keys": list(self._shown.values())})
