"""Holds and warm transfers: who hears whom, and what is left of them."""

from collections import defaultdict
from collections.abc import Iterator
from math import inf

from gateway.domain.calls.transfer import CallerHears, Transfer, TransferState
from tests.simulation.clients.messages import CANCEL, COMPLETE, CONSULT, HOLD, RESUME
from tests.simulation.clients.told import Told
from tests.simulation.judge.bounds import CROSSING, JUST, LATE, RELEASED, STRANGER, SWEPT
from tests.simulation.judge.case import Case, Story
from tests.simulation.judge.ears import Window, uncovered
from tests.simulation.judge.evidence import Breach, carried_out

_S = TransferState
_FINAL = {_S.COMPLETED, _S.FAILED, _S.CANCELED}


def caller_and_human_are_apart_until_completed(case: Case) -> Iterator[Breach]:
    """With SILENCE or MUSIC neither hears the other before the completion was asked for."""
    for story, transfer in _warm(case):
        if transfer.warm is None or transfer.warm.caller_hears is CallerHears.EVERYBODY:
            continue
        until = _completing(case, transfer)
        for caller, human in _pairs(case, story, transfer):
            for listener, speaker in ((caller, human), (human, caller)):
                heard = case.ears.first(listener, speaker, -inf, until - JUST)
                if heard is not None:
                    text = f"{listener} hears {speaker}"
                    yield Breach(transfer.transfer_id, text, heard)


def with_music_nobody_else_is_heard_for_long(case: Case) -> Iterator[Breach]:
    """From when the caller is set apart to the completion or the end: others for 4 s at most.

    Those are who has come meanwhile, or has come again. A fault adds its length.
    """
    for story, transfer in _warm(case):
        if transfer.warm is None or transfer.warm.caller_hears is not CallerHears.MUSIC:
            continue
        settled, begun = _settled(case, story, transfer), case.begun(transfer)
        until = min(_completing(case, transfer), inf if settled is None else settled)
        for leg in story.invites:
            kept = [one.begin for one in case.ears.apart.get(leg.sip_call_id, ()) if one.deaf]
            since = min((time for time in kept if time >= begun), default=inf)
            for heard in case.ears.others_than_musicians(leg.sip_call_id):
                begin, end = max(heard.begin, since), min(until, heard.end or case.evidence.end)
                if end - begin > STRANGER + case.weather.allowance(begin, end):
                    text = f"the caller hears {heard.speaker} for {end - begin:.3f} s"
                    yield Breach(transfer.transfer_id, text, end)


def a_phone_on_hold_hears_nobody(case: Case) -> Iterator[Breach]:
    """From the answer to HoldCall until somebody asks for something else.

    That is ResumeCall, CompleteWarmTransfer, or the answer that completes a warm transfer.
    """
    for story in case.stories.values():
        others = _ends_of_holds(case, story)
        for told in story.requests(HOLD):
            before = [over for asked, over in others if asked <= told.told]
            if not told.ok or any(over > told.asked - JUST for over in before):
                continue
            until = min((asked for asked, _ in others if asked >= told.asked), default=inf)
            for leg in story.invites:
                heard = case.ears.listens(leg.sip_call_id, told.told, until)
                if heard is not None:
                    yield Breach(story.call.call_id, "it heard somebody on hold", heard)


def nobody_stays_apart(case: Case) -> Iterator[Breach]:
    """No leg is deaf or hidden but for a hold or a warm transfer, and for 6 s after it.

    A fault adds its length and what follows from it.
    """
    for story in case.stories.values():
        windows = [*_holds(case, story), *_transfers(case, story)]
        for leg in story.invites:
            gone = case.evidence.end if leg.ended is None else leg.ended
            for apart in case.ears.apart.get(leg.sip_call_id, ()):
                over = min(gone, gone if apart.end is None else apart.end)
                left = uncovered(apart.begin, over - JUST, windows)
                if left is not None:
                    kept = " and ".join(name for name in ("deaf", "hidden") if getattr(apart, name))
                    yield Breach(story.call.call_id, f"its leg is still {kept}", left)


