"""Tokens of other issuers, on every wire."""

import asyncio
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import jwt
import pytest
import pytest_asyncio
from jwt.utils import base64url_encode

from gateway.service.access import key_sets
from gateway.telephony.v1 import calls_pb2
from tests.stands.patience import PATIENCE
from tests.stands.phones import BUSY
from tests.stands.stand import NO_LIMITS, Client, Stand, configuration
from tests.stands.tls.authority import Authority
from tests.stands.tls.issuer import AUDIENCE, Issuer
from tests.stands.waiting import eventually, until
from tests.stands.wires import GrpcWire, RefusedError, TwirpWire, Wire


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest_asyncio.fixture
async def issuer(authority: Authority, tmp_path: Path) -> AsyncIterator[Issuer]:
    """With a key of each kind."""
    made = Issuer()
    for kind in ("RS256", "ES256", "EdDSA", "weak"):
        made.make(kind, kind)
    async with made.serve(authority, tmp_path) as issuer:
        yield issuer


def configured(issuer: Issuer) -> dict[str, Any]:
    found = configuration("ST_x")
    found["tenants"][1] |= {"limits": NO_LIMITS}
    found["token_issuers"] = [
        {
            "issuer": issuer.url,
            "audiences": [AUDIENCE, "another"],
            "grants": [
                {"claims": {"team": "acme"}, "tenant_id": "acme"},
                {"claims": {"realm_access.roles": "dialer"}, "tenant_id": "globex"},
                {"claims": {"https://example.org/x.y": "ops"}, "rights": ["RIGHT_OPERATOR"]},
            ],
        }
    ]
    return found


class Asking:
    """A running gateway, and three wires to it."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        grpc, http = stand.gateway.grpc_port, stand.gateway.http_port
        self._wires: list[Wire] = [
            GrpcWire(grpc),
            TwirpWire(http, json=False),
            TwirpWire(http, json=True),
        ]

    async def every(self, token: str) -> set[str]:
        """What every wire says to this token: OK, or the reason."""
        return set(await asyncio.gather(*(self._one(wire, token) for wire in self._wires)))

    async def _one(self, wire: Wire, token: str) -> str:
        try:
            asked = calls_pb2.ListTrunksRequest()
            await wire.call("ListTrunks", asked, token=token, timeout=PATIENCE)
        except RefusedError as error:
            return error.reason
        return "OK"

    async def close(self) -> None:
        for wire in self._wires:
            await wire.close()


@asynccontextmanager
async def asking(issuer: Issuer, authority: Authority, folder: Path) -> AsyncIterator[Asking]:
    (folder / "ca.pem").write_bytes(authority.pem)
    settings = {"GATEWAY_ISSUER_CA": str(folder / "ca.pem")}
    stand = Stand("grpc", f"sqlite:///{folder}/gateway.db", None, folder, **settings)
    await stand.apply(configured(issuer))
    await stand.gateway.start()
    made = Asking(stand)
    try:
        yield made
    finally:
        await made.close()
        await stand.stop()


def forged(issuer: Issuer) -> str:
    """HS256 with the public key as the secret: what `alg` confusion is."""
    claims = {"iss": issuer.url, "aud": AUDIENCE, "exp": time.time() + 60, "team": "acme"}
    content = f"{part(alg='HS256', kid='RS256')}.{part(**claims)}"
    proof = hmac.new(issuer.public("RS256").encode(), content.encode(), "sha256").digest()
    return f"{content}.{base64url_encode(proof).decode()}"


def unsigned(issuer: Issuer) -> str:
    """A token that says of itself that it needs no signature."""
    return f"{part(alg='none', kid='RS256')}.{issuer.sign('RS256').split('.')[1]}."


def part(**values: Any) -> str:
    return base64url_encode(json.dumps(values).encode()).decode()


async def test_a_token_says_who_is_calling(
    issuer: Issuer, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each row is told the same on every wire."""
    stranger = Issuer()
    other_key = stranger.make("RS256")
    roles: dict[str, Any] = {"team": None, "realm_access": {"roles": ["x", "dialer"]}}
    monkeypatch.setattr(key_sets, "UNKNOWN_SECONDS", PATIENCE)
    async with asking(issuer, authority, tmp_path) as gateway:
        api_key = (await gateway.stand.client("acme")).token
        key = jwt.decode(api_key, options={"verify_signature": False})["iss"]
        now = time.time()
        rows = {
            "RS256": (issuer.sign("RS256"), "OK"),
            "ES256": (issuer.sign("ES256", "ES256"), "OK"),
            "EdDSA": (issuer.sign("EdDSA", "EdDSA"), "OK"),
            "an API key's": (api_key, "OK"),
            "a role": (issuer.sign("RS256", **roles), "OK"),
            "several audiences": (issuer.sign("RS256", aud=["x", "another"]), "OK"),
            "an operator": (
                issuer.sign("RS256", team=None, **{"https://example.org/x.y": "ops"}),
                "PERMISSION_DENIED",
            ),
            "no grant": (issuer.sign("RS256", team="x"), "UNAUTHENTICATED"),
            "a claim of another kind": (issuer.sign("RS256", team=["ac", 1]), "UNAUTHENTICATED"),
            "another audience": (issuer.sign("RS256", aud="x"), "UNAUTHENTICATED"),
            "no audience": (issuer.sign("RS256", aud=None), "UNAUTHENTICATED"),
            "expired": (issuer.sign("RS256", exp=now - 3600), "UNAUTHENTICATED"),
            "no end": (issuer.sign("RS256", exp=None), "UNAUTHENTICATED"),
            "not yet": (issuer.sign("RS256", nbf=now + 3600), "UNAUTHENTICATED"),
            "for too long": (issuer.sign("RS256", exp=now + 10**6), "UNAUTHENTICATED"),
            "another issuer": (issuer.sign("RS256", iss=f"{issuer.url}/"), "UNAUTHENTICATED"),
            "another's key": (issuer.sign("RS256", key=other_key), "UNAUTHENTICATED"),
            "a weak key": (issuer.sign("weak"), "UNAUTHENTICATED"),
            "another hash": (issuer.sign("RS256", "RS512"), "UNAUTHENTICATED"),
            "padding of another kind": (issuer.sign("RS256", "PS256"), "UNAUTHENTICATED"),
            "alg confusion": (forged(issuer), "UNAUTHENTICATED"),
            "alg none": (unsigned(issuer), "UNAUTHENTICATED"),
            "its key for an API key": (issuer.sign("RS256", iss=key), "UNAUTHENTICATED"),
        }
        for name, (token, told) in rows.items():
            assert (name, await gateway.every(token)) == (name, {told})
        assert issuer.asked == 1


