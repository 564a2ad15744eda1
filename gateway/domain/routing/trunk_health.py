"""A trunk's health, judged only by its own calls; no test calls are placed.

HEALTHY → QUARANTINED when too many attempts fail → PROBING when the quarantine is over: one call
at a time probes it → HEALTHY after some successes in a row, or QUARANTINED again, twice as long.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.domain.calls.call import Attempt, Call, CallState, MediaEncryption
from gateway.domain.outcome import CarrierReason, EndReason, Failure, end_reason
from gateway.domain.tenant import TrunkHealthPolicy

LONGEST_QUARANTINE = timedelta(hours=1)
SILENCE = timedelta(seconds=10)
"""A trunk that is silent for this long has failed; a caller that gives up sooner was impatient."""
CLOCKS_APART = timedelta(minutes=1)
"""The clocks of two database servers may differ by this much."""
NEWEST_JUDGED = 1000
"""The share of failures is computed from this many of the newest attempts."""
FAILED_OF_LATE = "its recent calls failed"
"""The cause shown to a tenant if the calls may have been other tenants'."""
_CUT_SHORT = 487
"""The answer to our own CANCEL."""
_MEDIA_REFUSED = 488


class Health(StrEnum):
    """The health of a trunk."""

    HEALTHY = "HEALTHY"
    QUARANTINED = "QUARANTINED"
    PROBING = "PROBING"


class Result(StrEnum):
    """What an attempt says about its trunk."""

    OK = "OK"
    """The phone rang, or the callee or its network answered about the number."""
    FAILED = "FAILED"
    NEUTRAL = "NEUTRAL"
    """Nothing: given up, the request's own media, a carrier's limit, trouble with the platform."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is stored of a trunk's health. A trunk without a stored standing is healthy."""

    since: datetime
    """The time of the last recovery or reset, or of this quarantine; nothing before counts."""
    until: datetime | None = None
    """When the quarantine is over; None: healthy."""
    quarantines: int = 0
    """How many there were in a row."""
    probe_call_id: str = ""
    """The one call that probes it."""
    good_probes: int = 0
    """In a row."""
    cause: str = ""
    """Of the quarantine, for people."""


@dataclass(frozen=True, slots=True)
class Recent:
    """How many of one tenant's recent attempts were judged, and how many of them had failed."""

    calls: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    """An attempt to judge; without `end_time` it is not over yet."""

    call_id: str
    number: int
    """Its place among the call's attempts, from 1."""
    tenant_id: str
    trunk_id: str
    destination: str
    result: Result
    start_time: datetime
    ring_time: datetime | None = None
    answer_time: datetime | None = None
    """Known when it is over."""
    end_time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkTraffic:
    """The outcomes of the attempts that ended within a window."""

    calls: int = 0
    failed_calls: int = 0
    answered_calls: int = 0
    post_dial_delay: timedelta | None = None
    """Mean from the start to the first ring, or to the answer; None: none got that far."""
    duration: timedelta | None = None
    """Mean of the answered ones, from the answer."""

    @property
    def answer_seizure_ratio(self) -> float | None:
        """The answered share of all attempts, 0 to 1; None without attempts."""
        return self.answered_calls / self.calls if self.calls else None


