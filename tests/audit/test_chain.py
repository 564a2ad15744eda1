"""Records: one way to write them down, and no way to touch them unseen."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.chain import (
    NO_HASH,
    Chain,
    Described,
    canonical,
    plain,
    record_hash,
    record_text,
    verify,
)
from gateway.domain.audit_event import AuditEvent, AuditKind, ChainedAuditEvent
from gateway.domain.calls.call import CallState, Direction

INDIA = timezone(timedelta(hours=5, minutes=30))
TIME = datetime(2026, 3, 1, 17, 30, 0, 5, tzinfo=INDIA)

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def a_log(length: int, log_id: str = "log_a", known: Mapping[str, str] | None = None) -> list[Any]:
    chain, links = Chain(log_id, known_logs=known or {}), []
    for number in range(length):
        event = AuditEvent(time=TIME, kind=AuditKind.DONE, rpc_id=f"rpc-{number}")
        chain, link = chain.append(event)
        links.append(link)
    return links


def complaints(links: Sequence[ChainedAuditEvent]) -> list[tuple[str, int, str]]:
    problems = verify(links)
    return [(p.log_id, p.sequence, p.message.split(":")[0]) for p in problems]


def test_a_record_has_one_text() -> None:
    """Keys sorted, no spaces, UTC times with microseconds, spans in seconds, nothing empty."""
    event = AuditEvent(
        time=TIME,
        kind=AuditKind.INTENT,
        actor="Zoë",
        request={"to": "+1", "ringing": timedelta(seconds=1.5), "codes": (486,)},
        decision={"direction": Direction.INBOUND, "state": CallState.RINGING, "at": TIME},
        latency=timedelta(milliseconds=250),
    )
    assert record_text(event) == (
        '{"actor":"Zoë",'
        '"decision":{"at":"2026-03-01T12:00:00.000005Z","direction":"INBOUND","state":2},'
        '"kind":"INTENT","latency":"0.25s",'
        '"request":{"codes":[486],"ringing":"1.5s","to":"+1"},'
        '"time":"2026-03-01T12:00:00.000005Z"}'
    )


@given(st.dictionaries(st.text(), values), st.text(), st.integers())
def test_a_record_put_together_has_that_text(
    request: dict[str, Any], actor: str, code: int
) -> None:
    """What was written of a request before is taken over, and the whole is the same text."""
    told = Described(request)
    event = AuditEvent(
        time=TIME, kind=AuditKind.DONE, actor=actor, request=told, sip_status_code=code
    )
    assert told.text == canonical(request)
    record = {"kind": "DONE", "log_id": "log_a", "sequence": 7, "time": plain(TIME)}
    record |= {"actor": actor} if actor else {}
    record |= {"request": request} if request else {}
    record |= {"sip_status_code": code} if code else {}
    assert record_text(event, log_id="log_a", sequence=7) == canonical(record)


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(), "0s"),
        (timedelta(days=2), "172800s"),
        (timedelta(microseconds=1), "0.000001s"),
        (timedelta(seconds=12, microseconds=345678), "12.345678s"),
        (-timedelta(seconds=1.5), "-1.5s"),
    ],
)
def test_a_span_is_written_exactly(span: timedelta, text: str) -> None:
    """No span loses a microsecond."""
    assert plain(span) == text


def test_a_latency_of_nothing_is_a_latency() -> None:
    """Zero is told; only an unknown latency is left out."""
    event = AuditEvent(time=TIME, kind=AuditKind.DONE)
    assert "latency" not in json.loads(record_text(event))
    assert json.loads(record_text(replace(event, latency=timedelta())))["latency"] == "0s"


@pytest.mark.parametrize("value", [object(), b"bytes", {1: "one"}, 1j])
def test_what_json_cannot_say_is_refused(value: object) -> None:
    """A record that could not be written the same way everywhere is not written."""
    with pytest.raises(TypeError, match="audit record"):
        plain(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), datetime(2026, 3, 1)])  # noqa: DTZ001
def test_what_has_no_one_meaning_is_refused(value: object) -> None:
    """Numbers that are none and times without a zone are refused."""
    with pytest.raises(ValueError, match=r"audit record|JSON compliant"):
        canonical({"value": plain(value)})


@given(st.dictionaries(st.text(), values))
def test_a_stored_record_gives_the_same_text(record: dict[str, Any]) -> None:
    """Reading a record's text and writing it again changes nothing, whatever it holds."""
    text = canonical(plain(record))
    assert canonical(json.loads(text)) == text


