"""Tells of each signed checkpoint whoever wants to be told."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

import structlog

from gateway.ports.checkpoints import CheckpointOutlet, OutletError
from gateway.service.chores import every

GAP_SECONDS = 5.0
"""How often each is told at most; it is told the newest."""

log = structlog.get_logger()


class Publication:
    """Each is told by itself: one that is slow or away keeps nobody waiting."""

    def __init__(
        self, outlets: Sequence[CheckpointOutlet], counted: Callable[[str, str], None]
    ) -> None:
        self._outlets = outlets
        self._counted = counted
        self._note = ""
        self._signed = 0
        self._told: dict[str, int] = {}

    def offer(self, note: str) -> None:
        """A checkpoint that this gateway has just signed."""
        self._note = note
        self._signed += 1

    async def keep(self) -> None:
        """Runs forever; who could not be told is told the next time."""
        await asyncio.gather(
            *(
                every(GAP_SECONDS, partial(self._tell, each), name="audit_publication")
                for each in self._outlets
            ),
            asyncio.Event().wait(),
        )

    async def _tell(self, outlet: CheckpointOutlet) -> None:
        number = self._signed
        if number == self._told.get(outlet.name, 0):
            return
        try:
            await outlet.publish(self._note)
        except OutletError as failure:
            self._counted(outlet.name, "failed")
            log.warning("audit_not_published", cause=str(failure))
            return
        self._told[outlet.name] = number
        self._counted(outlet.name, "told")
