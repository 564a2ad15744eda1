"""What livekit-server says of a call that comes in, by its inbound trunks and dispatch rules."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.stack.livekit_stack import LiveKitStack
from tests.stands.phones import CALLER


@dataclass(frozen=True)
class Admission:
    """Its answer to LiveKit SIP."""

    trunk_id: str
    """Empty: no trunk takes the call."""
    username: str
    """What the carrier has to authenticate with; empty: it need not."""
    password: str
    result: str
    """`accept`, `request_pin`, `drop` …"""
    rule_id: str
    room: str
    identity: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    agents: Mapping[str, str] = field(default_factory=dict)
    """Metadata of each agent that is dispatched into the room."""


def admitted(
    stack: LiveKitStack, to: str, *, source_ip: str = "192.0.2.1", pin: str = ""
) -> Admission:
    """Asks about a call from CALLER, who has entered this PIN."""
    asked = {"from": CALLER, "to": to, "source_ip": source_ip, "pin": pin}
    return Admission(**json.loads(stack.inspect("POST", "/admit", json.dumps(asked))))
