"""What differs between the configuration and a platform, object by object."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from gateway.domain.config.diff import ConfigChange, changes
from gateway.domain.declaring.record import InboundAction, InboundRecord, InboundState
from gateway.domain.inbound.objects import InboundKey, RuleSetup, SeenObject, Setup

Claim = tuple[str, str]
"""What no two objects of a platform may have: for people, and the secret that is a part of it."""

ANOTHER, AS_CONFIGURED = '"(another)"', '"(as configured)"'
"""A secret that differs; what it is is never told."""


@dataclass(frozen=True, slots=True)
class WantedObject:
    """An object as it is declared; `lacking`: why it cannot be made so now, empty: it can."""

    setup: Setup
    lacking: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found of one object."""

    record: InboundRecord
    wanted: Setup | None = None
    """None: it is not declared any more."""
    seen: SeenObject | None = None
    action: InboundAction = InboundAction.NONE
    drifted: bool = False
    changes: tuple[ConfigChange, ...] = ()
    error: str = ""
    """Why it cannot be done now; empty: it can."""
    claims: frozenset[Claim] = field(default=frozenset(), repr=False)
    """As it is wanted."""

    @property
    def held(self) -> frozenset[Claim]:
        """As it is now."""
        return claims_of(self.seen.setup) if self.seen else frozenset()

    @property
    def is_news(self) -> bool:
        """Something is to be done."""
        return self.action is not InboundAction.NONE

    @property
    def is_told(self) -> bool:
        """Something is to be done, or it is not known whether."""
        return self.is_news or bool(self.error)

    def is_due(self, now: datetime | None) -> bool:
        """Whether it is to be done, and can be; now, if what has failed waits for its time."""
        retry = self.record.retry_time
        waits = now is not None and retry is not None and now < retry
        return self.is_news and not (self.drifted or self.error or waits)

    @property
    def state(self) -> InboundState:
        """Without anything being done."""
        if self.drifted:
            return InboundState.DRIFTED
        done = self.action is InboundAction.NONE and not self.error
        return InboundState.IN_PLACE if done else InboundState.PENDING


def findings(
    records: Iterable[InboundRecord],
    wanted: Mapping[InboundKey, WantedObject],
    seen: Sequence[SeenObject],
    version: int,
    *,
    shared: bool = True,
) -> Sequence[Finding]:
    """A finding for each record, which must all be of one kind, in their order.

    `version`: of the configuration; what was made for it and is otherwise now has drifted. Not so
    on a platform that is not `shared`: nobody else is there, and each process has its own objects.
    """
    by_id = {one.platform_id: one for one in seen}
    by_mark = {word: one for one in seen for word in one.setup.name.split()[-1:]}
    found = {
        record.key: by_id.get(record.platform_id)
        or (None if record.platform_id and shared else by_mark.get(record.mark))
        for record in records
    }
    own = {one.platform_id for one in found.values() if one}
    others = [one for one in seen if shared and one.platform_id not in own]
    taken = {claim: one for one in others for claim in claims_of(one.setup)}
    return [
        _finding(record, wanted.get(record.key), found[record.key], taken, version if shared else 0)
        for record in records
    ]


def _finding(
    record: InboundRecord,
    wanted: WantedObject | None,
    seen: SeenObject | None,
    taken: Mapping[Claim, SeenObject],
    version: int,
) -> Finding:
    if wanted is None:
        return Finding(record=record, seen=seen, action=InboundAction.DELETE)
    differing = tuple(differences(seen.setup if seen else None, wanted.setup))
    if seen is None:
        action = InboundAction.CREATE
    else:
        action = InboundAction.CHANGE if differing else InboundAction.NONE
    needed, claims = action is not InboundAction.NONE, claims_of(wanted.setup)
    return Finding(
        record=record,
        wanted=wanted.setup,
        seen=seen,
        action=action,
        drifted=needed and 0 < version == record.version,
        changes=differing,
        error=wanted.lacking or (next(_conflicts(claims, taken), "") if needed else ""),
        claims=claims,
    )


def _conflicts(claims: frozenset[Claim], taken: Mapping[Claim, SeenObject]) -> Iterator[str]:
    for claim in sorted(claims & taken.keys()):
        told = taken[claim].told
        yield f"{claim[0]} is taken by {told}, which the gateway did not make: remove one of them"


def differences(seen: Setup | None, wanted: Setup) -> Iterator[ConfigChange]:
    """Field by field, by the names of the configuration; secrets without their values."""
    before = seen.document if seen else {}
    yield from changes(before, wanted.document)
    told = seen.secrets if seen else {}
    for name, secret in wanted.secrets.items():
        was = told.get(name, "")
        # One that cannot be read differs for certain only from none.
        if was is not None and (not was if secret is None else secret != was):
            yield ConfigChange(name, ANOTHER if was else "", "" if secret == "" else AS_CONFIGURED)


def claims_of(setup: Setup) -> frozenset[Claim]:
    """What LiveKit refuses if another object has it too."""
    if isinstance(setup, RuleSetup):
        # One for certain numbers only is compared with others for the same numbers.
        limited = setup.pin is None or setup.others.keys() & {"inbound_numbers", "numbers"}
        how = f"trunk {{}} {'with this PIN' if setup.pin else 'without a PIN'}"
        trunks = () if limited else setup.trunk_ids
        return frozenset((how.format(one), setup.pin or "") for one in trunks)
    numbers = () if "allowed_numbers" in setup.others else setup.numbers
    return frozenset((f"the number {_plain(one)}", "") for one in numbers)


def _plain(number: str) -> str:
    """As LiveKit compares numbers."""
    kept = number.translate(str.maketrans("", "", " -()"))
    return kept if kept.startswith("+") else f"+{kept}"


def in_order(found: Sequence[Finding]) -> Iterator[tuple[Finding, bool]]:
    """The changes, each when no other object has any more what it is to get.

    True: it is one of a circle, and has to be made anew when the others are done.
    """
    held = {one.record.key: one.held for one in found}
    holders = {claim: key for key, claims in held.items() for claim in claims}
    left = {one.record.key: one for one in found if one.action is InboundAction.CHANGE}
    while left:
        free = next((one for one in left.values() if not _hindered(one, holders)), None)
        chosen = free or next(iter(left.values()))
        key = chosen.record.key
        del left[key]
        yield chosen, free is None
        for claim in held[key]:
            if holders[claim] == key:
                del holders[claim]
        holders |= dict.fromkeys(chosen.claims if free else (), key)


def _hindered(one: Finding, holders: Mapping[Claim, InboundKey]) -> bool:
    key = one.record.key
    return any(holders.get(claim, key) != key for claim in one.claims)
