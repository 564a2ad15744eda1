"""Checks that several configuration rules share; each yields (path, mistake)."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import ParamSpec

import phonenumbers

from gateway.domain import fields
from gateway.domain.config import secret_refs
from gateway.domain.numbers import e164, hosts
from gateway.domain.numbers.callee import NO_COUNTRY
from gateway.domain.timeouts import MIN_RINGING, seconds
from gateway.errors import GatewayError

Mistakes = Iterator[tuple[str, str]]
P = ParamSpec("P")

MAX_COUNT = 1_000_000_000
"""The highest value of any limit; a higher one is probably a mistake."""

COUNTRIES = frozenset(phonenumbers.SUPPORTED_REGIONS)

REFERENCE_RULE = (
    "must say where the secret is: env:NAME or file:/path, but not a setting of the gateway, its "
    "process or its machine, such as GATEWAY_… or PATH"
)
ID_RULE = "must be 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'"

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def identifier(path: str, value: str) -> Mistakes:
    """A name that appears in errors and events."""
    if not _ID.fullmatch(value):
        yield path, ID_RULE


def host(path: str, value: str) -> Mistakes:
    """A host name or an address, without a port."""
    try:
        hosts.host(value)
    except ValueError as error:
        yield path, f"must be a host name or address: {error}"


def place(path: str, value: str) -> Mistakes:
    """A host name or an address, optionally with a port."""
    try:
        hosts.place(value)
    except ValueError as error:
        yield path, f"must be a host name or address, and :port if any; no URI: {error}"


def prefixes(path: str, values: Sequence[str]) -> Mistakes:
    """Prefixes of canonical numbers, each once. There may be hundreds of thousands."""
    if all(map(e164.PREFIX.fullmatch, values)) and len(set(values)) == len(values):
        return
    seen: set[str] = set()
    for at, value in enumerate(values):
        if not e164.PREFIX.fullmatch(value):
            yield f"{path}[{at}]", e164.prefix_fault(value)
        elif value in seen:
            yield f"{path}[{at}]", f"{value} is listed twice"
        seen.add(value)


def countries(path: str, values: Sequence[str]) -> Mistakes:
    """Countries of numbers, each once."""
    for at, value in enumerate(values):
        if value not in COUNTRIES and value != NO_COUNTRY:
            shown = fields.printable(value)
            yield (
                f"{path}[{at}]",
                f"{shown} is not a country: two letters, ISO 3166-1 alpha-2, or 001",
            )
        elif value in values[:at]:
            yield f"{path}[{at}]", f"{value} is listed twice"


def country(path: str, value: str) -> Mistakes:
    """One country; may be unset."""
    if value and value not in COUNTRIES:
        yield path, f"{fields.printable(value)} is not a country: two letters, ISO 3166-1 alpha-2"


def number(path: str, value: str) -> Mistakes:
    """An E.164 number."""
    yield from found_by(e164.phone_number, path, value)


def found_by(check: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> Mistakes:
    """The mistakes that a check of requests finds."""
    try:
        check(*args, **kwargs)
    except GatewayError as error:
        yield from ((v.field, v.description) for v in error.violations)


def secret(path: str, reference: str) -> Mistakes:
    """A reference to a secret. A malformed one may be the secret itself, so it is not repeated."""
    if secret_refs.parse(reference) is None:
        yield path, REFERENCE_RULE


def count(path: str, value: int) -> Mistakes:
    """A limit; 0 means no limit."""
    if not 0 <= value <= MAX_COUNT:
        yield path, f"must be between 0 (no limit) and {MAX_COUNT}, not {value}"


def between(path: str, value: int, low: int, high: int) -> Mistakes:
    """A number within its limits."""
    if not low <= value <= high:
        yield path, f"must be between {low} and {high}, not {value}"


def span(
    path: str, value: timedelta | None, high: timedelta, low: timedelta = MIN_RINGING
) -> Mistakes:
    """A duration within its limits; may be unset."""
    if value is not None and not low <= value <= high:
        yield path, f"must be between {seconds(low)} and {seconds(high)}, not {seconds(value)}"


def repeated(path: str, field: str, values: Iterable[str]) -> Mistakes:
    """Names that must be unique."""
    seen: set[str] = set()
    for at, value in enumerate(values):
        if value in seen:
            yield f"{path}[{at}].{field}", f"{fields.printable(value)} is listed twice"
        seen.add(value)
