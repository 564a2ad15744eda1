"""Transfers: what becomes of a REFER, and what is said of it."""

from collections.abc import Iterator

from gateway.domain.calls.transfer import OnTimeout, Transfer, TransferState
from gateway.domain.outcome import EndReason
from tests.simulation.judge.bounds import CROSSING, JUST, LATE, LISTENS, TIMEOUT_SEEN
from tests.simulation.judge.case import Case, Story
from tests.simulation.judge.evidence import Breach
from tests.simulation.world.truth import ReferRequest

_S = TransferState


def a_refer_is_sent_once(case: Case) -> Iterator[Breach]:
    """Each REFER belongs to a stored transfer to its target, and a transfer sends one at most."""
    for story in case.stories.values():
        for target in dict.fromkeys(one.target for one in story.refers):
            refers = [one for one in story.refers if one.target == target]
            transfers = [one for one in story.transfers if one.to in target]
            if len(refers) > len(transfers):
                text = f"{len(refers)} REFERs to {target} for {len(transfers)} transfers"
                yield Breach(story.call.call_id, text, refers[-1].time)
        for transfer, refer in _pairs(story):
            begun = case.begun(transfer)
            if begun > refer.time + JUST:
                yield Breach(transfer.transfer_id, "a REFER before it was stored", refer.time)


def no_refer_without_a_call(case: Case) -> Iterator[Breach]:
    """A REFER is sent only for the leg of a call."""
    known = {id(refer) for story in case.stories.values() for refer in story.refers}
    for refer in case.truth.refers:
        if id(refer) not in known:
            text = f"a REFER for {refer.room}/{refer.identity}"
            yield Breach(refer.target, text, refer.time)


def transfers_are_true(case: Case) -> Iterator[Breach]:
    """COMPLETED only if the phone said so, FAILED only if it did not.

    LiveKit takes the end of a leg while its REFER is under way for success: so does the gateway.
    CANCELED only if the call was being hung up; a SIP status is what the phone said.
    """
    for story in case.stories.values():
        for transfer, refer in _pairs(story):
            if complaint := _untrue(case, story, transfer, refer):
                text = f"{transfer.state}, but {complaint}"
                yield Breach(transfer.transfer_id, text, refer.time)
        if len(story.refers) < len(story.transfers):
            for transfer in story.transfers:
                if transfer.state is _S.COMPLETED and not story.refers:
                    yield Breach(transfer.transfer_id, "COMPLETED without a REFER", story.begin)


def outcomes_are_known_when_nothing_is_wrong(case: Case) -> Iterator[Breach]:
    """Without a fault a transfer whose outcome LiveKit heard in time is not OUTCOME_UNKNOWN.

    LiveKit listens for 60 s longer than the request's timeout. Of a call that is being hung up
    nothing can be known: LiveKit takes its end for success.
    """
    for story in case.stories.values():
        for transfer, refer in _pairs(story):
            if (
                transfer.state is not _S.OUTCOME_UNKNOWN
                or case.troubled(story)
                or story.call.ending
            ):
                continue
            timeout = transfer.ringing_timeout.total_seconds()
            heard = refer.settled is not None and refer.settled < refer.time + timeout + LISTENS
            leg = story.answered
            gone = leg is None or leg.ended is None or leg.ended < (refer.settled or 0.0) + CROSSING
            if heard and not gone:
                yield Breach(transfer.transfer_id, f"SIP {refer.final} came in time", refer.time)


def transfers_are_settled(case: Case) -> Iterator[Breach]:
    """In the end no transfer is open."""
    for story in case.stories.values():
        for transfer in story.transfers:
            timeout = transfer.ringing_timeout.total_seconds() + LISTENS + LATE
            begun = case.begun(transfer)
            due = begun + timeout
            if transfer.settled or due + case.weather.allowance(begun, due) > case.evidence.end:
                continue
            yield Breach(transfer.transfer_id, f"still {transfer.state}", case.evidence.end)


