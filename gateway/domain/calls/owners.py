"""Which tenant an inbound call belongs to, by rooms, numbers and trunks; indexed for speed."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gateway.domain.calls.leg import Leg
from gateway.domain.numbers.carrier_numbers import (
    as_e164,
    behind_exit_code,
    dialled,
    in_country,
    is_number_in,
)
from gateway.domain.tenant import Tenant

TAIL = 4
"""Digits: no country has shorter numbers that are E.164."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The tenant whose call it is."""

    tenant: Tenant
    number: str = ""
    """Which of its numbers (`Inbound.every_number`) was called, E.164; empty: none of them."""


class Owners:
    """The tenants of one version of the configuration. Thread-safe."""

    def __init__(self, tenants: Iterable[Tenant]) -> None:
        self._rooms: dict[str, list[Tenant]] = defaultdict(list)
        self._prefixes: dict[str, list[Tenant]] = defaultdict(list)
        self._numbers: dict[str, Tenant] = {}
        self._trunks: dict[str, Tenant] = {}
        self._countries: dict[str, dict[str, None]] = defaultdict(dict)
        """By the last digits of a number, the same in every form: the countries to read it in."""
        for tenant in tenants:
            self._enter(tenant)
        self._lengths = sorted({len(prefix) for prefix in self._prefixes if prefix}, reverse=True)

    def of(self, leg: Leg) -> Owner | None:
        """Which tenant an inbound call belongs to: by the room, then by number and trunk.

        If several patterns match the room, the longest one counts; `*` names no tenant in
        particular, so there number and trunk come first. None: no tenant's, or the digits are a
        number of two tenants, each in its own country.
        """
        called = dialled(leg.own_number)
        tenant = self._tenant(leg, called)
        return Owner(tenant, self._number_of(called, tenant)) if tenant else None

    def _enter(self, tenant: Tenant) -> None:
        for pattern in tenant.room_patterns:
            at = self._prefixes if pattern.endswith("*") else self._rooms
            at[pattern.removesuffix("*")].append(tenant)
        for trunk_id in filter(None, tenant.inbound.livekit_trunk_ids):
            self._trunks.setdefault(trunk_id, tenant)
        for number in filter(None, tenant.inbound.every_number):
            self._numbers.setdefault(canonical_number(number), tenant)
            if tenant.carrier_country:
                self._countries[number[-TAIL:]][tenant.carrier_country] = None

    def _tenant(self, leg: Leg, called: str) -> Tenant | None:
        inside = self._in_room(leg.room)
        if len(inside) == 1:
            return inside[0]
        for fitting in self._by_number_and_trunk(called, leg.livekit_trunk_id):
            found = [tenant for tenant in fitting if not inside or tenant in inside]
            if found:
                return found[0] if len(found) == 1 else None
        return next(iter(inside or self._prefixes.get("", ())), None)

    def _in_room(self, room: str) -> Sequence[Tenant]:
        """The tenants of the name, else of its longest prefix; several only if they share it."""
        if room in self._rooms:
            return self._rooms[room]
        fitting = (room[:length] for length in self._lengths if length <= len(room))
        return next((self._prefixes[one] for one in fitting if one in self._prefixes), ())

    def _by_number_and_trunk(self, called: str, trunk_id: str) -> Iterator[Sequence[Tenant]]:
        """The tenants that match, by the surest rule first.

        With its `+` a number is unambiguous. Without, it is first read as in the country of the
        trunk's tenant; only digits that are no number there may be E.164 without a `+`. Without a
        trunk they may be either: if they are numbers of two tenants, the call belongs to neither.
        """
        at_trunk = self._trunks.get(trunk_id)
        if called.startswith("+"):
            yield self._having(as_e164(called))
        whole = self._having(f"+{called}")
        if at_trunk:
            there = is_number_in(called, at_trunk.carrier_country)
            yield (at_trunk,) if there or self._number_of(called, at_trunk) else whole
            yield (at_trunk,)
        national = self._in_countries(called)
        yield [*whole, *(one for one in national if one not in whole)]

    def _having(self, number: str) -> Sequence[Tenant]:
        tenant = self._numbers.get(number)
        return (tenant,) if tenant else ()

    def _in_countries(self, digits: str) -> Sequence[Tenant]:
        """The tenants whose number these digits are in their carriers' country, or after `00`."""
        found = {one.tenant_id: one for one in self._having(behind_exit_code(digits))}
        for country in self._countries.get(digits[-TAIL:], ()):
            for one in self._having(in_country(digits, country)):
                if one.carrier_country == country:
                    found[one.tenant_id] = one
        return [*found.values()]

    def _number_of(self, called: str, tenant: Tenant) -> str:
        """Which of the tenant's numbers was called; empty: none of them."""
        found = (number for number in _readings(called, tenant) if number in self._numbers)
        return next((number for number in found if self._numbers[number] is tenant), "")


def canonical_number(number: str) -> str:
    """A configured number in the one form in which numbers are compared."""
    return as_e164(number) or number


def _readings(called: str, tenant: Tenant) -> Iterator[str]:
    if called.startswith("+"):
        yield as_e164(called)
        return
    yield f"+{called}"
    if tenant.carrier_country:
        yield in_country(called, tenant.carrier_country)
    yield behind_exit_code(called)