@dataclass(frozen=True, slots=True)
class TrafficOf:
    """The traffic of one trunk to one destination; durations as sums, to be added up."""

    trunk_id: str
    destination: str
    calls: int
    failed: int
    answered: int
    delayed: int
    """How many of them rang or were answered; `delay` is the sum of theirs."""
    delay: timedelta
    duration: timedelta
    """The sum over the answered ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkHealth:
    """A trunk as operators see it."""

    trunk_id: str
    health: Health
    since: datetime | None = None
    """Since when it has its state; None: it has always been healthy."""
    until: datetime | None = None
    """When the quarantine is over."""
    cause: str = ""
    traffic: TrunkTraffic = TrunkTraffic()
    destinations: tuple[tuple[str, TrunkTraffic], ...] = ()
    """The same for each destination, by name."""


def record_of(call: Call, number: int, failover_codes: Collection[int]) -> AttemptRecord | None:
    """What is stored of the attempt with this number (from 1); None while it says nothing yet."""
    result = result_of(call, number, failover_codes)
    if result is None:
        return None
    attempt = call.attempts[number - 1]
    answered = attempt.end_time is not None and number == len(call.attempts)
    return AttemptRecord(
        call_id=call.call_id,
        number=number,
        tenant_id=call.tenant_id,
        trunk_id=attempt.trunk_id,
        destination=call.destination,
        result=result,
        start_time=attempt.start_time,
        ring_time=attempt.ring_time,
        answer_time=call.answer_time if answered else None,
        end_time=attempt.end_time,
    )


def result_of(call: Call, number: int, failover_codes: Collection[int]) -> Result | None:
    """What the attempt with this number (from 1) says about its trunk; None: nothing yet.

    `failover_codes`: the trunk's SIP statuses that mean that the carrier failed.
    """
    attempt = call.attempts[number - 1]
    if call.awaits_agent and attempt.end_time is not None:
        return Result.NEUTRAL  # it was never dialled
    if attempt.ring_time is not None or attempt.highest_state >= CallState.RINGING:
        return Result.OK
    if attempt.end_time is None:
        return None
    code = attempt.sip_status_code
    if code == _MEDIA_REFUSED and _wants_media(call):
        return Result.NEUTRAL
    if attempt.reason:
        return _OF_REASON.get(attempt.reason, Result.OK)
    if code in (0, _CUT_SHORT):
        return _unspoken(call, number, attempt.end_time - attempt.start_time)
    if _reason(attempt) is EndReason.TRUNK_LIMIT:
        return Result.NEUTRAL
    failed = code in failover_codes or _reason(attempt) is EndReason.TRUNK_FAILURE
    # 480 and 410 are about the number; with a 408 or 504 nothing answered.
    return Result.FAILED if failed or code in (408, 504) else Result.OK


def observe(
    standing: Standing | None,
    call_id: str,
    result: Result,
    recent: Sequence[Recent],
    policy: TrunkHealthPolicy,
    now: datetime,
) -> Standing | None:
    """The standing after an attempt of `call_id` was judged.

    `recent`: each tenant's attempts judged within the policy's window and since
    `standing.since`, including this one; called only if the trunk is healthy and the attempt
    failed.
    """
    match health_of(standing, policy, now):
        case Health.HEALTHY if result is Result.FAILED and not policy.disabled:
            return _judged(standing, recent, policy, now)
        case Health.PROBING if standing is not None and standing.probe_call_id == call_id:
            return _probed(standing, result, policy, now)
    return standing


def health_of(standing: Standing | None, policy: TrunkHealthPolicy, now: datetime) -> Health:
    """The trunk's present state."""
    if policy.disabled or standing is None or standing.until is None:
        return Health.HEALTHY
    # A quarantine that begins in the future was set by a wrong clock.
    begun = standing.since <= now + CLOCKS_APART
    return Health.QUARANTINED if begun and now < standing.until else Health.PROBING


def is_ill(recent: Sequence[Recent], policy: TrunkHealthPolicy) -> bool:
    """Whether a healthy trunk has failed too often, by each tenant's newest attempts.

    If several tenants use it, no single one can decide that: it must also be true when any one
    of them is left out, with half as many calls (rounded up).
    """
    calls, failed = _total(recent)
    if calls < policy.min_calls or not _too_many(calls, failed, policy):
        return False
    if len(recent) == 1:
        return True
    without = [(calls - one.calls, failed - one.failed) for one in recent]
    return all(
        2 * others >= policy.min_calls and _too_many(others, others_failed, policy)
        for others, others_failed in without
    )


