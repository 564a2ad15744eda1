"""The whole table of end reasons: what must have happened at the phones for each to be true."""

import math
from collections.abc import Callable, Collection, Mapping

from gateway.domain.calls.transfer import TransferState
from gateway.domain.outcome import EndReason, HangupSource
from tests.simulation.clients.messages import HANG_UP, PLACE, UPDATE
from tests.simulation.judge.bounds import (
    ANSWERS,
    CROSSING,
    EARLY,
    SEEN_ANSWERED,
    SEEN_RINGING,
    SHORT,
    SILENT_FOR,
    UNSEEN_RINGING,
)
from tests.simulation.judge.case import Case, Story
from tests.simulation.judge.weather import LIVEKIT
from tests.simulation.world.truth import Invite

_R = EndReason
_S = HangupSource
Complaint = str
"""Why it is not true; empty: it may be."""

_UNREACHABLE = frozenset({480, 408, 410, 504})
_CARRIER = frozenset({402, 403, 428, 436, 437, 438, 607, 608, 603})
_TRUNK = frozenset({401, 407, 488})
_TAKEN = _UNREACHABLE | _CARRIER | _TRUNK | {486, 600, 404, 484, 604, 429, 487}
"""Statuses that have a meaning of their own; any other is REJECTED, or TRUNK_FAILURE if 5xx."""
_CANCELLED = 487


def untrue(case: Case, story: Story) -> Complaint:
    """Why the call's end reason is not what happened; empty: it is, or says less."""
    reason = story.call.end_reason
    if reason is None:
        return "it ended without a reason"
    if reason in _configured(story):
        return ""
    return _TABLE[reason](case, story)


def silent(story: Story, invite: Invite) -> bool:
    """Whether the gateway may have given this INVITE up because nothing rang for long enough."""
    if len(story.call.attempts) < 2 and not story.call.backups:
        return False
    setup = story.call.setup_timeout.total_seconds()
    until_rang = (invite.ended or invite.arrived) if invite.rang is None else invite.rang
    return until_rang - invite.arrived > setup - CROSSING


def _configured(story: Story) -> Collection[EndReason]:
    """What the trunks' own configuration makes of a carrier's answer."""
    return {_R(one.reason.value) for one in story.call.attempts if one.reason is not None}


def _said(*codes: int) -> Callable[[Case, Story], Complaint]:
    def check(_case: Case, story: Story) -> Complaint:
        status = story.last.status if story.last else 0
        return "" if status in codes else f"the phone's status was {status}"

    return check


def _no_agent(_case: Case, story: Story) -> Complaint:
    return "" if story.call.agent else "it awaited no agent"


def _connected(_case: Case, story: Story) -> Complaint:
    return "" if story.answered else "it was never answered"


def _no_answer(case: Case, story: Story) -> Complaint:
    if not story.rang:
        return "it never rang"
    return _unanswered(case, story) or _over(case, story)


def _unreachable(case: Case, story: Story) -> Complaint:
    last = story.last
    if last is None:
        return "" if case.weather.struck(story.begin, case.over(story), LIVEKIT) else "no INVITE"
    if last.status in _UNREACHABLE:
        return ""
    if story.call.sip_status_code == _CANCELLED and last.status == _CANCELLED:
        return "" if _rang_unseen(last) or case.troubled(story) else "it had rung"
    if complaint := _unanswered(case, story):
        return complaint
    if story.call.hangup_source is _S.UNKNOWN:  # all that a notice says if the reply is lost
        return "" if case.troubled(story) else "nothing was lost"
    rang = last.rang is not None and (last.ended or case.evidence.end) - last.rang > SEEN_RINGING
    if rang and not case.troubled(story) and not silent(story, last):
        return "it rang"
    return _over(case, story)


def _rang_unseen(invite: Invite) -> bool:
    """It did not ring, or so shortly that no look at the leg need have seen it."""
    return invite.rang is None or (invite.ended or invite.rang) - invite.rang < UNSEEN_RINGING


