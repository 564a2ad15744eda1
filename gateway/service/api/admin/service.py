"""What an operator does: keys, tokens, configuration, trunk health and route explanations."""

import asyncio
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import jwt

from gateway.audit.redaction import Redact, keep
from gateway.domain.admin import key_rules
from gateway.domain.admin.requests import MAX_REPLAYED, Applied, ApplyConfig, Proposal
from gateway.domain.calls.requests import PlaceCall
from gateway.domain.config import secret_refs
from gateway.domain.config.diff import ConfigChange, changes
from gateway.domain.config.warnings import warnings
from gateway.domain.cutting import cut
from gateway.domain.fields import printable
from gateway.domain.ids import new_id
from gateway.domain.route_decision import RouteDecision
from gateway.domain.routing.network import Network
from gateway.domain.routing.ranking import rank
from gateway.domain.routing.trunk_health import TrunkHealth
from gateway.domain.rpc import Rpc
from gateway.domain.tenant import Config, Right, Trunk
from gateway.domain.timeouts import seconds
from gateway.domain.together import Together, passed
from gateway.errors import GatewayError, Reason, invalid_field
from gateway.ports import ApiKey, Clock, Store, StoredConfig, Transaction
from gateway.service.access.directory import Directory
from gateway.service.access.identity import MAX_LIFE
from gateway.service.access.seal import Seal
from gateway.service.api.admin.do_not_call import numbers_judged
from gateway.service.api.admin.recording import Recording
from gateway.service.api.admin.replay import newest_calls, reroutes
from gateway.service.following.platforms import uses_trunk
from gateway.service.ledger.admission import Admission
from gateway.service.ledger.trunk_watch import TrunkWatch

