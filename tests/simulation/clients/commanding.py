"""Clients that do something with a call that they know."""

import asyncio
from collections.abc import Callable, Sequence

from tests.simulation.clients.asking import FAILURES, Asking
from tests.simulation.clients.gateways import ServingGateway
from tests.simulation.clients.messages import METHODS, command
from tests.simulation.clients.notebook import Notebook
from tests.simulation.clients.told import LEFT, Told
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
        told = Told(
            method=METHODS[asked.verb],
            number=asked.number,
            tenant=tenant,
            gateway=asked.gateway % len(self._gateways),
            asked=self._asking.loop.time(),
        )
        self._notebook.ask(told)
        try:
            response = await self._asking.unary(
                self._gateways[told.gateway], told.method, tenant, command(asked, call_id)
            )
        except FAILURES as failure:
            self._notebook.fail(told, failure)
            return
        except asyncio.CancelledError:
            self._notebook.settle(told, LEFT)
            raise
        if asked.verb is Verb.TRANSFER:
            told.answered_with_transfer(response.transfer)
        else:
            told.answered_with(response.call)
        self._notebook.settle(told, "")
