"""A database, a platform of its own or shared, and what makes the one as the other declares."""

import json
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gateway.build import Administration
from gateway.build.declaring import declared_inbound
from gateway.domain.admin.requests import Applied, ApplyConfig
from gateway.domain.config.diff import ConfigChange
from gateway.domain.declaring.record import InboundPlace, InboundRecord, InboundState
from gateway.domain.inbound.objects import (
    InboundKind,
    RuleSetup,
    SeenObject,
    Setup,
    TrunkSetup,
)
from gateway.ports import AuditQuery, Platform, PlatformError
from gateway.ports.inbound.platform import InboundObjects
from gateway.service.api.admin.applying import Applying
from gateway.service.declaring.inbound import DeclaredInbound
from gateway.settings import Settings
from gateway.store.store import open_store
from gateway.wire.admin_v1 import requests
from tests.stands.administering import message
from tests.stands.clocks import HandClock

Made = tuple[str, str, str]


class Watched:
    """A platform's objects; counts what changes them, and loses answers when told so."""

    def __init__(self, inner: InboundObjects) -> None:
        self.inner = inner
        self.is_shared = inner.is_shared
        self.asked: Counter[str] = Counter()
        self.loses: str = ""
        """The method whose next answer does not arrive, though it is done."""
        self.away = False

    async def listed(self, kind: InboundKind) -> Sequence[SeenObject]:
        self._check()
        return await self.inner.listed(kind)

    async def create(self, setup: Setup) -> str:
        self._check("create")
        platform_id = await self.inner.create(setup)
        self._answer("create")
        return platform_id

    async def change(self, platform_id: str, setup: Setup) -> None:
        self._check("change")
        await self.inner.change(platform_id, setup)
        self._answer("change")

    async def delete(self, kind: InboundKind, platform_id: str) -> None:
        self._check("delete")
        await self.inner.delete(kind, platform_id)
        self._answer("delete")

    def _check(self, method: str = "") -> None:
        if self.away:
            raise PlatformError("nobody answers")
        if method:
            self.asked[method] += 1

    def _answer(self, method: str) -> None:
        if self.loses == method:
            self.loses = ""
            raise PlatformError(f"{method}: no answer in time")


class WatchedPlatform:
    """Only what is asked of a platform here."""

    def __init__(self, inbound: Watched) -> None:
        self.inbound = inbound


class DeclaredStand:
    """The tenant has a name that no other test has, so several may share a LiveKit."""

    def __init__(self, platform: Platform, folder: Path) -> None:
        self.tenant = f"t-{secrets.token_hex(4)}"
        self.folder = folder
        self.clock = HandClock()
        self.watched = Watched(platform.inbound)
        self.counts: Mapping[InboundState, int] = {}
        self.settings = Settings.model_validate(
            {
                "GATEWAY_DATABASE_URL": f"sqlite:///{folder / 'gateway.db'}",
                "GATEWAY_SECRET_DIRECTORIES": str(folder),
            }
        )
        self.store = open_store(self.settings.database_url, self.clock)
        self.administration = Administration(self.settings, self.store, self.clock)
        self.inbound = self.gateway()
        self.numbers = [f"+1500555{n:04}" for n in secrets.SystemRandom().sample(range(10_000), 3)]

    def gateway(self, watched: Watched | None = None) -> DeclaredInbound:
        """Another one on this database, and on this platform or its own."""
        return declared_inbound(
            self.settings,
            self.administration,
            {InboundPlace.LIVE: WatchedPlatform(watched or self.watched)},  # type: ignore[dict-item]
            clock=self.clock,
            counted=self._count,
        )

    def _count(self, counts: Mapping[InboundState, int]) -> None:
        self.counts = counts

    def secret(self, name: str, value: str) -> str:
        """Stores a secret, and returns the reference to it."""
        path = self.folder / name
        path.write_text(f"{value}\n")
        return f"file:{path}"

    def trunk(self, **more: Any) -> dict[str, Any]:
        """A declared trunk."""
        return {"trunk_id": "main", "numbers": self.numbers[:1], **more}

    def rule(self, **more: Any) -> dict[str, Any]:
        """A declared rule."""
        return {"rule_id": "desk", "individual": {"room_prefix": f"{self.tenant}-in"}, **more}

    async def apply(
        self, trunks: Sequence[Any] = (), rules: Sequence[Any] = (), *, dry_run: bool = False
    ) -> Applied:
        """Applies a configuration with these."""
        inbound = {"trunks": list(trunks), "dispatch_rules": list(rules)}
        tenant = {"tenant_id": self.tenant, "agents": ["front-desk"], "inbound": inbound}
        config = message({"tenants": [tenant]})
        applying = Applying(self.administration.admin, self.store)
        applying.inbound = self.inbound
        judge = lambda: requests.proposal(config)  # noqa: E731
        return await applying.apply(ApplyConfig(judge=judge, dry_run=dry_run))

    async def look(self, inbound: DeclaredInbound | None = None, *, after: float = 61.0) -> None:
        """A minute later it is time to look again."""
        self.clock.go_on(after)
        await (inbound or self.inbound).look_in_turn()

    async def there(self, kind: InboundKind = InboundKind.TRUNK) -> Sequence[SeenObject]:
        """What the platform has of this tenant, whoever made it."""
        listed = await self.watched.inner.listed(kind)
        return [one for one in listed if one.setup.name.startswith(f"{self.tenant}/")]

    async def trunks(self) -> Mapping[str, tuple[str, TrunkSetup]]:
        """The trunks there by name, each with its id."""
        found = [(one.platform_id, one.setup) for one in await self.there()]
        return {_name(one): (of, one) for of, one in found if isinstance(one, TrunkSetup)}

    async def rules(self) -> Mapping[str, tuple[str, RuleSetup]]:
        """The rules there by name, each with its id."""
        found = [(one.platform_id, one.setup) for one in await self.there(InboundKind.RULE)]
        return {_name(one): (of, one) for of, one in found if isinstance(one, RuleSetup)}

    async def records(self) -> Sequence[InboundRecord]:
        """What the store remembers."""
        return await self.store.read(lambda tx: tx.inbound_records())

    async def states(self) -> Sequence[str]:
        """The states of all."""
        return [one.state.value for one in await self.records()]

    async def audit(self, method: str = "") -> list[Mapping[str, Any]]:
        """Records about inbound objects, oldest first."""
        found = await self.store.read(lambda tx: tx.audit(AuditQuery()))
        told = [one.record for one in found]
        wanted = (method,) if method else ("inbound ",)
        return [one for one in reversed(told) if one["method"].startswith(wanted)]

    async def everything_stored(self) -> str:
        """All that the store holds of it, as text."""
        found = await self.store.read(lambda tx: tx.audit(AuditQuery()))
        stored = await self.administration.admin.current_config()
        records = await self.records()
        return json.dumps([one.record for one in found]) + str(stored) + str(records)

    async def close(self) -> None:
        """Leaves nothing on the platform."""
        for kind in InboundKind:
            for one in await self.there(kind):
                await self.watched.inner.delete(kind, one.platform_id)
        await self.store.close()


def _name(setup: Setup) -> str:
    return setup.name.split()[0].partition("/")[2]


def told(applied: Applied) -> list[Made]:
    """What was done: the name, what, and the state after."""
    return [(one.key.name, one.action.value, one.state.value) for one in applied.inbound]


def changed(applied: Applied, name: str) -> Sequence[ConfigChange]:
    """How one object differed."""
    (found,) = (one for one in applied.inbound if one.key.name == name)
    return found.changes
