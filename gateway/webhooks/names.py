"""Looks up the names of tenants' receivers, separately from all other look-ups."""

import asyncio
import socket
from concurrent.futures import Executor
from functools import partial

from aiohttp.abc import AbstractResolver, ResolveResult


class Names(AbstractResolver):
    """Asks the machine's resolver in `threads`, which are the caller's to shut down.

    A name that does not resolve keeps a thread for many seconds, and nothing can stop it.
    """

    def __init__(self, threads: Executor) -> None:
        self._threads = threads

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses to connect to. Raises OSError where there is none."""
        asking = partial(
            socket.getaddrinfo,
            *(host, port, family, socket.SOCK_STREAM),
            flags=socket.AI_ADDRCONFIG,
        )
        found = await asyncio.get_running_loop().run_in_executor(self._threads, asking)
        return [
            ResolveResult(
                hostname=host,
                host=str(place[0]),
                port=port,
                family=of,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for of, _, protocol, _, place in found
        ]

    async def close(self) -> None:
        """Nothing: what it holds is the caller's."""
