"""The same for holds and warm transfers."""

from collections.abc import Mapping
from dataclasses import replace

from gateway.domain.calls.transfer import CallerHears, TransferState
from tests.simulation.breaches import Break
from tests.simulation.clients.messages import COMPLETE, CONSULT
from tests.simulation.clients.told import Told
from tests.simulation.hand_warm import CALLER, HUMAN, TRANSFER
from tests.simulation.judge.evidence import Evidence
from tests.simulation.world.truth import Hears, Stay


def _leaks(evidence: Evidence) -> None:
    heard = evidence.truth.heard
    heard.append(replace(heard[0], listener=HUMAN, speaker=CALLER, begin=35.0, end=35.1))


def _heard_on_hold(evidence: Evidence) -> None:
    room = evidence.truth.heard[0].room
    heard = Hears(room=room, listener=CALLER, speaker="agent-11", begin=43.0, end=43.5)
    evidence.truth.heard.append(heard)


def _hears_the_agent(evidence: Evidence) -> None:
    transfer = evidence.stored.transfers[TRANSFER]
    assert transfer.warm is not None
    warm = replace(transfer.warm, caller_hears=CallerHears.MUSIC)
    evidence.stored.transfers[TRANSFER] = replace(transfer, warm=warm)
    room = evidence.truth.heard[0].room
    heard = Hears(room=room, listener=CALLER, speaker="agent-11", begin=34.5, end=39.5)
    evidence.truth.heard.append(heard)


def _stays_hidden(evidence: Evidence) -> None:
    evidence.truth.apart[0].end = 55.0


def _stays_unheard(evidence: Evidence) -> None:
    evidence.truth.heard.pop()


def _canceled(evidence: Evidence) -> None:
    transfers = evidence.stored.transfers
    transfers[TRANSFER] = replace(transfers[TRANSFER], state=TransferState.CANCELED)


def _late(evidence: Evidence) -> None:
    """Its completion is stored too late."""
    for event in evidence.stored.events:
        if event.transfer and event.transfer.state is TransferState.COMPLETED:
            key = (event.tenant_id, event.sequence)
            evidence.committed = {**evidence.committed, key: 54.0}


def _twice(evidence: Evidence) -> None:
    told = next(one for one in evidence.told if one.method == CONSULT)
    told.request_id = "consult-11"
    again: Told = replace(told, transfer_id="transfer_other")
    evidence.told = [*evidence.told, again]


def _unasked(evidence: Evidence) -> None:
    evidence.told = [one for one in evidence.told if one.method != COMPLETE]


def _does_not_leave(evidence: Evidence) -> None:
    transfer = evidence.stored.transfers[TRANSFER]
    assert transfer.warm is not None
    warm = replace(transfer.warm, leaves="agent-11")
    evidence.stored.transfers[TRANSFER] = replace(transfer, warm=warm)
    room = evidence.truth.heard[0].room
    evidence.truth.agents.append(Stay(room=room, identity="agent-11", begin=31.0))


WARM: Mapping[str, Break] = {
    "warm.caller_and_human_are_apart_until_completed": _leaks,
    "warm.with_music_nobody_else_is_heard_for_long": _hears_the_agent,
    "warm.a_phone_on_hold_hears_nobody": _heard_on_hold,
    "warm.nobody_stays_apart": _stays_hidden,
    "warm.everybody_hears_again": _stays_unheard,
    "warm.no_human_outlives_its_transfer": _canceled,
    "warm.warm_transfers_settle_in_time": _late,
    "warm.a_request_consults_one_human": _twice,
    "warm.outcomes_of_warm_transfers_are_true": _unasked,
    "warm.what_was_asked_for_is_so": _does_not_leave,
}