def _over(case: Case, story: Story) -> Complaint:
    """The time to ring was over, or the phone itself ended it."""
    last = story.last
    if last is None:
        return ""
    if said := story.call.sip_status_code:
        # What comes after the gateway's own clock has ended the ringing does not count any more.
        late = story.call.ending is not None and (
            case.troubled(story) or (last.ended or 0.0) > story.deadline - CROSSING
        )
        return "" if said == _CANCELLED or late else f"the phone's status was {said}"
    ended = case.evidence.end if last.ended is None else last.ended
    early = story.deadline - ended
    unheard = last.rang is None and ended - last.arrived >= SILENT_FOR
    if early <= EARLY or unheard or silent(story, last) or case.troubled(story):
        return ""
    return f"it was cut short by {early:.3f} s"


def _unanswered(case: Case, story: Story, since: float | None = None) -> Complaint:
    """It was not answered, but for an answer that crossed the end of the ringing (`since`)."""
    answered = story.answered
    if answered is None or answered.answered is None or case.troubled(story):
        return ""
    over = story.deadline if since is None else since
    if answered.answered >= over - SEEN_ANSWERED:
        return ""
    return f"it was answered {over - answered.answered:.3f} s before that"


def _carrier_limit(_case: Case, story: Story) -> Complaint:
    status = story.last.status if story.last else 0
    told = 400 <= status < 700 and story.call.sip_status_code == status
    return "" if told else f"the carrier's status was {status}"


def _trunk_failure(case: Case, story: Story) -> Complaint:
    status = story.last.status if story.last else 0
    if status in _TRUNK or (500 <= status < 600 and status != 504):
        return ""
    if story.call.sip_status_code:
        return f"the carrier's status was {status}"
    return "" if not story.rang or case.troubled(story) else "it rang"


def _rejected(case: Case, story: Story) -> Complaint:
    if story.inbound:
        limited = case.config.tenant(story.call.tenant_id)
        few = limited and limited.limits.max_concurrent_inbound_calls
        return "" if few and story.call.hangup_source is _S.GATEWAY else "callers are not limited"
    status = story.last.status if story.last else 0
    if not story.call.sip_status_code:  # all that a notice says if the reply is lost
        said = 300 <= status < 700
        return "" if said and case.troubled(story) else f"the phone's status was {status}"
    other = 300 <= status < 700 and status not in _TAKEN and not 500 <= status < 600
    return "" if other else f"the phone's status was {status}"


def _canceled(case: Case, story: Story) -> Complaint:
    source = story.call.hangup_source
    if case.consulted(story) and story.call.ending is not None:
        return _unanswered(case, story, case.over(story) - ANSWERS)
    if story.inbound and source in (_S.REMOTE, _S.UNKNOWN):
        leg = story.answered
        unseen = leg is None or (leg.ended or 0.0) - (leg.answered or 0.0) < SEEN_RINGING
        return "" if unseen or case.troubled(story) else "it was answered"
    if source is _S.API and not case.hung_up(story):
        return "nobody asked for it"
    if source is _S.GATEWAY and not case.abandoned(story):
        return "no waiting client has left"
    hung_up = [one.asked for one in story.requests(HANG_UP)]
    left = [one.told for one in story.requests(PLACE) if one.error and one.told < math.inf]
    return _unanswered(case, story, min(hung_up + left, default=None))


def _not_dialed(_case: Case, story: Story) -> Complaint:
    if not story.invites:
        return ""
    invite = story.invites[0]
    return f"{invite.number} got an INVITE at {invite.arrived:.3f} s"


def _lasted(case: Case, story: Story) -> Complaint:
    answered = story.answered
    if answered is None or answered.answered is None:
        return "it was never answered"
    if len(story.requests(UPDATE)) > 1:
        return ""  # the shorter one may have been carried out before the longer one came
    ended = case.evidence.end if answered.ended is None else answered.ended
    short = story.call.max_duration.total_seconds() - (ended - answered.answered)
    if case.weather.struck(story.begin, story.end or ended, LIVEKIT):
        return ""  # it left unseen
    if short <= SHORT:
        return ""
    return f"it was cut short by {short:.3f} s"


def _transferred(case: Case, story: Story) -> Complaint:
    if not any(one.state is TransferState.COMPLETED for one in story.transfers):
        return "no transfer was completed"
    return _connected(case, story)


