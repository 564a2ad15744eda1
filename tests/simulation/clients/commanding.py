"""Clients that do something with a call that they know."""

import asyncio
from collections.abc import Callable, Sequence

from google.protobuf.message import Message

from tests.simulation.clients.asking import FAILURES, Asking
from tests.simulation.clients.gateways import ServingGateway
from tests.simulation.clients.messages import CONSULT, METHODS, OF_TRANSFERS, command, consult
from tests.simulation.clients.notebook import Notebook
from tests.simulation.clients.told import LEFT, Told
from tests.simulation.plan.doings import Command, Consult, Verb


class Commanding:
    """Carries out each Command and Consult, once, and tells the notebook."""

    def __init__(
        self, asking: Asking, gateways: Sequence[ServingGateway], notebook: Notebook
    ) -> None:
        self._asking = asking
        self._gateways = gateways
        self._notebook = notebook

    def begin(
        self, asked: Command | Consult, tenant: str, start: Callable[..., "asyncio.Task[None]"]
    ) -> None:
        """Asks now, if what it is about is known. `start` makes a task of a coroutine."""
        message = self._message(asked)
        if message is None:
            what = "consult" if isinstance(asked, Consult) else asked.verb.value
            self._notebook.tell(tenant, f"cannot {what}", number=asked.number)
        else:
            start(self._carry_out(asked, tenant, message))

    def _message(self, asked: Command | Consult) -> Message | None:
        call_id = self._notebook.known.get(asked.number)
        if call_id is None:
            return None
        if isinstance(asked, Consult):
            return consult(asked, call_id)
        transfer_id = self._notebook.consulting.get(call_id, "")
        if asked.verb in (Verb.COMPLETE, Verb.CANCEL) and not transfer_id:
            return None
        return command(asked, call_id, transfer_id)

    async def _carry_out(self, asked: Command | Consult, tenant: str, message: Message) -> None:
        told = Told(
            method=CONSULT if isinstance(asked, Consult) else METHODS[asked.verb],
            number=asked.number,
            tenant=tenant,
            gateway=asked.gateway % len(self._gateways),
            asked=self._asking.loop.time(),
            request_id=asked.request_id if isinstance(asked, Consult) else "",
            transfer_id=getattr(message, "transfer_id", ""),
        )
        self._notebook.ask(told)
        try:
            gateway = self._gateways[told.gateway]
            response = await self._asking.unary(gateway, told.method, tenant, message)
        except FAILURES as failure:
            self._notebook.fail(told, failure)
            return
        except asyncio.CancelledError:
            self._notebook.settle(told, LEFT)
            raise
        if told.method in OF_TRANSFERS:
            told.answered_with_transfer(response.transfer)
        else:
            told.answered_with(response.call)
        self._notebook.settle(told, "")