def everybody_hears_again(case: Case) -> Iterator[Breach]:
    """Some seconds after a hold or a warm transfer all in the room hear each other.

    As long as no other one begins, lasts or ends until then: who is hidden is announced after it.
    """
    for story in case.stories.values():
        settled = [_settled(case, story, one) for one in story.consultations]
        released = [one for one in settled if one is not None]
        released += [one.told for one in story.requests(RESUME) if one.ok]
        for time in released:
            due = time + RELEASED + case.weather.allowance(time - RELEASED, time + RELEASED)
            again = [one.asked for one in _asked(story, HOLD) if one.told > time]
            again += [one for one in released if one > time]
            again += _under_way(case, story, time)
            if min(again, default=inf) < due:
                continue
            for leg in story.invites:
                for text in case.ears.missing(leg.sip_call_id, leg.room, time, due):
                    yield Breach(story.call.call_id, text, due)


def no_human_outlives_its_transfer(case: Case) -> Iterator[Breach]:
    """A warm transfer that was not completed leaves no leg of a human in the room."""
    for story, transfer in _warm(case):
        settled = _settled(case, story, transfer)
        if transfer.state is _S.COMPLETED or settled is None:
            continue
        for human in case.humans(transfer):
            for leg in human.invites:
                over = case.evidence.end if leg.ended is None else leg.ended
                extra = case.weather.allowance(story.begin, settled + CROSSING)
                late = over - settled - CROSSING - extra
                if late > (SWEPT if extra else 0.0):
                    text = f"the human stayed {late:.3f} s longer"
                    yield Breach(transfer.transfer_id, text, over)


def warm_transfers_settle_in_time(case: Case) -> Iterator[Breach]:
    """PENDING for two `ringing_timeout` at most, CONSULTING for `consult_timeout`, and 3 s each.

    The caller is set apart within the first, the human's phone rings within the second. A fault
    adds to that.
    """
    for story, transfer in _warm(case):
        warm = transfer.warm
        if warm is None:
            continue
        begun = case.begun(transfer)
        left = _since(case, story, transfer, {_S.CONSULTING, *_FINAL})
        due = begun + 2 * transfer.ringing_timeout.total_seconds() + LATE
        yield from _late(case, transfer, begun, due, left)
        consulting = _since(case, story, transfer, {_S.CONSULTING})
        if consulting is not None:
            due = consulting + warm.consult_timeout.total_seconds() + LATE
            yield from _late(case, transfer, consulting, due, _settled(case, story, transfer))


def a_request_consults_one_human(case: Case) -> Iterator[Breach]:
    """The same `request_id` is one transfer, and a transfer is one human's call at most."""
    found: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for told in case.evidence.told:
        if told.method == CONSULT and told.request_id and told.ok:
            found[told.tenant, told.request_id].setdefault(told.transfer_id, told.told)
    for (tenant, request_id), transfers in found.items():
        if len(transfers) > 1:
            text = f"{request_id} is {', '.join(transfers)}"
            yield Breach(tenant, text, max(transfers.values()))
    humans: dict[str, list[Story]] = defaultdict(list)
    for story in case.stories.values():
        if story.call.parent_call_id:
            humans[story.call.parent_call_id].append(story)
    for call_id, calls in humans.items():
        caller = case.stories.get(call_id)
        if caller is None or len(calls) > len(caller.consultations):
            yield Breach(call_id, f"{len(calls)} humans were called", calls[-1].begin)


def outcomes_of_warm_transfers_are_true(case: Case) -> Iterator[Breach]:
    """COMPLETED only if asked for, and the human answered; CANCELED and FAILED for a reason."""
    for story, transfer in _warm(case):
        settled = _settled(case, story, transfer)
        if settled is not None and (complaint := _untrue(case, story, transfer, settled)):
            yield Breach(transfer.transfer_id, f"{transfer.state}, but {complaint}", settled)


