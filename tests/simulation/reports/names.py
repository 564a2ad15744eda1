"""Which call of the plan is meant by an id, a phone number or a room."""

import re
from collections.abc import Iterator, Mapping

from tests.simulation.clients.messages import LABEL
from tests.simulation.judge.evidence import Evidence
from tests.simulation.plan.configuring import inbound_room
from tests.simulation.plan.doings import Consult, Place, Plan, RingIn

Names = Mapping[str, str]
"""Ids of calls, legs, transfers and events, numbers, rooms: the short name of the call."""

_WORD = re.compile(r"[\w+-]+")
_CALL_ID = re.compile(r"call_[0-9a-f]+")


def short(number: int) -> str:
    """The name of the call of a Place or a RingIn."""
    return f"call-{number}"


def number_of(name: str) -> int | None:
    """The other way round; None for a call that is not the plan's."""
    number = name.removeprefix("call-")
    return int(number) if number.isdecimal() else None


def planned(plan: Plan) -> dict[str, str]:
    """What is known before anything has happened."""
    names = {}
    for doing in plan.doings:
        if isinstance(doing, Place | Consult):
            names[doing.to] = short(doing.number)
        elif isinstance(doing, RingIn):
            names[doing.caller] = short(doing.number)
            names[inbound_room(doing.tenant, doing.number)] = short(doing.number)
    return names


def names_in(evidence: Evidence) -> dict[str, str]:
    """What is known when all is over."""
    names = planned(evidence.plan)
    stored = evidence.stored
    for call in stored.calls.values():
        label = call.labels.get(LABEL)
        known = names.get(call.to if call.parent_call_id else call.caller_id, call.call_id[-8:])
        names[call.call_id] = f"call-{label}" if label else known
    for invite in evidence.truth.invites:
        names[invite.sip_call_id] = names.get(invite.call_id, invite.call_id)
    for transfer in stored.transfers.values():
        names[transfer.transfer_id] = names.get(transfer.call_id, transfer.call_id)
    for event in stored.events:
        names[event.event_id] = names.get(event.call.call_id, event.call.call_id)
    return names


def meant(names: Names, text: str) -> Iterator[str]:
    """The calls that a text speaks of."""
    for word in _WORD.findall(text):
        found = names.get(word)
        if found:
            yield found


def readable(names: Names, text: str) -> str:
    """The text with short names for the ids of calls."""
    return _CALL_ID.sub(lambda found: names.get(found[0], found[0]), text)