TOKEN_LIFE = timedelta(hours=6)
MAX_CHANGES_RECORDED = 100
MAX_CHANGE_BYTES = 256
"""Of what was there, and of what is there now."""
MAX_MISPLACED_TOLD = 8


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key with its secret, which is shown only once."""

    key: ApiKey
    secret: str = field(repr=False)


class AdminService:
    """Works on the database; running gateways see its changes within a second.

    `live`: whether gateways on this database have a platform that rings phones.
    `by` is the request that a change answers; None: the command line. Changes are recorded for
    audit in the transaction that makes them.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        directory: Directory,
        seal: Seal,
        live: bool = True,
        redact: Redact = keep,
        max_token_life: timedelta = MAX_LIFE,
        secret_directories: Sequence[str] = (),
    ) -> None:
        self._store = store
        self._clock = clock
        self._directory = directory
        self._seal = seal
        self._live = live
        self._recording = Recording(clock, redact)
        self._max_token_life = max_token_life
        self._secret_directories = secret_directories
        self._watch = TrunkWatch(directory.trunk)
        self._admission = Admission(directory.trunk, self._watch, numbers_judged(seal))

    def now(self) -> datetime:
        """The time by which keys expire."""
        return self._clock.now()

    async def create_key(
        self,
        tenant_id: str,
        rights: frozenset[Right] = frozenset({Right.CALL}),
        *,
        expire_time: datetime | None = None,
        allowed_addresses: Sequence[str] = (),
        by: Rpc | None = None,
    ) -> NewKey:
        """A new key of a configured tenant, or of no tenant for an operator.

        Raises INVALID_FIELD, or TENANT_LIMIT if there are too many.
        """
        now = self._clock.now()
        with Together() as check:
            check(key_rules.owner, tenant_id, rights)
            check(self._check_tenant, tenant_id)
            expires = check(key_rules.expiry, expire_time, now)
            ranges = check(key_rules.ranges, allowed_addresses)
        key = f"GW{new_id('', now)[1:]}"
        secret = secrets.token_urlsafe(32)
        stored = ApiKey(
            key=key,
            tenant_id=tenant_id,
            rights=rights,
            sealed_secret=self._seal.close(secret, key),
            create_time=now,
            expire_time=expires,
            allowed_addresses=passed(ranges),
        )
        recorded: dict[str, object] = {"key": key, "rights": sorted(rights)}
        if stored.expire_time:
            recorded["expire_time"] = stored.expire_time.isoformat()
        if stored.allowed_addresses:
            recorded["allowed_addresses"] = list(stored.allowed_addresses)

        def create(tx: Transaction) -> None:
            _make_room(tx, tenant_id, now)
            tx.put_key(stored)
            tx.append_audit(self._recording(by, "keys create", tenant_id, **recorded))

        await self._store.transact(create)
        return NewKey(stored, secret)

    def _check_tenant(self, tenant_id: str) -> None:
        if tenant_id and self._directory.network.tenant(tenant_id) is None:
            shown = printable(tenant_id)
            raise invalid_field("tenant_id", "no such tenant is configured", tenant_id=shown)

    async def list_keys(self, tenant_id: str = "") -> Sequence[ApiKey]:
        """All keys, or one tenant's; revoked ones too."""
        keys = await self._store.read(lambda tx: tx.keys())
        return [key for key in keys if tenant_id in ("", key.tenant_id)]

    async def revoke_key(self, key: str, *, tenant_id: str = "", by: Rpc | None = None) -> ApiKey:
        """Revokes the key for good. Revoking twice is not an error.

        With `tenant_id` only that tenant's keys exist. Raises API_KEY_NOT_FOUND.
        """
        now = self._clock.now()

        def revoke(tx: Transaction) -> ApiKey:
            stored = tx.keys()
            found = next((one for one in stored if one.key == key), None)
            if found is None or tenant_id not in ("", found.tenant_id):
                shown = printable(key)
                raise GatewayError(Reason.API_KEY_NOT_FOUND, f"no key {shown}", {"key": shown})
            told: dict[str, object] = {"key": key, "rights": sorted(found.rights)}
            if found.revoke_time is None:
                found = replace(found, revoke_time=now)
                tx.put_key(found)
            else:
                told["revoked_before"] = found.revoke_time
            tx.append_audit(self._recording(by, "keys revoke", found.tenant_id, **told))
            return found

        return await self._store.transact(revoke)

    async def token(
        self, tenant_id: str, *, room: str = "", key: str = "", life: timedelta | None = None
    ) -> str:
        """A token signed with the tenant's newest key (or `key`), for one room if given.

        `life`: 6 hours unless given, or less if a token may not be valid that long.
        """
        life = min(TOKEN_LIFE, self._max_token_life) if life is None else life
        if not timedelta(0) < life <= self._max_token_life:
            longest = seconds(self._max_token_life)
            raise invalid_field("expires", f"must be above 0 and at most {longest}")
        usable = [
            k
            for k in await self.list_keys(tenant_id)
            if k.holds(self._clock.now()) and key in ("", k.key)
        ]
        if not usable or not tenant_id:
            raise GatewayError(
                Reason.UNAUTHENTICATED,
                f"tenant {tenant_id} has no such key: create one with 'gateway keys create'",
                {"tenant_id": tenant_id},
            )
        signing = usable[-1]
        told = {"key": signing.key, "room": room, "expires": life}
        recorded = self._recording(None, "token", tenant_id, **told)
        await self._store.transact(lambda tx: tx.append_audit(recorded))
        return self.sign(signing, room=room, life=life)

    def sign(self, key: ApiKey, *, room: str = "", life: timedelta = TOKEN_LIFE) -> str:
        """A token that includes all rights of the key."""
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

    async def apply(self, asked: ApplyConfig, *, by: Rpc | None = None) -> Applied:
        """Checks a configuration and puts it in force, or only says what would change.

        Raises CONFIG_INVALID, CONFIG_CONFLICT, or INVALID_FIELD for `replay_calls`.
        """
        if not 0 <= asked.replay_calls <= MAX_REPLAYED:
            raise invalid_field("replay_calls", f"must be between 0 and {MAX_REPLAYED}")
        # Slow work on a big configuration is done in other threads: calls continue.
        proposal = await asyncio.to_thread(asked.judge)
        _check_secrets(proposal.config, self._secret_directories)
        warned = await asyncio.to_thread(warnings, proposal.config)
        applied = None
        while applied is None:  # somebody else's change may come in between
            before = await self.current_config()
            _expect(asked.expected_version, before)
            if asked.replay_calls:
                await self._directory.refresh()
            in_force = self._directory.network
            changed = await asyncio.to_thread(_difference, before, proposal)
            if asked.dry_run:
                applied = Applied(version=_version(before), changes=changed, dry_run=True)
            else:
                applied = await self._put(asked, proposal, before, changed, by)
        if not asked.dry_run:
            await self._directory.refresh()
        applied = replace(applied, warnings=warned, config=proposal.config)
        return await self._replayed(applied, in_force, proposal, asked.replay_calls)

    async def _put(
        self,
        asked: ApplyConfig,
        proposal: Proposal,
        before: StoredConfig | None,
        changed: tuple[ConfigChange, ...],
        by: Rpc | None,
    ) -> Applied | None:
        """None: the configuration is no longer the one that the changes were found against."""
        now = self._clock.now()
        # A change that came from no file must not be undone by the next start with the same file.
        kept_digest = before.source_digest if before else ""
        digest = kept_digest if asked.source_digest is None else asked.source_digest

        def store(tx: Transaction) -> Applied | None:
            if _version(tx.config()) != _version(before):
                return None
            stored = tx.put_config(proposal.document, digest, now)
            recorded = {
                "version": stored.version,
                "sha256": digest,
                "changes": [_told(one) for one in changed[:MAX_CHANGES_RECORDED]],
                "more_changes": max(0, len(changed) - MAX_CHANGES_RECORDED),
            }
            tx.append_audit(self._recording(by, "apply", "", **recorded))
            return Applied(version=stored.version, changes=changed)

        return await self._store.transact(store)

    async def _replayed(
        self, applied: Applied, in_force: Network, proposal: Proposal, limit: int
    ) -> Applied:
        """`in_force`: before it was replaced."""
        if not limit:
            return applied
        known = {tenant.tenant_id for tenant in in_force.config.tenants}
        known |= {tenant.tenant_id for tenant in proposal.config.tenants}
        calls = await self._store.read(lambda tx: newest_calls(tx, sorted(known), limit))
        found = await asyncio.to_thread(lambda: reroutes(calls, in_force, Network(proposal.config)))
        return replace(applied, reroutes=tuple(found), replayed_calls=len(calls))

    async def current_config(self) -> StoredConfig | None:
        """The configuration in force, as stored."""
        return await self._store.read(lambda tx: tx.config())

    async def explain_route(self, tenant_id: str, asked: PlaceCall) -> RouteDecision:
        """How a call of this tenant would be routed now."""
        tenant, now = self._directory.tenant(tenant_id), self._clock.now()
        ranking = rank(asked, tenant, self._directory.network, now, new_id("call", now))
        used = uses_trunk(tenant, live=self._live)
        return await self._store.read(
            lambda tx: self._admission.explain(tx, tenant, ranking, uses_trunk=used)
        )

    async def trunk_health(
        self, trunks: Sequence[Trunk], window: timedelta | None = None, *, tenant_id: str = ""
    ) -> Sequence[TrunkHealth]:
        """The health of these trunks; with `tenant_id`, judged only by that tenant's calls."""
        return await self._store.read(
            lambda tx: self._watch.list(tx, trunks, window, tenant_id=tenant_id)
        )

    async def reset_trunk(self, trunk: Trunk, *, by: Rpc | None = None) -> TrunkHealth:
        """Marks the trunk as healthy from now on."""

        def reset(tx: Transaction) -> TrunkHealth:
            (before,) = self._watch.list(tx, [trunk])
            self._watch.reset(tx, trunk.trunk_id)
            (found,) = self._watch.list(tx, [trunk])
            told = {"trunk_id": trunk.trunk_id, "before": before.health, "after": found.health}
            tx.append_audit(self._recording(by, "trunks reset", "", **told))
            return found

        return await self._store.transact(reset)