def timeouts_are_kept(case: Case) -> Iterator[Breach]:
    """A transfer is PENDING for its `ringing_timeout` at most, and 1 s; a fault adds to that.

    With `on_timeout: HANG_UP` its call then ends.
    """
    for story in case.stories.values():
        for transfer in story.transfers:
            begun = case.begun(transfer)
            due = begun + transfer.ringing_timeout.total_seconds()
            left = [case.when(one) for one in story.events if _settles(one.transfer, transfer)]
            late = min(left, default=case.evidence.end) - due
            if late > TIMEOUT_SEEN + case.weather.allowance(begun, due):
                yield Breach(transfer.transfer_id, f"PENDING {late:.3f} s too long", due + late)
            unknown = transfer.state is _S.OUTCOME_UNKNOWN and left and min(left) >= due - JUST
            if unknown and transfer.on_timeout is OnTimeout.HANG_UP:
                over = case.evidence.end if story.end is None else story.end
                if over - due > LATE + TIMEOUT_SEEN + case.weather.allowance(begun, due):
                    yield Breach(transfer.transfer_id, "it did not hang up", over)


def one_transfer_at_a_time(case: Case) -> Iterator[Breach]:
    """A call takes no second transfer while one is PENDING or CONSULTING."""
    for story in case.stories.values():
        pending: dict[str, None] = {}
        for event in story.events:
            transfer = event.transfer
            if transfer is None:
                continue
            if transfer.state not in (_S.PENDING, _S.CONSULTING):
                pending.pop(transfer.transfer_id, None)
                continue
            pending[transfer.transfer_id] = None
            if len(pending) > 1:
                text = f"{len(pending)} transfers at once"
                yield Breach(story.call.call_id, text, case.when(event))


def a_call_that_was_handed_over_says_so(case: Case) -> Iterator[Breach]:
    """A call whose leg left after a COMPLETED transfer ends as TRANSFERRED, unless it was ended."""
    for story in case.stories.values():
        leg = story.answered
        if leg is None or leg.ended_by != "transfer" or case.troubled(story):
            continue
        done = any(one.state is _S.COMPLETED for one in story.transfers)
        reason = story.call.end_reason
        if done and story.call.ending is None and reason is not EndReason.TRANSFERRED:
            yield Breach(story.call.call_id, f"it was handed over, not {reason}", leg.ended or 0.0)


def _pairs(story: Story) -> Iterator[tuple[Transfer, ReferRequest]]:
    """Transfers with their REFERs, as far as it is certain which is whose."""
    if len(story.refers) == len(story.transfers):
        yield from zip(story.transfers, story.refers, strict=True)
        return
    for transfer in story.transfers:
        same = [one for one in story.refers if transfer.to in one.target]
        only = sum(one.to == transfer.to for one in story.transfers) == 1
        if only and len(same) == 1:
            yield transfer, same[0]


def _untrue(case: Case, story: Story, transfer: Transfer, refer: ReferRequest) -> str:
    said = transfer.sip_status_code
    if said and said != refer.final:
        return f"SIP {said} was {refer.final}"
    if transfer.state is _S.COMPLETED and refer.final != 200:
        ended = story.answered.ended if story.answered else None
        settled = case.evidence.end if refer.settled is None else refer.settled
        early = ended is not None and ended < settled + CROSSING
        return "" if early else f"the phone said {refer.final}"
    if transfer.state is _S.FAILED and refer.final == 200:
        return "it succeeded"
    if transfer.state is _S.FAILED and refer.settled is None and not case.troubled(story):
        leg = story.answered
        gone = leg is None or (leg.ended is not None and leg.ended <= refer.time + JUST)
        return "" if gone else "the phone said nothing"
    if transfer.state is _S.CANCELED and story.call.ending is None:
        return "nobody hung up"
    return ""


def _settles(changed: Transfer | None, transfer: Transfer) -> bool:
    if changed is None or changed.transfer_id != transfer.transfer_id:
        return False
    return changed.state is not _S.PENDING


RULES = (
    a_refer_is_sent_once,
    no_refer_without_a_call,
    transfers_are_true,
    outcomes_are_known_when_nothing_is_wrong,
    transfers_are_settled,
    timeouts_are_kept,
    one_transfer_at_a_time,
    a_call_that_was_handed_over_says_so,
)