def _room_deleted(case: Case, story: Story) -> Complaint:
    if case.room_ended(story):
        return ""
    if story.call.hangup_source is _S.API:
        return "nobody asked for the end of its room"
    return _broken(case, story)


def _duplicate(case: Case, story: Story) -> Complaint:
    place = (story.call.room, story.call.participant_identity)
    others = (
        one
        for one in case.truth.invites
        if (one.room, one.identity) == place and one not in story.invites
    )
    return "" if any(others) else "no other leg had its identity"


def _removed(case: Case, story: Story) -> Complaint:
    last = story.last
    if last is not None and silent(story, last):
        return ""  # it began to ring while it was being given up
    return _broken(case, story)


def _broken(case: Case, story: Story) -> Complaint:
    return "" if case.unheard(story) or case.troubled(story) else "nothing was wrong"


def _lost(case: Case, story: Story) -> Complaint:
    return _connected(case, story) or _broken(case, story)


_TABLE: Mapping[EndReason, Callable[[Case, Story], Complaint]] = {
    _R.COMPLETED: _connected,
    _R.BUSY: _said(486, 600),
    _R.DECLINED: _said(603),
    _R.NO_ANSWER: _no_answer,
    _R.UNREACHABLE: _unreachable,
    _R.INVALID_NUMBER: _said(404, 484, 604),
    _R.CARRIER_REFUSED: _said(*_CARRIER),
    _R.TRUNK_LIMIT: _carrier_limit,
    _R.TRUNK_FAILURE: _trunk_failure,
    _R.REJECTED: _rejected,
    _R.CANCELED: _canceled,
    _R.NOT_DIALED: _not_dialed,
    _R.AGENT_MISSING: _no_agent,
    _R.MAX_DURATION: _lasted,
    _R.TRANSFERRED: _transferred,
    _R.ROOM_DELETED: _room_deleted,
    _R.ROOM_CLOSED: _broken,
    _R.REMOVED: _removed,
    _R.DUPLICATE_IDENTITY: _duplicate,
    _R.PLATFORM_LOST: _lost,
    _R.OUTCOME_UNKNOWN: _broken,
}

_UNLESS_ASKED = frozenset({_S.PLATFORM})
SOURCES: Mapping[EndReason, Collection[HangupSource]] = {
    _R.COMPLETED: frozenset({_S.API, _S.REMOTE, _S.GATEWAY, _S.UNKNOWN}),
    _R.BUSY: frozenset({_S.REMOTE}),
    _R.DECLINED: frozenset({_S.REMOTE}),
    _R.NO_ANSWER: frozenset({_S.GATEWAY, _S.REMOTE}),
    _R.UNREACHABLE: frozenset({_S.GATEWAY, _S.REMOTE, _S.UNKNOWN}),
    _R.INVALID_NUMBER: frozenset({_S.REMOTE}),
    _R.CARRIER_REFUSED: _UNLESS_ASKED,
    _R.TRUNK_LIMIT: _UNLESS_ASKED,
    _R.TRUNK_FAILURE: _UNLESS_ASKED,
    _R.REJECTED: frozenset({_S.REMOTE, _S.GATEWAY}),
    _R.CANCELED: frozenset({_S.API, _S.GATEWAY, _S.REMOTE, _S.UNKNOWN}),
    _R.NOT_DIALED: _UNLESS_ASKED,
    _R.MAX_DURATION: frozenset({_S.GATEWAY}),
    _R.TRANSFERRED: frozenset({_S.API}),
    _R.AGENT_MISSING: frozenset({_S.GATEWAY}),
    _R.ROOM_DELETED: frozenset({_S.API, _S.PLATFORM}),
    _R.ROOM_CLOSED: _UNLESS_ASKED,
    _R.REMOVED: _UNLESS_ASKED,
    _R.DUPLICATE_IDENTITY: _UNLESS_ASKED,
    _R.PLATFORM_LOST: frozenset({_S.PLATFORM, _S.UNKNOWN}),
    _R.OUTCOME_UNKNOWN: frozenset({_S.UNKNOWN}),
}
"""Who may have ended a call that ended for this reason."""