def what_was_asked_for_is_so(case: Case) -> Iterator[Breach]:
    """When CompleteWarmTransfer is answered the two talk, and whoever was to leave has left.

    When CancelWarmTransfer is answered the human has left, and the caller is not apart any more.
    Without a fault, and as long as nobody asks for something else.
    """
    for story, transfer in _warm(case):
        for told in story.told:
            if told.transfer_id != transfer.transfer_id or not told.ok or case.troubled(story):
                continue
            if told.method == CANCEL:
                yield from _not_released(case, story, transfer, told)
            elif told.method == COMPLETE:
                yield from _not_joined(case, story, transfer, told.told)
                yield from _not_left(case, story, transfer, told.told)


def _not_released(case: Case, story: Story, transfer: Transfer, told: Told) -> Iterator[Breach]:
    again = _asked_since(case, story, transfer, told.told)
    again = again or any(one.asked <= told.told for one in _asked(story, HOLD))
    for leg in story.invites:
        if not again and case.ears.is_apart(leg.sip_call_id, told.told):
            yield Breach(transfer.transfer_id, "the caller is apart", told.told)
    for human in case.humans(transfer):
        for leg in human.invites:
            if leg.ended is None or leg.ended > told.told + CROSSING:
                yield Breach(transfer.transfer_id, "the human is there", told.told)


def _not_joined(case: Case, story: Story, transfer: Transfer, time: float) -> Iterator[Breach]:
    held = [one.asked for one in _asked(story, HOLD)]
    again = any(case.begun(transfer) < asked <= time for asked in held)
    if again or _asked_since(case, story, transfer, time):
        return
    for caller, human in _pairs(case, story, transfer):
        there = case.ears.present(story.call.room, time - CROSSING, time + CROSSING)
        if caller not in there or human not in there:
            continue
        for listener, speaker in ((caller, human), (human, caller)):
            if not case.ears.hears(listener, speaker, time):
                text = f"{listener} does not hear {speaker} yet"
                yield Breach(transfer.transfer_id, text, time)


def _not_left(case: Case, story: Story, transfer: Transfer, time: float) -> Iterator[Breach]:
    leaves = transfer.warm.leaves if transfer.warm else ""
    # One that joins after the two were joined, which the human's answer may have done long before,
    # was not there to be removed.
    settled = _settled(case, story, transfer)
    since = (time if settled is None else min(settled, time)) - CROSSING
    if leaves and leaves in case.ears.present(story.call.room, since, time + CROSSING):
        yield Breach(transfer.transfer_id, f"{leaves} has not left", time)


def _untrue(case: Case, story: Story, transfer: Transfer, settled: float) -> str:
    answered = [one.answered for one in case.humans(transfer) if one.answered]
    if transfer.state is _S.COMPLETED:
        if _completing(case, transfer) == inf:
            return "nobody asked for it"
        return "" if answered else "no human answered"
    if transfer.state is _S.CANCELED and not transfer.cause:
        asked = [one for one in _asked(story, CANCEL) if one.transfer_id == transfer.transfer_id]
        return "" if asked else "nobody asked for it"
    there = [
        leg
        for human in case.humans(transfer)
        for leg in human.invites
        if leg.ended is None or leg.ended > settled + CROSSING
    ]
    return f"{there[0].identity} is there" if there and not case.troubled(story) else ""


def _warm(case: Case) -> Iterator[tuple[Story, Transfer]]:
    for story in case.stories.values():
        for transfer in story.consultations:
            yield story, transfer


def _pairs(case: Case, story: Story, transfer: Transfer) -> Iterator[tuple[str, str]]:
    """The caller's legs with the human's, by name."""
    for human in case.humans(transfer):
        for other in human.invites:
            for leg in story.invites:
                yield leg.sip_call_id, other.sip_call_id


def _completing(case: Case, transfer: Transfer) -> float:
    """From when on the two may hear each other; infinite: never."""
    asked = [
        one.asked
        for one in _asked(case.stories[transfer.call_id], COMPLETE)
        if one.transfer_id == transfer.transfer_id
    ]
    if transfer.warm and transfer.warm.complete_on_answer:
        asked += _answered(case, transfer)
    return min(asked, default=inf)


def _answered(case: Case, transfer: Transfer) -> list[float]:
    """When the human's phone was answered."""
    legs = [leg for human in case.humans(transfer) for leg in human.invites]
    return [leg.answered for leg in legs if leg.answered is not None]


