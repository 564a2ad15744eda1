"""The rules for trunks."""

import re
from collections.abc import Callable, Sequence
from datetime import timedelta

from gateway.domain import fields
from gateway.domain.config import checks as check
from gateway.domain.config.checks import Mistakes
from gateway.domain.numbers.callee import NO_COUNTRY
from gateway.domain.numbers.internal import (
    EXTENSION_FORM,
    SIP_USER_FORM,
    is_extension,
    is_sip_user,
)
from gateway.domain.tenant import (
    Config,
    InlineTrunk,
    NumberFormat,
    TransferSupport,
    Trunk,
    TrunkCallees,
    TrunkHealthPolicy,
    TrunkOutcome,
)

MAX_FORMAT_PREFIX = 16
MAX_STRIP = 10
MIN_SIP_CODE, MIN_ERROR_CODE, MAX_SIP_CODE = 300, 400, 699
MAX_OUTCOME_TEXT = 100
CALLEE_CODES = frozenset({486, 487, 600, 603, 604, 606})
"""The callee's own answers: calling it again on another trunk would annoy it."""
MIN_SPAN, MAX_SPAN = timedelta(seconds=1), timedelta(hours=1)
MAX_MIN_CALLS = 10_000
MAX_PERCENT = 100
MAX_PROBES = 100

_DIGITS = re.compile(rf"[0-9]{{0,{MAX_FORMAT_PREFIX}}}")
_USERNAME = re.compile(r"[!#-\[\]-~]{1,128}")


def trunks(config: Config) -> Mistakes:
    """Every mistake in the trunks."""
    yield from check.repeated("trunks", "trunk_id", (t.trunk_id for t in config.trunks))
    known = {tenant.tenant_id for tenant in config.tenants}
    for at, trunk in enumerate(config.trunks):
        path = f"trunks[{at}]"
        yield from _trunk(path, trunk, known)
        yield from _headers(f"{path}.headers", trunk)
        yield from _numbers(path, trunk, known)
        yield from _limits(path, trunk)
        yield from _failover(f"{path}.failover_sip_codes", trunk)
        for place, outcome in enumerate(trunk.outcomes):
            yield from _outcome(f"{path}.outcomes[{place}]", outcome)
        yield from _format(f"{path}.number_format", trunk.number_format)
        yield from _health(f"{path}.health", trunk.health)
        yield from _callees(f"{path}.callees", trunk.callees)


def _trunk(path: str, trunk: Trunk, known: set[str]) -> Mistakes:
    yield from check.identifier(f"{path}.trunk_id", trunk.trunk_id)
    if trunk.inline is None and not trunk.livekit_trunk_id:
        yield f"{path}.livekit_trunk_id", "is required unless inline: LiveKit's id, ST_…"
    if trunk.inline is not None and trunk.livekit_trunk_id:
        yield f"{path}.inline", "must not be set together with livekit_trunk_id"
    if trunk.inline is not None:
        yield from _inline(f"{path}.inline", trunk.inline)
    elif trunk.livekit_trunk_id:
        yield from check.identifier(f"{path}.livekit_trunk_id", trunk.livekit_trunk_id)
    if not trunk.numbers:
        yield f"{path}.numbers", "must have at least one caller ID"
    for place, tenant_id in enumerate(trunk.tenant_ids):
        if tenant_id not in known:
            yield f"{path}.tenant_ids[{place}]", f"there is no tenant {fields.printable(tenant_id)}"
    if trunk.transfer_host:
        yield from check.host(f"{path}.transfer_host", trunk.transfer_host)
    elif trunk.transfer_mode is TransferSupport.SIP and trunk.inline is None:
        yield f"{path}.transfer_host", "is required in transfer mode SIP: a host name or address"


def _inline(path: str, inline: InlineTrunk) -> Mistakes:
    yield from check.place(f"{path}.hostname", inline.hostname)
    if inline.username and not _USERNAME.fullmatch(inline.username):
        yield (
            f"{path}.username",
            'must be at most 128 printable characters, without space, " and \\',
        )
    if inline.username and not inline.password_from:
        yield f"{path}.password_from", "is required with username"
    if inline.password_from:
        yield from check.secret(f"{path}.password_from", inline.password_from)
    if inline.password_from and not inline.username:
        yield f"{path}.username", "is required with password_from"
    if inline.from_host:
        yield from check.host(f"{path}.from_host", inline.from_host)