def is_probing(call: Call | None, trunk_id: str) -> bool:
    """Whether a probe is still under way: its call is open, and on this trunk."""
    if call is None or call.ended or not call.attempts:
        return False
    return call.trunk_id == trunk_id and call.attempts[-1].end_time is None


def with_probe(standing: Standing, call_id: str) -> Standing:
    """The standing while this call probes the trunk."""
    return replace(standing, probe_call_id=call_id)


def recovered(now: datetime) -> Standing:
    """The standing of a trunk that is healthy from now on; earlier failures no longer count."""
    return Standing(since=now)


def traffic_of(parts: Sequence[TrafficOf]) -> TrunkTraffic:
    """All of it together."""
    calls = sum(part.calls for part in parts)
    answered = sum(part.answered for part in parts)
    delayed = sum(part.delayed for part in parts)
    delay = sum((part.delay for part in parts), timedelta(0))
    duration = sum((part.duration for part in parts), timedelta(0))
    return TrunkTraffic(
        calls=calls,
        failed_calls=sum(part.failed for part in parts),
        answered_calls=answered,
        post_dial_delay=delay / delayed if delayed else None,
        duration=duration / answered if answered else None,
    )


def _reason(attempt: Attempt) -> EndReason:
    failure = Failure(sip_status_code=attempt.sip_status_code, sip_status=attempt.sip_status)
    return end_reason(failure, rang=False)[0]


def _wants_media(call: Call) -> bool:
    """Whether the request chose the media; then the carrier's refusal is not the trunk's fault."""
    return call.leg.media_encryption is not MediaEncryption.DISABLED or bool(call.leg.codecs)


_OF_REASON = {
    CarrierReason.TRUNK_LIMIT: Result.NEUTRAL,
    CarrierReason.TRUNK_FAILURE: Result.FAILED,
}


def _unspoken(call: Call, number: int, lasted: timedelta) -> Result:
    """The judgement of an attempt that ended without any answer from the carrier."""
    broken = Result.NEUTRAL if _wants_media(call) else Result.FAILED
    silence = Result.FAILED if lasted >= SILENCE else Result.NEUTRAL
    if number < len(call.attempts):  # it was given up for another trunk
        waited = call.attempts[number - 1].sip_status_code or lasted >= call.setup_timeout
        return silence if waited else broken
    match call.end_reason:
        case EndReason.TRUNK_FAILURE:
            return broken
        case EndReason.UNREACHABLE | EndReason.NO_ANSWER:
            return silence
    return Result.NEUTRAL


def _judged(
    standing: Standing | None, recent: Sequence[Recent], policy: TrunkHealthPolicy, now: datetime
) -> Standing | None:
    if not is_ill(recent, policy):
        return standing
    calls, failed = _total(recent)
    cause = f"{failed} of {calls} calls failed"
    return _quarantined(policy, now, quarantines=1, cause=cause)


def _total(recent: Sequence[Recent]) -> tuple[int, int]:
    return sum(one.calls for one in recent), sum(one.failed for one in recent)


def _too_many(calls: int, failed: int, policy: TrunkHealthPolicy) -> bool:
    return failed * 100 >= policy.failure_percent * calls


def _probed(
    standing: Standing, result: Result, policy: TrunkHealthPolicy, now: datetime
) -> Standing:
    if result is Result.FAILED:
        times = standing.quarantines + 1
        return _quarantined(policy, now, quarantines=times, cause="the probing call failed")
    good = standing.good_probes + (result is Result.OK)
    if good >= policy.probes:
        return recovered(now)
    return replace(standing, probe_call_id="", good_probes=good)


def _quarantined(
    policy: TrunkHealthPolicy, now: datetime, *, quarantines: int, cause: str
) -> Standing:
    lasting = policy.quarantine
    for _ in range(quarantines - 1):
        if lasting >= LONGEST_QUARANTINE:
            break
        lasting *= 2
    until = now + min(lasting, LONGEST_QUARANTINE)
    return Standing(since=now, until=until, quarantines=quarantines, cause=cause)