def _ends_of_holds(case: Case, story: Story) -> list[Window]:
    """What may end a hold, each from when it was asked for until it was carried out.

    An answer that completes a warm transfer does so when it is stored, and ends the holds that were
    asked for by then; that the transfer was asked for ends none.
    """
    found = [
        (one.asked, one.told) for method in (RESUME, COMPLETE) for one in _asked(story, method)
    ]
    for transfer in story.consultations:
        seen = _since(case, story, transfer, {_S.CONSULTING})
        answered = _answered(case, transfer)
        if transfer.warm and transfer.warm.complete_on_answer and answered and seen is not None:
            found.append((min(answered), seen))
    return found


def _asked(story: Story, method: str) -> list[Told]:
    """The requests of this kind that may have been carried out.

    One that waited is refused if the call, or the transfer, is over when it has waited.
    """
    return [
        one
        for one in story.told
        if one.method == method and (carried_out(one) or one.told - one.asked > JUST)
    ]


def _holds(case: Case, story: Story) -> Iterator[Window]:
    """When the phone may be on hold."""
    ends = [one for one in story.requests(RESUME) if one.ok]
    for told in _asked(story, HOLD):
        over = [one.told for one in ends if one.asked >= told.told]
        over += [
            time
            for one in story.consultations
            if one.state is _S.COMPLETED and told.told < _completing(case, one)
            for time in (_settled(case, story, one),)
            if time is not None
        ]
        yield _released(case, told.asked, min(over, default=inf))


def _transfers(case: Case, story: Story) -> Iterator[Window]:
    """When it may be kept apart by a warm transfer: its own, or as the human of one with music."""
    caller = case.stories.get(story.call.parent_call_id)
    with_music = [
        one
        for one in (caller.consultations if caller else ())
        if one.warm and one.warm.caller_hears is CallerHears.MUSIC
    ]
    for transfer in (*story.consultations, *with_music):
        of = case.stories[transfer.call_id]
        settled, since = _settled(case, of, transfer), case.begun(transfer)
        yield _released(case, since, inf if settled is None else settled)


def _released(case: Case, begin: float, end: float) -> Window:
    if end == inf:
        return begin - LATE, inf
    return begin - LATE, end + RELEASED + case.weather.allowance(begin, end + RELEASED)


def _asked_since(case: Case, story: Story, transfer: Transfer, time: float) -> bool:
    """By this time another transfer may have set the same caller apart.

    The answer to a command may be on its way then, which cannot tell it.
    """
    return any(
        case.begun(transfer) < case.begun(other) <= time
        for other in story.consultations
        if other.warm is None or other.warm.caller_hears is not CallerHears.EVERYBODY
    )


def _under_way(case: Case, story: Story, time: float) -> Iterator[float]:
    """When the transfers began that are not over at this time."""
    for transfer in story.consultations:
        settled = _settled(case, story, transfer)
        if settled is None or settled > time:
            yield case.begun(transfer)


def _since(
    case: Case, story: Story, transfer: Transfer, states: set[TransferState]
) -> float | None:
    """When it was stored in one of these states first."""
    for event in story.events:
        changed = event.transfer
        if changed and changed.transfer_id == transfer.transfer_id and changed.state in states:
            return case.when(event)
    return None


def _settled(case: Case, story: Story, transfer: Transfer) -> float | None:
    return _since(case, story, transfer, _FINAL)


def _late(
    case: Case, transfer: Transfer, begun: float, due: float, left: float | None
) -> Iterator[Breach]:
    late = (case.evidence.end if left is None else left) - due
    if late > 0 and late > case.weather.allowance(begun, due):
        yield Breach(transfer.transfer_id, f"it was open {late:.3f} s too long", due + late)


RULES = (
    caller_and_human_are_apart_until_completed,
    with_music_nobody_else_is_heard_for_long,
    a_phone_on_hold_hears_nobody,
    nobody_stays_apart,
    everybody_hears_again,
    no_human_outlives_its_transfer,
    warm_transfers_settle_in_time,
    a_request_consults_one_human,
    outcomes_of_warm_transfers_are_true,
    what_was_asked_for_is_so,
)
