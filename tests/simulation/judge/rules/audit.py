"""The audit log: whole, and a record of everything that was done."""

import json
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256

from gateway.audit.chain import verify
from gateway.audit.tree.checkpoints import trusted_checkpoint
from gateway.audit.tree.growing import GrowingTree
from gateway.audit.tree.hashing import hash_leaf
from gateway.domain.calls.transfer import TransferState
from tests.simulation.clients.messages import HANG_UP, UPDATE
from tests.simulation.judge.bounds import CLOCKS_APART
from tests.simulation.judge.case import Case, Story
from tests.simulation.judge.evidence import Breach
from tests.simulation.judge.stored import Record
from tests.simulation.judge.weather import DATABASE
from tests.simulation.nodes.signing import SIGNING_KEY
from tests.simulation.plan.doings import Fault

MAY_WAIT = 30.0
"""Seconds: longer than any gateway is away before another takes records up, and clocks differ."""
_ADOPTED = {"livekit/webhook", "livekit/sweep"}
_MAY_LOSE = DATABASE | {Fault.KILL, Fault.DRAIN}
"""After which records that no request waits for may be lost, as `docs/audit.md` says."""
_CHANGES = {HANG_UP, UPDATE}


def logs_verify(case: Case) -> Iterator[Breach]:
    """The gateway's own verification finds nothing wrong with the log of any process."""
    for problem in verify([one.link for one in case.stored.audit]):
        yield Breach(problem.log_id, str(problem))