def _check_secrets(config: Config, directories: Sequence[str]) -> None:
    """Raises CONFIG_INVALID if a secret is in a file that may not be read."""
    found = tuple(secret_refs.misplaced(config, directories))[:MAX_MISPLACED_TOLD]
    if found:
        raise GatewayError(
            Reason.CONFIG_INVALID,
            "; ".join(f"{one.field}: {one.description}" for one in found),
            {"mistakes": str(len(found)), "field": found[0].field},
            violations=found,
        )


def _make_room(tx: Transaction, tenant_id: str, now: datetime) -> None:
    """Keeps only the newest revoked and expired keys. Raises TENANT_LIMIT if a key is too many."""
    stored = tx.keys()
    keys = [key for key in stored if key.tenant_id == tenant_id]
    gone = [key for key in keys if not key.holds(now)]
    key_rules.room_for_one_more(len(keys) - len(gone))
    for key in gone[: -key_rules.MAX_GONE_KEYS]:
        tx.drop_key(key.key)


def _version(stored: StoredConfig | None) -> int:
    return stored.version if stored else 0


def _expect(expected_version: int | None, stored: StoredConfig | None) -> None:
    version = _version(stored)
    if expected_version not in (None, version):
        raise GatewayError(
            Reason.CONFIG_CONFLICT,
            f"version {version} is in force, not {expected_version}",
            {"version": str(version), "expected_version": str(expected_version)},
        )


def _told(change: ConfigChange) -> Mapping[str, str]:
    """A difference for its record; what is added has no `before`, what is removed no `after`."""
    return {
        "path": change.path,
        "before": cut(change.before, MAX_CHANGE_BYTES),
        "after": cut(change.after, MAX_CHANGE_BYTES),
    }


def _difference(before: StoredConfig | None, proposal: Proposal) -> tuple[ConfigChange, ...]:
    old = json.loads(before.document) if before else {}
    return tuple(changes(old, json.loads(proposal.document)))