def _headers(path: str, trunk: Trunk) -> Mistakes:
    every = {header.lower() for header in trunk.headers}
    yield from check.found_by(fields.headers, path, trunk.headers, every)


def _numbers(path: str, trunk: Trunk, known: set[str]) -> Mistakes:
    yield from check.repeated(f"{path}.numbers", "number", (n.number for n in trunk.numbers))
    for place, shown in enumerate(trunk.numbers):
        inner = f"{path}.numbers[{place}]"
        yield from check.number(f"{inner}.number", shown.number)
        yield from check.country(f"{inner}.country", shown.country)
        if shown.tenant_id and shown.tenant_id not in known:
            told = fields.printable(shown.tenant_id)
            yield f"{inner}.tenant_id", f"there is no tenant {told}"
        elif shown.tenant_id and not trunk.serves(shown.tenant_id):
            yield f"{inner}.tenant_id", f"{shown.tenant_id} may not use this trunk"


def _limits(path: str, trunk: Trunk) -> Mistakes:
    yield from check.count(f"{path}.max_concurrent_calls", trunk.max_concurrent_calls)
    yield from check.count(f"{path}.max_calls_per_second", trunk.max_calls_per_second)


def _failover(path: str, trunk: Trunk) -> Mistakes:
    for place, code in enumerate(trunk.failover_sip_codes):
        yield from check.between(f"{path}[{place}]", code, MIN_SIP_CODE, MAX_SIP_CODE)
        if code in CALLEE_CODES:
            yield (
                f"{path}[{place}]",
                f"{code} is the callee's own answer; no other trunk may call again",
            )


def _outcome(path: str, outcome: TrunkOutcome) -> Mistakes:
    code = outcome.sip_status_code
    yield from check.between(f"{path}.sip_status_code", code, MIN_ERROR_CODE, MAX_SIP_CODE)
    if outcome.reason is None:
        yield f"{path}.reason", "is required: the end reason of the call"
    if len(outcome.text) > MAX_OUTCOME_TEXT or not outcome.text.isprintable():
        yield f"{path}.text", f"must be at most {MAX_OUTCOME_TEXT} printable characters"
    if outcome.failover and code in CALLEE_CODES and not outcome.text.strip():
        yield f"{path}.failover", f"{code} is the callee's own answer, unless text is set"


def _format(path: str, wanted: NumberFormat) -> Mistakes:
    if not _DIGITS.fullmatch(wanted.prefix):
        yield f"{path}.prefix", f"must be at most {MAX_FORMAT_PREFIX} digits"
    yield from check.between(f"{path}.strip", wanted.strip, 0, MAX_STRIP)
    for country in wanted.countries:
        if country != NO_COUNTRY:
            yield from check.country(f"{path}.country", country)


def _callees(path: str, callees: TrunkCallees) -> Mistakes:
    yield from _patterns(f"{path}.extensions", callees.extensions, is_extension, EXTENSION_FORM)
    yield from _patterns(f"{path}.sip_users", callees.sip_users, is_sip_user, SIP_USER_FORM)
    if callees.no_numbers and not (callees.extensions or callees.sip_users):
        yield f"{path}.no_numbers", "leaves nothing to call without extensions or sip_users"


def _patterns(
    path: str, patterns: Sequence[str], is_one: Callable[[str], bool], form: str
) -> Mistakes:
    seen: set[str] = set()
    for place, pattern in enumerate(patterns):
        begin = pattern.removesuffix("*")
        if not (is_one(begin) or pattern == "*"):
            yield f"{path}[{place}]", f"must be {form}, or the beginning of such and a *"
        elif pattern in seen:
            yield f"{path}[{place}]", f"{fields.printable(pattern)} is listed twice"
        seen.add(pattern)


def _health(path: str, policy: TrunkHealthPolicy) -> Mistakes:
    yield from check.span(f"{path}.window", policy.window, MAX_SPAN, MIN_SPAN)
    yield from check.between(f"{path}.min_calls", policy.min_calls, 1, MAX_MIN_CALLS)
    yield from check.between(f"{path}.failure_percent", policy.failure_percent, 1, MAX_PERCENT)
    yield from check.span(f"{path}.quarantine", policy.quarantine, MAX_SPAN, MIN_SPAN)
    yield from check.between(f"{path}.probes", policy.probes, 1, MAX_PROBES)
