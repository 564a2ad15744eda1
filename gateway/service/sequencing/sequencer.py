"""Takes audit records into the tree, in batches: one gateway at a time, any of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from gateway.audit.tree.tiles import TileMissingError, grown
from gateway.ports import Clock, Reading, Store
from gateway.ports.audit_tree import BrokenLogError, Growth, LeafRange, LogProgress, TreeHead
from gateway.service.chores import every

LOOK_SECONDS = 0.4
"""How often records are taken up."""
PATIENCE_SECONDS = 0.7
"""A tree that does not grow for so long, although records wait, is taken over: after two looks.

A tree that is taken over from one that lives is none the worse.
"""
EVERY_LOG_SECONDS = 60.0
"""How often the logs of those are looked at, too, who do not announce that they write."""
QUIET_SECONDS = 600.0
"""A log whose mark is the same for so long has no writer any more: it would be another mark."""
BATCH = 2000
"""Leaves that are taken up together."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TreeGauges:
    """Where it is told how many records the tree has, how many wait, and whether it is broken."""

    records: Callable[[float], None]
    waiting: Callable[[float], None]
    broken: Callable[[float], None]


@dataclass(frozen=True, slots=True)
class _Look:
    """What waits at one moment, and what the tree would be with it."""

    head: TreeHead
    progress: Sequence[LogProgress]
    growth: Growth | None = None
    trouble: str = ""

    @property
    def waiting(self) -> int:
        """How many records are not in the tree."""
        return sum(max(0, each.written - each.sequenced) for each in self.progress)

    @property
    def taken(self) -> int:
        """How many of them are taken up."""
        return sum(span.count for span in self.growth.spans) if self.growth else 0


class Sequencer:
    """Lets the tree grow while this gateway is the one that does, or nobody else seems to.

    Two that do it at once do no harm: a growth counts only if the tree is still as it was read.
    """

    def __init__(self, store: Store, clock: Clock, gateway_id: str, gauges: TreeGauges) -> None:
        self._store = store
        self._clock = clock
        self._gateway_id = gateway_id
        self._gauges = gauges
        self._head = TreeHead(-1, "")
        self._waiting_since: float | None = None
        """That records wait, and the tree has not grown since."""
        self._every_due = 0.0
        self._marks: dict[str, tuple[int, float]] = {}
        """Of each log the mark, and since when it is that."""
        self.trouble = ""
        """Why the tree does not grow, or not by one of the logs; empty: it does."""

    async def keep(self) -> None:
        """Runs forever; errors are logged and it is tried again."""
        await every(LOOK_SECONDS, self.take_up, name="audit_tree")

    async def take_up(self) -> None:
        """Takes up what waits, if it is for this gateway to do."""
        head = await self._store.read(lambda reading: reading.tree_head(), brief=True)
        self._gauges.records(head.size)
        if head != self._head:
            self._head, self._waiting_since = head, None
        now = self._clock.elapsed()
        if head.gateway_id == self._gateway_id or await self._is_left(now):
            await self._take_up(now)

    async def _is_left(self, now: float) -> bool:
        """Whether records wait and whoever let the tree grow does so no more."""
        progress = await self._store.read(lambda reading: reading.audit_progress())
        waiting = _Look(self._head, progress).waiting
        self._gauges.waiting(waiting)
        since = self._waiting_since
        self._waiting_since = (now if since is None else since) if waiting else None
        return since is not None and waiting > 0 and now - since >= PATIENCE_SECONDS

    async def _take_up(self, now: float) -> None:
        look_at_all = now >= self._every_due
        more = True
        while more:
            look = await self._store.read(lambda reading: self._look(reading, every=look_at_all))
            self._gauges.waiting(look.waiting)
            if look.trouble and look.trouble != self.trouble:
                log.error("audit_tree_broken", cause=look.trouble)
            self.trouble = look.trouble
            self._gauges.broken(1 if look.trouble else 0)
            more = await self._grow(look) and look.taken < look.waiting
        if look_at_all:
            self._every_due = now + EVERY_LOG_SECONDS
        await self._drop_quiet(look.progress, now)

    async def _grow(self, look: _Look) -> bool:
        growth = look.growth
        if growth is None:
            return False
        grew = await self._store.transact(lambda tx: tx.grow_tree(growth))
        if grew:
            self._head = TreeHead(growth.size + look.taken, self._gateway_id)
            self._gauges.records(self._head.size)
            self._gauges.waiting(look.waiting - look.taken)
        return grew

    def _look(self, reading: Reading, *, every: bool) -> _Look:
        head, progress = reading.tree_head(), reading.audit_progress(every=every)
        spans: list[LeafRange] = []
        leaves: list[bytes] = []
        trouble = ""
        # The shortest first: none waits for one that is long.
        for each in sorted(progress, key=lambda one: (one.written - one.sequenced, one.log_id)):
            left = BATCH - len(leaves)
            if each.written > each.sequenced and left:
                try:
                    found = reading.audit_leaves(each.log_id, each.sequenced, left)
                except BrokenLogError as broken:  # the other logs are taken up
                    trouble = str(broken)
                    continue
                first = head.size + len(leaves)
                spans.append(LeafRange(first, each.log_id, each.sequenced + 1, len(found)))
                leaves += found
        if not leaves:
            return _Look(head, progress, trouble=trouble)
        try:
            tiles = grown(reading.audit_tile, head.size, leaves)
        except TileMissingError as missing:
            return _Look(head, progress, trouble=str(missing))
        growth = Growth(
            size=head.size,
            gateway_id=self._gateway_id,
            spans=spans,
            tiles=tiles,
            silent=frozenset(each.log_id for each in progress if not each.mark),
        )
        return _Look(head, progress, growth, trouble)

    async def _drop_quiet(self, progress: Sequence[LogProgress], now: float) -> None:
        """Looks no more at the logs of processes that have ended."""
        marks = {each.log_id: each.mark for each in progress}
        known = self._marks
        self._marks = {
            log_id: known[log_id] if known.get(log_id, (None, 0.0))[0] == mark else (mark, now)
            for log_id, mark in marks.items()
        }
        waiting = {each.log_id for each in progress if each.written > each.sequenced}
        quiet = {
            log_id: mark
            for log_id, (mark, since) in self._marks.items()
            if now - since >= QUIET_SECONDS and log_id not in waiting
        }
        if quiet:
            await self._store.transact(lambda tx: tx.drop_writers(quiet))
