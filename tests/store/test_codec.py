"""Documents: what comes back is what went in."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError

from gateway.domain.calls.call import Call, LegOptions, Wishes
from gateway.domain.calls.event import CallEvent, as_told
from gateway.domain.calls.transfer import Transfer
from gateway.domain.route_decision import Backup
from gateway.store.codec import (
    KEPT,
    call_of,
    call_row,
    event_of,
    event_row,
    transfer_of,
    transfer_row,
)
from gateway.store.databases.times import micros, time_of
from gateway.wire.telephony_v1 import responses
from tests.stands.clocks import NOON
from tests.stands.phones import OWN
from tests.stands.values import a_call, an_event, on_trunk

times = st.datetimes(
    min_value=datetime(1970, 1, 2),  # noqa: DTZ001  Hypothesis adds the zone
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
spans = st.timedeltas(min_value=timedelta(), max_value=timedelta(days=400))
st.register_type_strategy(datetime, times)
st.register_type_strategy(timedelta, spans)
st.register_type_strategy(Mapping, st.dictionaries(st.text(), st.text(), max_size=3))


@given(st.from_type(Call))
def test_a_call_comes_back_whole(call: Call) -> None:
    """Any call, with whatever text, spans and times, is read as it was written."""
    assert call_of.afresh(call_row(call)["document"]) == call


@given(st.from_type(Transfer))
def test_a_transfer_comes_back_whole(transfer: Transfer) -> None:
    """Any transfer is read as it was written."""
    assert transfer_of.afresh(transfer_row(transfer)["document"]) == transfer


@given(st.from_type(CallEvent))
def test_an_event_comes_back_as_it_is_told(event: CallEvent) -> None:
    """Any event, with its call and transfer, is read as it was written, without the leg."""
    assert event_of.afresh(event_row(event)["document"]) == as_told(event)


def test_what_was_written_here_is_not_decoded() -> None:
    """The row of a call gives the very same call, as long as few were written since."""
    call = a_call("call_x")
    document = call_row(call)["document"]
    assert call_of(document) is call
    for number in range(KEPT + 1):
        call_row(a_call(f"call_{number}"))
    assert call_of(document) is not call
    assert call_of(document) == call


@given(st.from_type(CallEvent))
def test_an_event_of_before_is_read(event: CallEvent) -> None:
    """A document that still has everything of the call gives the same event."""
    document = TypeAdapter(CallEvent).dump_json(event).decode()
    assert event_of(document) == as_told(event)


def test_what_callers_see_stays() -> None:
    """What an event leaves out, no caller was ever told."""
    whole = an_event(
        on_trunk(
            "call_1",
            leg=LegOptions(participant_metadata="x"),
            wishes=Wishes(caller_id=OWN),
            backups=(Backup("paris", (OWN,)),),
            labels={"a": "b"},
            answer_time=NOON,
        )
    )
    assert as_told(whole) != whole
    assert responses.event(as_told(whole)) == responses.event(whole)


@given(times)
def test_a_time_comes_back(time: datetime) -> None:
    """Microseconds since 1970 and back is the same time."""
    assert time_of(micros(time)) == time


def test_a_time_without_zone_is_refused() -> None:
    """A naive time has no instant and cannot be stored."""
    with pytest.raises(TypeError):
        micros(datetime(2026, 3, 1))  # noqa: DTZ001


def test_a_value_of_the_wrong_type_is_refused() -> None:
    """What could not be read back is not written."""
    with pytest.raises(PydanticSerializationError):
        call_row(a_call("call_1", sip_status_code="busy"))
