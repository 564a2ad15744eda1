"""Logs of single processes: no way to touch their records unseen, chained or not."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.chain import NO_HASH, record_hash, verify
from gateway.audit.records import Log, canonical
from gateway.audit.tree.hashing import hash_leaf
from gateway.cli.proofs.forms import entry_of
from gateway.domain.audit_event import AuditEvent, AuditKind, ChainedAuditEvent
from tests.stands.chained import Chain

INDIA = timezone(timedelta(hours=5, minutes=30))
TIME = datetime(2026, 3, 1, 17, 30, 0, 5, tzinfo=INDIA)


def a_log(
    length: int,
    log_id: str = "log_a",
    known: Mapping[str, str] | None = None,
    *,
    chained: bool = True,
) -> list[Any]:
    links: list[ChainedAuditEvent] = []
    chain: Chain | Log = Chain(log_id, known_logs=known or {}) if chained else Log(log_id)
    for number in range(length):
        event = AuditEvent(time=TIME, kind=AuditKind.DONE, rpc_id=f"rpc-{number}")
        chain, link = chain.append(event)
        links.append(link)
    return links


def complaints(links: Sequence[ChainedAuditEvent]) -> list[tuple[str, int, str]]:
    problems = verify(links)
    return [(p.log_id, p.sequence, p.message.split(":")[0]) for p in problems]


def test_anyone_can_compute_the_hash_of_a_chained_record() -> None:
    """SHA-256 over the hash before and the record's text; 64 zeros stand before the first."""
    first, second = a_log(2)
    assert first.previous_hash == NO_HASH == "0" * 64
    text = canonical(second.record)
    assert second.hash == sha256(f"{first.hash}{text}".encode()).hexdigest()
    assert (second.record["log_id"], second.record["sequence"]) == ("log_a", 2)


@given(st.integers(0, 12), st.booleans())
def test_an_untouched_log_is_whole(length: int, chained: bool) -> None:  # noqa: FBT001
    """Nothing is said against a log of any length as it was written."""
    assert verify(a_log(length, chained=chained)) == []


@given(st.data())
def test_a_changed_record_shows(data: st.DataObject) -> None:
    """Whatever is changed of whichever record, the log is no longer whole, from there on."""
    links = a_log(5, chained=data.draw(st.booleans()))
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


@given(st.sets(st.integers(0, 5), min_size=1, max_size=5), st.booleans())
def test_removed_records_show(places: set[int], chained: bool) -> None:  # noqa: FBT001
    """Any records taken out, but for the log's end, are named by the one behind the gap."""
    log = a_log(7, chained=chained)
    links = [link for place, link in enumerate(log) if place not in places]
    found = complaints(links)
    gaps = {link.sequence for link in links if link.sequence - 2 in places}
    assert {sequence for _, sequence, what in found if what == "removed"} == gaps


@given(st.permutations(range(6)).filter(lambda order: order != list(range(6))), st.booleans())
def test_reordered_records_show(order: list[int], chained: bool) -> None:  # noqa: FBT001
    """Records in any other order than the one they were written in are named."""
    links = a_log(6, chained=chained)
    assert "reordered or repeated" in {w for _, _, w in complaints([links[n] for n in order])}


@given(st.integers(0, 4), st.integers(0, 4), st.booleans())
def test_exchanged_contents_show(one: int, other: int, chained: bool) -> None:  # noqa: FBT001
    """Two records that have traded places, numbers and all, are named."""
    links = a_log(5, chained=chained)
    if one == other:
        return
    traded = list(links)
    traded[one] = replace(links[other], sequence=one + 1)
    traded[other] = replace(links[one], sequence=other + 1)
    assert {("log_a", one + 1, "reordered"), ("log_a", other + 1, "reordered")} <= set(
        complaints(traded)
    )


@given(st.integers(0, 4))
def test_a_record_that_left_its_chain_shows(place: int) -> None:
    """A record of a chained log cannot pass for one that never was chained."""
    links = a_log(5)
    text = links[place].text
    links[place] = replace(links[place], previous_hash="", hash=hash_leaf(text.encode()).hex())
    assert "changed" in {what for _, _, what in complaints(links)}


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


def test_an_old_process_may_name_a_log_that_is_not_chained() -> None:
    """Its first record, written after a newer gateway's, names a head that no chain has."""
    new = a_log(3, "log_new", chained=False)
    old = a_log(2, "log_old", {"log_new": new[1].hash})
    assert complaints([*new, *old]) == []
    assert complaints(old) == [("log_new", 0, "removed or changed")]


def test_old_logs_in_tiles_are_whole() -> None:
    """Tiles hold texts alone, without the chains whose heads the logs' first records name."""
    one = a_log(3, "log_one")
    two = a_log(2, "log_two", {"log_one": one[-1].hash})
    assert complaints([*one, *two]) == []
    assert complaints([entry_of(link.text.encode()) for link in (*one, *two)]) == []
