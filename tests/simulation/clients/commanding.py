"""Clients that do something with a call that they know."""

import asyncio
from collections.abc import Callable, Sequence

from tests.simulation.clients.asking import FAILURES, Asking, reason_of
from tests.simulation.clients.gateways import ServingGateway
from tests.simulation.clients.messages import METHODS, command
from tests.simulation.clients.notebook import Notebook
from tests.simulation.clients.told import Told
from tests.simulation.plan.doings import Command, Verb


class Commanding:
    """Carries out each Command, once, and tells the notebook."""

    def __init__(
        self, asking: Asking, gateways: Sequence[ServingGateway], notebook: Notebook
    ) -> None:
        self._asking = asking
        self._gateways = gateways
        self._notebook = notebook

    def begin(
        self, asked: Command, tenant: str, start: Callable[..., "asyncio.Task[None]"]
    ) -> None:
        """Asks now, if the call is known. `start` makes a task of a coroutine."""
        call_id = self._notebook.known.get(asked.number)
        if call_id is None:
            self._notebook.tell(tenant, f"cannot {asked.verb.value}", number=asked.number)
        else:
            start(self._carry_out(asked, tenant, call_id))

    async def _carry_out(self, asked: Command, tenant: str, call_id: str) -> None:
        gateway = self._gateways[asked.gateway % len(self._gateways)]
        told = Told(
            number=asked.number,
            tenant=tenant,
            what=asked.verb.value,
            gateway=gateway.name,
            asked=self._asking.loop.time(),
        )
        self._notebook.ask(told)
        try:
            response = await self._asking.unary(
                gateway, METHODS[asked.verb], tenant, command(asked, call_id)
            )
        except FAILURES as failure:
            self._notebook.settle(told, reason_of(failure), failure)
            return
        if asked.verb is Verb.TRANSFER:
            told.transfer = response.transfer
        else:
            told.call = response.call
        self._notebook.settle(told)
