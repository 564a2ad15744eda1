"""The public keys of token issuers: fetched in the background, and kept while they are away.

No request can make the gateway fetch more than one set of an issuer every few seconds.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from gateway.domain.tenant import TokenIssuer
from gateway.domain.texts import cleaned
from gateway.errors import GatewayError, Reason
from gateway.ports import Clock
from gateway.service.access.directory import Directory

REFRESH_SECONDS = 300.0
"""How often the keys are fetched."""
UNKNOWN_SECONDS = 2.0
"""How soon at the earliest they are fetched again because a token names another key."""
PAUSE_SECONDS = 10.0
"""The same while they cannot be fetched."""
KEEP_SECONDS = 24 * 3600.0
"""How long keys count while newer ones cannot be fetched."""
MOST_WAITING = 256
"""Requests that wait for the keys of one issuer; further ones are refused at once."""
MAX_KEYS = 100
"""Of one issuer."""
LEAST_RSA_BITS = 2048
RETRY = timedelta(seconds=1)
ALGORITHMS = ("RS256", "ES256", "EdDSA")

FetchKeys = Callable[[TokenIssuer], Awaitable[Mapping[str, Any]]]
"""The issuer's JWKS. Raises FetchError."""

log = structlog.get_logger()


class FetchError(Exception):
    """The keys could not be fetched; the text says why."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key with the one algorithm that it may be used with, whatever a token says."""

    kid: str
    algorithm: str
    key: Any = field(repr=False, compare=False)
    digest: str
    """What the set says of it; differs if the key does."""


@dataclass(slots=True)
class _Set:
    """What is known of one issuer; times by `Clock.elapsed`."""

    issuer: TokenIssuer
    keys: Mapping[str, PublicKey] = field(default_factory=dict)
    fetched: float | None = None
    tried: float | None = None
    fetching: asyncio.Task[None] | None = None
    waiting: int = 0


class KeySets:
    """The keys of all issuers in the configuration."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._fetch: FetchKeys | None = None
        self._sets: dict[str, _Set] = {}

    def fetch_with(self, fetch: FetchKeys) -> None:
        """Says how; until then there are none."""
        self._fetch = fetch

    async def keep(self) -> None:
        """Fetches what is due. To be called every second."""
        now = self._clock.elapsed()
        issuers = {each.issuer: each for each in self._directory.config.token_issuers}
        for name in self._sets.keys() - issuers.keys():
            del self._sets[name]
        for issuer in issuers.values():
            held = self._held(issuer)
            pause = REFRESH_SECONDS if held.tried == held.fetched else PAUSE_SECONDS
            if held.tried is None or now - held.tried >= pause:
                self._begin(held)

    async def key(self, issuer: TokenIssuer, kid: str) -> PublicKey | None:
        """The issuer's key of this id, or its only one if `kid` is empty; None: it has none.

        A new key may have come since the last time, so an unknown one is looked for once more.
        Raises ISSUER_UNAVAILABLE if no keys are known.
        """
        held = self._held(issuer)
        found = _chosen(held.keys, kid) if self._is_fresh(held) else None
        if found is None and await self._again(held):
            found = _chosen(held.keys, kid)
        if not self._is_fresh(held):
            raise GatewayError(
                Reason.ISSUER_UNAVAILABLE,
                f"the keys of {issuer.issuer} cannot be fetched",
                {"issuer": issuer.issuer},
                retry_after=RETRY,
            )
        return found

    def has(self, issuer: TokenIssuer, key: PublicKey) -> bool:
        """Whether the issuer still has the key that a token was verified with."""
        held = self._sets.get(issuer.issuer)
        return (
            held is not None
            and held.issuer == issuer
            and self._is_fresh(held)
            and held.keys.get(key.kid) == key
        )

    def tells(self, issuer: TokenIssuer, digest: str) -> bool:
        """Whether one of the issuer's keys is told as this."""
        held = self._sets.get(issuer.issuer)
        if held is None or not self._is_fresh(held):
            return False
        return any(each.digest == digest for each in held.keys.values())

    def _held(self, issuer: TokenIssuer) -> _Set:
        held = self._sets.get(issuer.issuer)
        if held is None or held.issuer.jwks_url != issuer.jwks_url:
            held = self._sets[issuer.issuer] = _Set(issuer)
        held.issuer = issuer
        return held

    def _is_fresh(self, held: _Set) -> bool:
        return held.fetched is not None and self._clock.elapsed() - held.fetched < KEEP_SECONDS

    async def _again(self, held: _Set) -> bool:
        """Waits for newer keys, if any can be had now."""
        now = self._clock.elapsed()
        pause = UNKNOWN_SECONDS if held.tried == held.fetched else PAUSE_SECONDS
        if held.fetching is None and (held.tried is None or now - held.tried >= pause):
            self._begin(held)
        if held.fetching is None or held.waiting >= MOST_WAITING:
            return False
        held.waiting += 1
        try:
            await asyncio.wait([held.fetching])
        finally:
            held.waiting -= 1
        return True

    def _begin(self, held: _Set) -> None:
        if self._fetch is None or held.fetching is not None:
            return
        held.tried = self._clock.elapsed()
        held.fetching = asyncio.create_task(self._take(held, self._fetch))

    async def _take(self, held: _Set, fetch: FetchKeys) -> None:
        try:
            found = _usable(await fetch(held.issuer))
        except FetchError as away:
            log.warning("issuer_away", issuer=held.issuer.issuer, cause=str(away))
        else:
            held.keys, held.fetched = found, held.tried
        finally:
            held.fetching = None


def _chosen(keys: Mapping[str, PublicKey], kid: str) -> PublicKey | None:
    if not kid and len(keys) == 1:
        return next(iter(keys.values()))
    return keys.get(kid)


def _usable(document: Mapping[str, Any]) -> Mapping[str, PublicKey]:
    """Those for signatures that we know, by their ids; secret ones never."""
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise FetchError("what was found there is no JWKS")
    found = (_usable_key(each) for each in listed[:MAX_KEYS])
    usable = {each.kid: each for each in found if each is not None}
    if not usable:
        raise FetchError(f"no key there is for {', '.join(ALGORITHMS)}")
    return usable


def _usable_key(told: Any) -> PublicKey | None:
    if not isinstance(told, dict) or told.get("use", "sig") != "sig":
        return None
    try:
        key = jwt.PyJWK(told)
    except (jwt.PyJWTError, KeyError, NotImplementedError, TypeError, ValueError) as wrong:
        log.warning("issuer_key_not_read", cause=cleaned(type(wrong).__name__))
        return None
    if key.algorithm_name not in ALGORITHMS:
        return None
    if isinstance(key.key, RSAPublicKey) and key.key.key_size < LEAST_RSA_BITS:
        return None
    digest = ",".join(f"{name}={told[name]}" for name in sorted(told))
    return PublicKey(str(told.get("kid") or ""), key.algorithm_name, key, digest)
