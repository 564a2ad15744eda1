"""Starts and stops the real stack: Redis, livekit-server and the stand-in SIP node."""

from __future__ import annotations

import asyncio
import http.client
import json
import secrets
import shutil
import signal
import socket
import tempfile
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlencode

from livekit import api
from livekit.protocol import models, sip

from tests.stack.machine import NEWER, OLDER, StackError, build
from tests.stands.patience import PATIENCE
from tests.stands.processes.ports import (
    LOOPBACK,
    free_ports,
    on_free_ports,
)
from tests.stands.processes.servers import Servers

T = TypeVar("T")


class LiveKitStack:
    """Redis, livekit-server and the stand-in SIP node on free loopback ports.

    Use it as a context manager, or call :meth:`start` and :meth:`stop`. Every method is
    synchronous and may be called inside a running event loop as well, where it blocks the loop
    for some milliseconds (the starting and stopping ones: up to seconds).
    """

    def __init__(
        self,
        *,
        version: str = OLDER,
        webhook_url: str | None = None,
        empty_timeout: int = 5,
        departure_timeout: int = 1,
    ) -> None:
        """Prepare a stack; nothing runs yet.

        ``version`` is livekit-server's.
        ``webhook_url`` is where livekit-server sends its webhooks, signed with :attr:`api_key`.
        It may also be set later, before :meth:`start_livekit` or :meth:`restart_livekit`.
        ``empty_timeout`` and ``departure_timeout`` are seconds until an empty room is closed:
        one that nobody ever joined, and one that the last participant has left.
        """
        self.webhook_url = webhook_url
        self.version = version
        self.api_key = "stack"
        self.api_secret = secrets.token_hex(24)
        self._empty_timeout = empty_timeout
        self._departure_timeout = departure_timeout
        self._programs: dict[str, str] = {}
        self._directory: Path | None = None
        self._servers: Servers | None = None
        self._ports: dict[str, int] = {}

    def __enter__(self) -> Self:
        """Start the stack."""
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the stack."""
        self.stop()

    @property
    def url(self) -> str:
        """The HTTP address of livekit-server."""
        return f"http://{LOOPBACK}:{self._ports['livekit']}"

    @property
    def redis_address(self) -> str:
        """Host and port of the stack's Redis."""
        return f"{LOOPBACK}:{self._ports['redis']}"

    @property
    def directory(self) -> Path:
        """The directory of the stack's configuration and log files (``*.log``)."""
        if self._directory is None:
            raise StackError("the stack has not been started")
        return self._directory

    @property
    def servers(self) -> Servers:
        """The processes of which the stack is made."""
        if self._servers is None:
            raise StackError("the stack has not been started")
        return self._servers

    def start(self) -> None:
        """Build what is missing, start everything and return when a call could be placed."""
        if self._directory is not None:
            raise StackError("the stack has been started already")
        self._programs = build(self.version)
        on_free_ports(self._start)

    def _start(self) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="livekit-stack-"))
        self._servers = Servers(self._directory, StackError)
        names = ("redis", "livekit", "rtc_tcp", "rtc_udp", "inspect")
        self._ports = dict(zip(names, free_ports(len(names)), strict=True))
        try:
            self._start_redis()
            self._spawn_livekit()
            self._spawn_sipnode()
            self._await_livekit()
            self._await_sipnode()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop everything and remove the stack's files. Stopping a stopped stack does nothing."""
        if self._servers is not None:
            self._servers.close()
            self._servers = None
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None

    def stop_livekit(self, *, graceful: bool = False) -> None:
        """Stop livekit-server: at once as if the machine had died, or by its own shutdown.

        A graceful shutdown waits for the rooms to empty; after some seconds it is cut short.
        """
        self.servers.end("livekit", signal.SIGTERM if graceful else signal.SIGKILL)
        # What the cluster finds out by itself after a while: the node is dead. A successor would
        # else be routing new rooms to it for some seconds.
        self._redis(b"DEL nodes room_node_map")

    def start_livekit(self) -> None:
        """Start livekit-server again, on its port and with its trunks, and wait until it serves."""
        if self.servers.runs("livekit"):
            raise StackError("livekit-server is running")
        self._spawn_livekit()
        self._await_livekit()
        if self.servers.runs("sipnode"):
            self._await_sipnode()

    def restart_livekit(self, *, graceful: bool = False) -> None:
        """Stop livekit-server and start it again."""
        self.stop_livekit(graceful=graceful)
        self.start_livekit()

    def stop_sipnode(self) -> None:
        """Kill the SIP node: livekit-server then answers "no response from servers"."""
        self.servers.end("sipnode", signal.SIGKILL)

    def start_sipnode(self) -> None:
        """Start the SIP node again; it has forgotten its calls."""
        if self.servers.runs("sipnode"):
            raise StackError("the SIP node is running")
        self._spawn_sipnode()
        self._await_sipnode()

    def create_trunk(
        self, name: str, numbers: Sequence[str], address: str = "sip.example.com"
    ) -> str:
        """Create an outbound trunk in LiveKit and return its id.

        Where the address begins with ``phone-NN.``, every call through the trunk meets phone NN,
        whatever number is dialled.
        """

        async def create(client: api.LiveKitAPI) -> str:
            trunk = sip.SIPOutboundTrunkInfo(name=name, address=address, numbers=list(numbers))
            request = sip.CreateSIPOutboundTrunkRequest(trunk=trunk)
            created = await client.sip.create_outbound_trunk(request)
            return created.sip_trunk_id

        return self.ask(create)

    def participants(self, room: str) -> list[models.ParticipantInfo]:
        """List the participants of a room; none where the room does not exist."""

        async def participants(client: api.LiveKitAPI) -> list[models.ParticipantInfo]:
            request = api.ListParticipantsRequest(room=room)
            try:
                return list((await client.room.list_participants(request)).participants)
            except api.ServerError as error:
                if error.code == api.ServerErrorCode.NOT_FOUND:
                    return []
                raise

        return self.ask(participants)

    def calls(self) -> list[dict[str, Any]]:
        """List what the phones saw, in INVITE order.

        Each call has ``sip_call_id``, ``inbound``, ``room``, ``identity``, ``to``, ``from``,
        ``trunk_id``, ``hostname``, ``display_name``, ``headers``, ``attributes``, ``dtmf``;
        ``invite_time``, ``ring_time``, ``answer_time``, ``end_time`` (RFC 3339, or None); ``end``
        (``cancel``, ``bye``, ``remote``, ``busy``, ``declined``, ``not_found``, ``unavailable``,
        ``failed``, ``rejected``), what ended it, and ``end_cause``, why (such as
        ``ringing_timeout``, ``request_over``, ``max_call_duration``, ``participant_removed``,
        ``room_deleted``, ``duplicate_identity``, ``hangup``, ``transferred``);
        ``sip_status_code``; ``hears``, the identities whose audio reaches it; and ``refers``,
        each with ``to``, ``headers``, ``time``, ``outcome`` and ``sip_status_code``.
        """
        calls: list[dict[str, Any]] = json.loads(self.inspect("GET", "/calls"))
        return calls

    def refused(self) -> dict[str, int]:
        """Count, by number, the attempts that the SIP node refused before dialling."""
        refused: dict[str, int] = json.loads(self.inspect("GET", "/refused"))
        return refused

    def make_room(self, room: str, *, empty_timeout: int) -> None:
        """Make a room that stays so many seconds with nobody but agents in it."""
        request = api.CreateRoomRequest(name=room, empty_timeout=empty_timeout)
        self.ask(lambda client: client.room.create_room(request))

    def dispatch(self, room: str, agent_name: str) -> None:
        """Have LiveKit dispatch an agent into the room, which is made if it is not there."""
        request = api.CreateAgentDispatchRequest(room=room, agent_name=agent_name)
        self.ask(lambda client: client.agent_dispatch.create_dispatch(request))

    def ring_in(self, room: str, identity: str, **caller: Any) -> str:
        """Have somebody ring in, and return LiveKit's id of the call.

        ``from`` (empty: hidden), ``to``, ``trunk_id``, ``rule_id``, ``attributes`` (the dispatch
        rule's), and ``answer_after``, in seconds from the join; negative: it is never answered.
        """
        caller = {"rule_id": "SDR_rule", "room": room, "identity": identity} | caller
        joined = json.loads(self.inspect("POST", "/ring_in", json.dumps(caller)))
        return str(joined["sip_call_id"])

    def hang_up_phone(self, sip_call_id: str) -> None:
        """Have the far end of a leg hang up: BYE, or CANCEL of a caller nobody answered."""
        self.inspect("POST", f"/hang_up/{sip_call_id}")

    def invite(
        self,
        room: str,
        identity: str,
        *,
        agent: bool = False,
        plays_to: str = "",
        attributes: Mapping[str, str] | None = None,
    ) -> None:
        """Have a participant without a phone join the room: it speaks, and hears everything.

        ``agent`` makes it a participant of kind agent; nobody but the participant
        ``plays_to``, if one is named, may hear it.
        """
        guest = {"room": room, "identity": identity, "agent": agent, "plays_to": plays_to}
        self.inspect("POST", "/invite", json.dumps(guest | {"attributes": attributes or {}}))

    def dismiss(self, room: str, identity: str) -> None:
        """Have somebody who was invited leave, whether or not livekit-server is there."""
        self.inspect("POST", "/dismiss", json.dumps({"room": room, "identity": identity}))

    def hearing(self, room: str) -> dict[str, dict[str, Any]]:
        """Tell whom each leg and each guest of a room has heard, by identity.

        ``hears`` are the identities that it hears now; ``heard`` has a span for each time it heard
        one without a pause: ``identity``, ``since`` and ``until`` (RFC 3339), ``frames``. Every
        frame names its speaker, so a single one shows. Who joined again counts as another one.
        ``told`` are the messages that a guest has got: ``topic`` and ``text``.
        """
        path = f"/hearing?{urlencode({'room': room})}"
        ears: list[dict[str, Any]] = json.loads(self.inspect("GET", path))
        return {each["identity"]: each for each in ears}

    def speak_every(self, seconds: float) -> None:
        """Set the pause between two frames of every voice: 0.02 as phones do, at first 0.1."""
        self.inspect("POST", f"/pace/{round(seconds * 1000)}")

    def reset(self) -> None:
        """Make the SIP node forget what :meth:`calls` and :meth:`refused` tell. Legs stay up."""
        self.inspect("POST", "/reset")

    # Starting the parts.

    def _start_redis(self) -> None:
        port = self._ports["redis"]
        options = ("--port", str(port), "--bind", LOOPBACK, "--save", "", "--appendonly", "no")
        self.servers.start("redis", self._programs["REDIS_SERVER"], *options)

        self.servers.wait_for("redis", lambda: self._redis(b"PING").startswith(b"+PONG"))

    def _redis(self, command: bytes) -> bytes:
        """Ask Redis something that it answers in a line."""
        address = (LOOPBACK, self._ports["redis"])
        with socket.create_connection(address, timeout=PATIENCE) as connection:
            connection.sendall(command + b"\r\n")
            return connection.recv(1024)

    def _spawn_livekit(self) -> None:
        config: dict[str, Any] = {
            "port": self._ports["livekit"],
            "bind_addresses": [LOOPBACK],
            "keys": {self.api_key: self.api_secret},
            "redis": {"address": self.redis_address},
            "room": {
                "auto_create": True,
                "empty_timeout": self._empty_timeout,
                "departure_timeout": self._departure_timeout,
            },
            "rtc": {
                "tcp_port": self._ports["rtc_tcp"],
                "udp_port": self._ports["rtc_udp"],
                "node_ip": LOOPBACK,
                "use_external_ip": False,
                "enable_loopback_candidate": True,
            },
        }
        if self.webhook_url is not None:
            config["webhook"] = {"api_key": self.api_key, "urls": [self.webhook_url]}
        path = self.directory / "livekit.json"
        path.write_text(json.dumps(config))  # JSON is YAML
        self.servers.start("livekit", self._programs["LIVEKIT_SERVER"], "--config", str(path))

    def _spawn_sipnode(self) -> None:
        options = {
            "redis": self.redis_address,
            "url": f"ws://{LOOPBACK}:{self._ports['livekit']}",
            "api-key": self.api_key,
            "api-secret": self.api_secret,
            "inspect": f"{LOOPBACK}:{self._ports['inspect']}",
        }
        flags = [f"-{name}={value}" for name, value in options.items()]
        flags.append(f"-newer={str(self.version == NEWER).lower()}")
        self.servers.start("sipnode", self._programs["SIPNODE"], *flags)

    def _await_livekit(self) -> None:
        def serves() -> bool:
            return self._http("livekit", "GET", "/") == b"OK"

        self.servers.wait_for("livekit", serves)

    def _await_sipnode(self) -> None:
        """Wait until a call gets through livekit-server to the node.

        The call has no trunk. livekit-server lets it pass; only the node can refuse it.
        """
        self.servers.wait_for("sipnode", lambda: bool(self.inspect("GET", "/healthz")))
        request = sip.CreateSIPParticipantRequest(
            sip_number="+15005550000",
            sip_call_to="+15005550000",
            room_name="stack-readiness",
            participant_identity="stack-readiness",
        )

        async def refused(client: api.LiveKitAPI) -> bool:
            try:
                await client.sip.create_sip_participant(request)
            except api.ServerError as error:
                return "address must be set" in error.message
            return False

        self.servers.wait_for("sipnode", lambda: self.ask(refused))

    # Asking the parts.

    def inspect(self, method: str, path: str, body: str | None = None) -> bytes:
        """What the SIP node answers."""
        return self._http("inspect", method, path, body)

    def _http(self, port: str, method: str, path: str, sent: str | None = None) -> bytes:
        connection = http.client.HTTPConnection(LOOPBACK, self._ports[port], timeout=PATIENCE)
        try:
            connection.request(method, path, sent)
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if response.status >= http.HTTPStatus.BAD_REQUEST:
            raise OSError(f"{path} answered {response.status}")
        return body

    def ask(self, question: Callable[[api.LiveKitAPI], Coroutine[Any, Any, T]]) -> T:
        """Ask livekit-server from a thread of its own: the caller may be inside an event loop."""

        async def ask() -> T:
            async with api.LiveKitAPI(
                self.url, self.api_key, self.api_secret, failover=False
            ) as client:
                return await question(client)

        with ThreadPoolExecutor(max_workers=1) as pool:
            return pool.submit(asyncio.run, ask()).result()