def test_anyone_can_compute_a_hash() -> None:
    """SHA-256 over the hash before and the record's text; 64 zeros stand before the first."""
    first, second = a_log(2)
    assert first.previous_hash == NO_HASH == "0" * 64
    text = canonical(second.record)
    assert second.hash == sha256(f"{first.hash}{text}".encode()).hexdigest()
    assert (second.record["log_id"], second.record["sequence"]) == ("log_a", 2)


@given(st.integers(0, 12))
def test_an_untouched_log_is_whole(length: int) -> None:
    """Nothing is said against a log of any length as it was written."""
    assert verify(a_log(length)) == []


@given(st.data())
def test_a_changed_record_shows(data: st.DataObject) -> None:
    """Whatever is changed of whichever record, the log is no longer whole, from there on."""
    links = a_log(5)
    place = data.draw(st.integers(0, 4))
    link = links[place]
    key = data.draw(st.sampled_from(sorted(link.record)))
    links[place] = replace(link, text=canonical({**link.record, key: "something else"}))
    assert complaints(links)[0] == ("log_a", place + 1, "changed")


@given(st.integers(0, 3), st.booleans())
def test_a_changed_record_with_a_new_hash_shows(place: int, rehash: bool) -> None:  # noqa: FBT001
    """Giving a changed record its right hash breaks the join with the next."""
    links = a_log(5)
    record = {**links[place].record, "actor": "someone else"}
    previous = links[place].previous_hash if rehash else "1" * 64
    digest = record_hash(previous, canonical(record))
    links[place] = replace(
        links[place], text=canonical(record), previous_hash=previous, hash=digest
    )
    assert ("log_a", place + 2, "changed") in complaints(links)


@given(st.sets(st.integers(0, 5), min_size=1, max_size=5))
def test_removed_records_show(places: set[int]) -> None:
    """Any records taken out, but for the log's end, are named by the one behind the gap."""
    links = [link for place, link in enumerate(a_log(7)) if place not in places]
    found = complaints(links)
    gaps = {link.sequence for link in links if link.sequence - 2 in places}
    assert {sequence for _, sequence, what in found if what == "removed"} == gaps


@given(st.permutations(range(6)).filter(lambda order: order != list(range(6))))
def test_reordered_records_show(order: list[int]) -> None:
    """Records in any other order than the one they were written in are named."""
    links = a_log(6)
    assert "reordered or repeated" in {w for _, _, w in complaints([links[n] for n in order])}


@given(st.integers(0, 4), st.integers(0, 4))
def test_exchanged_contents_show(one: int, other: int) -> None:
    """Two records that have traded places, numbers and all, are named."""
    links = a_log(5)
    if one == other:
        return
    traded = list(links)
    traded[one] = replace(links[other], sequence=one + 1)
    traded[other] = replace(links[one], sequence=other + 1)
    assert {("log_a", one + 1, "reordered"), ("log_a", other + 1, "reordered")} <= set(
        complaints(traded)
    )


def test_a_repeated_record_shows() -> None:
    """A record that stands there twice is named."""
    links = a_log(2)
    assert ("log_a", 2, "reordered or repeated") in complaints([*links, links[1]])


@pytest.mark.parametrize("left", [0, 2])
def test_a_removed_end_shows_in_another_log(left: int) -> None:
    """Where a later log knew the head, its log's missing end, or the whole log, is named."""
    old = a_log(3, "log_a")
    new = a_log(1, "log_b", {"log_a": old[-1].hash})
    assert complaints([*old, *new]) == []
    assert complaints([*old[:left], *new]) == [("log_a", left, "removed or changed")]


def test_one_log_alone_is_not_blamed_for_others() -> None:
    """Of a single log only its own records are judged."""
    assert verify(a_log(1, "log_b", {"log_a": "f" * 64}), all_logs=False) == []


def test_logs_may_be_mixed() -> None:
    """Records of several logs are judged each in its own log."""
    mixed = [link for pair in zip(a_log(3), a_log(3, "log_b"), strict=True) for link in pair]
    assert verify(mixed) == []


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"actor":"x"}'])
def test_what_is_no_record_any_more_shows(text: str) -> None:
    """Whatever stands in a record's place is a problem of this record, not an error."""
    links = a_log(2)
    links[0] = replace(links[0], text=text)
    assert ("log_a", 1, "changed") in complaints(links)


def test_a_problem_reads_as_a_sentence() -> None:
    """A problem names the log, the sequence and what is wrong."""
    (problem,) = verify(a_log(3)[1:2], all_logs=False)[:1]
    assert str(problem) == "log_a #2: removed: #1 is missing before it"