def logs_verify_by_hand(case: Case) -> Iterator[Breach]:
    """So does a recomputation that knows only JSON and SHA-256, as `docs/audit.md` describes."""
    newest: dict[str, int] = {}
    for record in case.stored.audit:
        link = record.link
        text = json.dumps(
            json.loads(link.text), sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        digest = sha256(b"\0" + text.encode()).hexdigest()
        place = (record.get("log_id"), record.get("sequence"))
        if digest != link.hash or link.previous_hash or text != link.text:
            yield Breach(link.log_id, f"#{link.sequence} is not what was written")
        elif place != (link.log_id, newest.get(link.log_id, 0) + 1):
            yield Breach(link.log_id, f"#{link.sequence} is out of its place")
        newest[link.log_id] = link.sequence


def the_tree_has_each_record_once(case: Case) -> Iterator[Breach]:
    """Every record is one leaf, each log in its order; only the last moment's may still wait."""
    records = {(one.link.log_id, one.link.sequence): one for one in case.stored.audit}
    size, newest = 0, dict[str, int]()
    for span in case.stored.spans:
        if (span.first_leaf, span.first_sequence) != (size, newest.get(span.log_id, 0) + 1):
            yield Breach(span.log_id, f"leaf {span.first_leaf} is not the next of tree and log")
        size += span.count
        newest[span.log_id] = span.first_sequence + span.count - 1
    if size != case.stored.tree_size:
        yield Breach("tree", f"it has {case.stored.tree_size} records, its spans {size}")
    last = max((case.when_recorded(one) for one in records.values()), default=0.0)
    for (log_id, sequence), record in records.items():
        if sequence > newest.get(log_id, 0) and case.when_recorded(record) < last - MAY_WAIT:
            yield Breach(log_id, f"#{sequence} is not in the tree")


def checkpoints_are_of_the_records(case: Case) -> Iterator[Breach]:
    """The root of each signed checkpoint is that of the records, recomputed from their texts."""
    leaves = {
        (one.link.log_id, one.link.sequence): hash_leaf(one.link.text.encode())
        for one in case.stored.audit
    }
    signed = {}
    for note in case.stored.checkpoints:
        checkpoint = trusted_checkpoint(note, [SIGNING_KEY.verifier])
        signed[checkpoint.size] = checkpoint.root
    tree = GrowingTree()
    roots = {0: tree.root}
    for span in case.stored.spans:
        for nth in range(span.count):
            tree.append(leaves.get((span.log_id, span.first_sequence + nth), b""))
            if tree.size in signed:
                roots[tree.size] = tree.root
    if not signed:
        yield Breach("tree", "nothing was signed")
    for size, root in signed.items():
        if roots.get(size) != root:
            yield Breach("tree", f"the checkpoint of {size} records is not theirs")


def each_call_has_its_intent(case: Case) -> Iterator[Breach]:
    """An accepted call has one record of the intent, with its number and first trunk.

    A caller's call has one record of how it was found.
    """
    for story in case.stories.values():
        if story.inbound:
            found = [one for one in story.others if one.get("method") in _ADOPTED]
        else:
            found = _of_call(story.intents)
        if len(found) != 1:
            yield Breach(story.call.call_id, f"{len(found)} records of its begin", story.begin)
        elif not story.inbound and not _tells(story, found[0]):
            yield Breach(story.call.call_id, "the intent tells another call", story.begin)


def each_end_has_its_outcome(case: Case) -> Iterator[Breach]:
    """An ended call has one record of its outcome, with its reason."""
    for story in case.stories.values():
        reasons = [one.get("reason") for one in _of_call(story.outcomes)]
        reason = story.call.end_reason
        expected = [reason.value] if reason else []
        if reasons != expected:
            text = f"the outcome is recorded as {reasons}, not {expected}"
            yield Breach(story.call.call_id, text, story.end or 0.0)


def each_transfer_has_its_records(case: Case) -> Iterator[Breach]:
    """A transfer has one record of the intent, and one of each state that it got into."""
    for story in case.stories.values():
        for transfer in (*story.transfers, *story.consultations):
            name = transfer.transfer_id
            intents = [one for one in story.intents if one.get("transfer_id") == name]
            told = [one.get("reason") for one in story.outcomes if one.get("transfer_id") == name]
            states = dict.fromkeys(
                event.transfer.state.value
                for event in story.events
                if event.transfer and event.transfer.transfer_id == name
            )
            states.pop(TransferState.PENDING.value, None)
            if len(intents) != 1 or Counter(told) != Counter(states.keys()):
                text = f"{len(intents)} intents; outcomes {told} of {[*states]}"
                yield Breach(name, text, case.at(transfer.create_time))


def each_change_has_its_record(case: Case) -> Iterator[Breach]:
    """Each HangUpCall and UpdateCall that was answered is recorded.

    Nobody waits for these records: they may be lost if a gateway ends or the database is away.
    """
    if case.weather.kinds & _MAY_LOSE:
        return
    done = Counter(
        (one.get("method"), one.get("call_id"))
        for one in case.stored.audit
        if one.get("kind") == "DONE" and one.get("code") == "OK"
    )
    told = Counter(
        (f"CallService/{one.method}", one.call_id)
        for one in case.evidence.told
        if one.ok and one.method in _CHANGES
    )
    for (method, call_id), count in told.items():
        if done[method, call_id] < count:
            yield Breach(call_id, f"{done[method, call_id]} of {count} {method} are recorded")


def intents_come_first(case: Case) -> Iterator[Breach]:
    """The intent is recorded before the first INVITE, and the transfer's before its REFER.

    By the time in the record, where all clocks are right.
    """
    if not case.weather.clocks_are_right:
        return
    for story in case.stories.values():
        first = min((one.arrived for one in story.invites), default=None)
        if story.inbound or first is None:
            continue
        for record in _of_call(story.intents):
            if case.when_recorded(record) > first + CLOCKS_APART:
                yield Breach(story.call.call_id, "it was dialled before its intent", first)


def _of_call(records: list[Record]) -> list[Record]:
    """Without those of its transfers."""
    return [one for one in records if not one.get("transfer_id")]


def _tells(story: Story, intent: Record) -> bool:
    request, decision = intent.get("request") or {}, intent.get("decision") or {}
    attempts = story.call.attempts
    trunk = decision.get("trunk_id") == (attempts[0].trunk_id if attempts else None)
    return request.get("to") == story.call.to and trunk


RULES = (
    logs_verify,
    logs_verify_by_hand,
    the_tree_has_each_record_once,
    checkpoints_are_of_the_records,
    each_call_has_its_intent,
    each_end_has_its_outcome,
    each_transfer_has_its_records,
    each_change_has_its_record,
    intents_come_first,
)
