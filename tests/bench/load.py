"""Load from compiled programs, so that what is measured is not the load."""

import asyncio
import contextlib
import json
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import FileDescriptor

from gateway.telephony.v1 import calls_pb2
from tests.bench.floor import CONNECTIONS
from tests.bench.measure import Round, Work, one_round
from tests.bench.programs import programs

Load = Callable[[int, float], Awaitable[Round]]
"""So many callers back to back for so many seconds."""

CALLS = "gateway.telephony.v1.CallService"
NANO = 1e-9
SHORTEST = 0.2
"""Seconds of one run: ghz breaks if it is to end before all its callers have begun."""
BODIES = 2000
"""Different numbers that are called in turn."""


class LoadError(RuntimeError):
    """Requests failed: nothing was measured."""


def numbers(last_three: str) -> list[str]:
    """Numbers that end so: the stub's phones go by that."""
    return [f"+1500{200 + each // 10}{each % 10}{last_three}" for each in range(BODIES)]


@dataclass(frozen=True)
class Requests:
    """What is sent to one method over and over, by ghz."""

    port: int
    method: str
    bodies: Sequence[Mapping[str, Any]]
    """In turn."""
    token: str = ""

    async def __call__(self, callers: int, seconds: float) -> Round:
        """See `Load`."""
        length = f"{max(seconds, SHORTEST)}s"
        return await self.sent(callers, "--duration", length, "--duration-stop", "wait")

    async def number(self, callers: int, total: int) -> Round:
        """So many requests, however long it takes."""
        return await self.sent(callers, "--total", str(total))

    async def evenly(self, callers: int, rate: int, seconds: float) -> Round:
        """So many requests a second, as far as the callers get their answers in time."""
        options = ("--rps", str(rate), "--duration", f"{seconds}s", "--duration-stop", "wait")
        return await self.sent(callers, *options)

    async def sent(self, callers: int, *options: str) -> Round:
        """One run of ghz with these options."""
        with _file(json.dumps(list(self.bodies)).encode()) as bodies, _file(protoset()) as types:
            told = await _told(
                programs()["GHZ"],
                *("--insecure", "--format", "json", "--disable-template-data"),
                *("--protoset", types, "--call", self.method, "--data-file", bodies),
                *("--metadata", json.dumps({"authorization": f"Bearer {self.token}"})),
                *("--concurrency", str(callers), "--timeout", "60s"),
                *("--connections", str(min(callers, CONNECTIONS))),
                *options,
                f"127.0.0.1:{self.port}",
            )
        return round_of(told)


@dataclass(frozen=True)
class Posts:
    """What is posted to one URL over and over, by httpload."""

    url: str
    bodies: Sequence[Mapping[str, Any]]

    async def __call__(self, callers: int, seconds: float) -> Round:
        """See `Load`."""
        with _file(json.dumps(list(self.bodies)).encode()) as bodies:
            options = ("-c", str(callers), "-z", f"{seconds}s", "-D", bodies)
            return round_of(await _told(programs()["HTTPLOAD"], *options, self.url))


def in_process(work: Work) -> Load:
    """Load by this process, where its own work is what is measured."""
    return lambda callers, seconds: one_round(work, callers, seconds)


def round_of(told: Mapping[str, Any]) -> Round:
    """What a load program printed. Raises LoadError if anything failed."""
    details = told["details"]
    failed = Counter(each["error"] or each["status"] for each in details if each["status"] != "OK")
    if failed or not details:
        raise LoadError(f"of {len(details)} requests failed: {failed.most_common(3)}")
    return Round(
        len(details) / (told["total"] * NANO), [each["latency"] * NANO for each in details]
    )


async def _told(*command: str) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        said, complained = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise LoadError(f"{command[0]} ended with {process.returncode}: {complained.decode()}")
    told: dict[str, Any] = await asyncio.to_thread(json.loads, said)
    return told


@contextlib.contextmanager
def _file(content: bytes) -> Iterator[str]:
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        yield file.name


@cache
def protoset() -> bytes:
    """The calls' types and the bare server's, as ghz reads them."""
    files: dict[str, descriptor_pb2.FileDescriptorProto] = {}
    _collect(calls_pb2.DESCRIPTOR, files)
    return descriptor_pb2.FileDescriptorSet(file=[*files.values(), _bare()]).SerializeToString()


def _collect(file: FileDescriptor, into: dict[str, descriptor_pb2.FileDescriptorProto]) -> None:
    """A file after those that it imports."""
    for imported in file.dependencies:
        _collect(imported, into)
    if file.name not in into:
        into[file.name] = descriptor_pb2.FileDescriptorProto()
        file.CopyToProto(into[file.name])


def _bare() -> descriptor_pb2.FileDescriptorProto:
    """The bare server's types; on the wire they are the StringValues that it knows."""
    made = descriptor_pb2.FileDescriptorProto(name="bench.proto", package="bench", syntax="proto3")
    field = descriptor_pb2.FieldDescriptorProto
    made.message_type.add(name="Text").field.add(
        name="value", number=1, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL
    )
    methods = made.service.add(name="Bare").method
    for name in ("Echo", "Call"):
        methods.add(name=name, input_type=".bench.Text", output_type=".bench.Text")
    return made
