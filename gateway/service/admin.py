"""Keys, tokens, configuration and route explanations: what an operator does."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import jwt

from gateway.domain.audit_event import AuditEvent, AuditKind
from gateway.domain.commands import PlaceCall
from gateway.domain.ids import new_id
from gateway.domain.routing import RouteDecision, choose
from gateway.domain.tenant import Right
from gateway.errors import GatewayError, Reason, invalid_field
from gateway.ports import ApiKey, Clock, Store, StoredConfig, Transaction
from gateway.service.directory import Directory
from gateway.service.seal import Seal

MAX_TOKEN_LIFE = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key with its secret, which is shown this once."""

    key: ApiKey
    secret: str


class AdminService:
    """Works on the database; running gateways see its changes within a second."""

    def __init__(self, *, store: Store, clock: Clock, directory: Directory, seal: Seal) -> None:
        self._store = store
        self._clock = clock
        self._directory = directory
        self._seal = seal

    async def create_key(
        self, tenant_id: str, rights: frozenset[Right] = frozenset({Right.CALL})
    ) -> NewKey:
        """A new key of a configured tenant, or of no tenant for an operator."""
        if bool(tenant_id) == (Right.OPERATOR in rights):
            raise invalid_field("rights", "a key has either a tenant or the right OPERATOR")
        if tenant_id:
            self._directory.tenant(tenant_id)
        now = self._clock.now()
        key = f"GW{new_id('', now)[1:]}"
        secret = secrets.token_urlsafe(32)
        stored = ApiKey(
            key=key,
            tenant_id=tenant_id,
            rights=rights,
            sealed_secret=self._seal.close(secret, key),
            create_time=now,
        )

        def create(tx: Transaction) -> None:
            tx.put_key(stored)
            tx.append_audit(self._audit("keys create", tenant_id, key=key, rights=sorted(rights)))

        await self._store.transact(create)
        return NewKey(stored, secret)

    async def list_keys(self, tenant_id: str = "") -> Sequence[ApiKey]:
        """All keys, or one tenant's; revoked ones too."""
        keys = await self._store.read(lambda tx: tx.keys())
        return [key for key in keys if tenant_id in ("", key.tenant_id)]

    async def revoke_key(self, key: str) -> ApiKey:
        """Refuses the key from now on, for good. Revoking twice is no error."""
        now = self._clock.now()

        def revoke(tx: Transaction) -> ApiKey:
            stored = tx.keys()
            found = next((one for one in stored if one.key == key), None)
            if found is None:
                raise invalid_field("key", "there is no such key", key=key)
            if found.revoke_time is None:
                found = replace(found, revoke_time=now)
                tx.put_key(found)
                tx.append_audit(self._audit("keys revoke", found.tenant_id, key=key))
            return found

        return await self._store.transact(revoke)

    async def token(
        self, tenant_id: str, *, room: str = "", key: str = "", life: timedelta = timedelta(hours=6)
    ) -> str:
        """A token signed with the tenant's newest key (or `key`), for one room if given."""
        if not timedelta(0) < life <= MAX_TOKEN_LIFE:
            raise invalid_field("expires", f"must be above 0 and at most {MAX_TOKEN_LIFE}")
        usable = [
            k
            for k in await self.list_keys(tenant_id)
            if k.revoke_time is None and key in ("", k.key)
        ]
        if not usable or not tenant_id:
            raise GatewayError(
                Reason.UNAUTHENTICATED,
                f"tenant {tenant_id} has no such key: create one with 'gateway keys create'",
                {"tenant_id": tenant_id},
            )
        return self.sign(usable[-1], room=room, life=life)

    def sign(self, key: ApiKey, *, room: str = "", life: timedelta = timedelta(hours=6)) -> str:
        """A token that hands on all rights of the key."""
        now = int(self._clock.now().timestamp())
        claims = {
            "iss": key.key,
            "sub": key.tenant_id or "operator",
            "nbf": now,
            "exp": now + int(life.total_seconds()),
            "sip": {
                "call": Right.CALL in key.rights,
                "admin": bool(key.rights - {Right.CALL}),
            },
        }
        if room:
            claims["video"] = {"room": room, "roomAdmin": True}
        return jwt.encode(claims, self._seal.open(key.sealed_secret, key.key), algorithm="HS256")

    async def apply_config(self, document: str, source_digest: str) -> StoredConfig:
        """Stores a configuration that was checked as a whole; every gateway then follows it."""
        now = self._clock.now()

        def store(tx: Transaction) -> StoredConfig:
            stored = tx.put_config(document, source_digest, now)
            tx.append_audit(self._audit("apply", "", version=stored.version, sha256=source_digest))
            return stored

        stored = await self._store.transact(store)
        await self._directory.refresh()
        return stored

    async def current_config(self) -> StoredConfig | None:
        """The configuration in force, as stored."""
        return await self._store.read(lambda tx: tx.config())

    def explain_route(self, tenant_id: str, asked: PlaceCall) -> RouteDecision:
        """How a call of this tenant would go out now."""
        return choose(asked, self._directory.tenant(tenant_id), self._directory.config)

    def _audit(self, command: str, tenant_id: str, **request: object) -> AuditEvent:
        return AuditEvent(
            time=self._clock.now(),
            kind=AuditKind.DONE,
            tenant_id=tenant_id,
            actor="command line",
            method=command,
            request=request,
        )