async def test_keys_rotate_and_are_revoked(
    issuer: Issuer, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new key is fetched when a token names it; one that is not listed any more is refused."""
    monkeypatch.setattr(key_sets, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(key_sets, "UNKNOWN_SECONDS", 0.0)
    async with asking(issuer, authority, tmp_path) as gateway:
        assert await gateway.every(issuer.sign("RS256")) == {"OK"}
        old = issuer.sign("RS256", jti="a second one")
        issuer.make("new")
        issuer.drop("RS256")
        assert await gateway.every(issuer.sign("new")) == {"OK"}
        assert await gateway.every(old) == {"UNAUTHENTICATED"}


async def test_a_watch_ends_with_the_key_that_opened_it(
    issuer: Issuer, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the issuer no longer shows the key, although the token has not expired."""
    monkeypatch.setattr(key_sets, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(key_sets, "UNKNOWN_SECONDS", 0.0)
    async with asking(issuer, authority, tmp_path) as gateway:
        issuer.make("stays")
        kept, withdrawn = issuer.sign("stays"), issuer.sign("RS256")
        assert await gateway.every(kept) == {"OK"}
        wire = gateway.stand.grpc()
        watching = wire.watch(calls_pb2.WatchCallsRequest(after_sequence=0), token=withdrawn)
        placing = Client(wire, kept)
        await placing.place(BUSY)
        while (await anext(watching)).WhichOneof("message") != "event":
            pass
        issuer.drop("RS256")
        issuer.make("new")
        assert await gateway.every(issuer.sign("new")) == {"OK"}
        await placing.place(BUSY)
        with pytest.raises(RefusedError, match="UNAUTHENTICATED"):
            async for _ in watching:
                pass
        await watching.aclose()


async def test_a_flood_of_unknown_keys_fetches_once(
    issuer: Issuer, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever strangers name, the issuer is asked again only after a pause."""
    monkeypatch.setattr(key_sets, "UNKNOWN_SECONDS", PATIENCE)
    async with asking(issuer, authority, tmp_path) as gateway:
        assert await gateway.every(issuer.sign("RS256")) == {"OK"}
        for count in range(20):
            issuer.make(f"key {count}", "ES256", shown=False)
            token = issuer.sign(f"key {count}", "ES256")
            assert await gateway.every(token) == {"UNAUTHENTICATED"}
        assert issuer.asked == 1


async def test_an_issuer_that_is_away(
    issuer: Issuer, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without keys it is not known who is calling; known ones count while it is away."""
    monkeypatch.setattr(key_sets, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(key_sets, "UNKNOWN_SECONDS", 0.0)
    issuer.away = True
    async with asking(issuer, authority, tmp_path) as gateway:
        token = issuer.sign("RS256")
        assert await gateway.every(token) == {"ISSUER_UNAVAILABLE"}
        assert await gateway.every((await gateway.stand.client("acme")).token) == {"OK"}
        issuer.away = False

        async def back() -> bool:
            return await gateway.every(token) == {"OK"}

        await eventually(back, within=PATIENCE)
        issuer.away = True
        before = issuer.asked
        assert await gateway.every(issuer.sign("unknown", key=issuer.make("x"))) == {
            "UNAUTHENTICATED"
        }
        await until(lambda: issuer.asked > before)
        assert await gateway.every(issuer.sign("RS256", jti="not seen before")) == {"OK"}


async def test_an_issuer_with_a_wrong_certificate(issuer: Issuer, tmp_path: Path) -> None:
    """Keys are taken only from whom the authority knows."""
    async with asking(issuer, Authority("another"), tmp_path) as gateway:
        assert await gateway.every(issuer.sign("RS256")) == {"ISSUER_UNAVAILABLE"}
        assert issuer.asked == 0


async def test_who_is_no_longer_granted_is_nobody(
    issuer: Issuer, authority: Authority, tmp_path: Path
) -> None:
    """A changed configuration counts for tokens that were verified before."""
    async with asking(issuer, authority, tmp_path) as gateway:
        token = issuer.sign("RS256")
        assert await gateway.every(token) == {"OK"}
        changed = configured(issuer)
        changed["token_issuers"][0]["grants"][0]["claims"] = {"team": "another"}
        await gateway.stand.apply(changed)
        await gateway.stand.gateway.administration.directory.refresh()
        assert await gateway.every(token) == {"UNAUTHENTICATED"}
