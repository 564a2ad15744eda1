"""What is valid in a configuration but probably not intended."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberType

from gateway.domain.config.checks import COUNTRIES
from gateway.domain.config.inbound import open_trunks
from gateway.domain.numbers import e164
from gateway.domain.numbers.callee import NO_COUNTRY, country_of
from gateway.domain.numbers.formats import at_home, misread
from gateway.domain.tenant import Config, NumberFormat, Route, Tenant, Trunk
from gateway.errors import FieldViolation

MAX_LOOKS = 10_000
"""Formats times countries, which takes some seconds; further trunks are reported as not checked."""
MAX_COUNTRIES_TOLD = 10

_EVERYWHERE = COUNTRIES | {NO_COUNTRY}
_EXAMPLES = (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE)
_ENOUGH = 5
"""Characters of a prefix that determine its country, or nearly so."""
_ANY_SUBSCRIBER = "5550100"


def warnings(config: Config) -> tuple[FieldViolation, ...]:
    """Inbound trunks that anybody may call in through, and number formats that prevent calls.

    A format prevents those to countries that tenants may call on its trunk. Found with example
    numbers of each country, which may take seconds with many formats.
    """
    return (*open_trunks(config.tenants), *_of_outbound(config))


def _of_outbound(config: Config) -> tuple[FieldViolation, ...]:
    wanted = {trunk.trunk_id: trunk for trunk in config.trunks if not trunk.number_format.is_plain}
    if not wanted:
        return ()
    reached = _reached(config.tenants, wanted)
    return tuple(_of_formats(config.trunks, reached))


def _of_formats(
    trunks: Iterable[Trunk], reached: Mapping[str, frozenset[str]]
) -> Iterator[FieldViolation]:
    known: dict[tuple[NumberFormat, str], str] = {}
    for at, trunk in enumerate(trunks):
        countries = reached.get(trunk.trunk_id)
        if not countries:
            continue
        if len(known) + len(countries) > MAX_LOOKS:
            told = "this format and later ones were not checked: there are too many"
            yield FieldViolation(f"trunks[{at}].number_format", told)
            return
        form = at_home(trunk).number_format
        for country in countries:
            if (form, country) not in known:
                known[form, country] = _objection(form, country)
        kept = {country: why for country in countries if (why := known[form, country])}
        if kept:
            yield FieldViolation(f"trunks[{at}].number_format", _told(kept, len(countries)))


def _told(kept: Mapping[str, str], of: int) -> str:
    names = sorted(kept)
    shown, more = ", ".join(names[:MAX_COUNTRIES_TOLD]), len(names) - MAX_COUNTRIES_TOLD
    rest = f" and {more} more" if more > 0 else ""
    count = f"{len(names)} of {of} countries"
    return f"it carries no calls to {count}: {shown}{rest}; for example, {kept[names[0]]}"


def _objection(form: NumberFormat, country: str) -> str:
    """Why a number of this country cannot be sent in this format; empty: all can."""
    return next((why for number in _examples(country) if (why := misread(form, number))), "")


@lru_cache(maxsize=512)
def _examples(country: str) -> tuple[str, ...]:
    if country == NO_COUNTRY:
        codes = phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS
        found = [phonenumbers.example_number_for_non_geo_entity(code) for code in codes]
    else:
        found = [phonenumbers.example_number_for_type(country, kind) for kind in _EXAMPLES]
    written = (e164.written(one) for one in found if one)
    return tuple(dict.fromkeys(written))


def _reached(
    tenants: Iterable[Tenant], trunks: Mapping[str, Trunk]
) -> Mapping[str, frozenset[str]]:
    """Which countries may be called on each of these trunks, according to the configuration."""
    reached: dict[str, frozenset[str]] = defaultdict(frozenset)
    for tenant in tenants:
        allowed = tenant.allowed_countries or _EVERYWHERE
        for trunk_id, countries in _of_tenant(tenant, trunks):
            more = countries & allowed
            if not more <= reached[trunk_id]:
                reached[trunk_id] |= more
    return reached


def _of_tenant(tenant: Tenant, trunks: Mapping[str, Trunk]) -> Iterator[tuple[str, frozenset[str]]]:
    for route in tenant.routes:
        ids = [target.trunk_id for target in route.targets if target.trunk_id in trunks]
        if ids:
            countries = _of_route(route)
            yield from ((trunk_id, countries) for trunk_id in ids)
    if not tenant.routes:
        for trunk_id, trunk in trunks.items():
            if trunk.serves(tenant.tenant_id):
                yield trunk_id, _EVERYWHERE


def _of_route(route: Route) -> frozenset[str]:
    if not route.prefixes and not route.countries:
        return _EVERYWHERE
    beginnings = {prefix[:_ENOUGH] for prefix in route.prefixes}
    return frozenset(route.countries).union(*map(_of_beginning, beginnings))


@lru_cache(maxsize=4096)
def _of_beginning(prefix: str) -> frozenset[str]:
    """The countries whose numbers have this prefix."""
    digits, found = prefix.removeprefix("+"), set[str]()
    for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items():
        if str(code).startswith(digits):
            found.update(regions)
        elif digits.startswith(str(code)):
            several = len(regions) > 1
            found.update([country_of(f"{prefix}{_ANY_SUBSCRIBER}")] if several else regions)
    return frozenset(found)
