"""The sandbox's phones: what each number does, and how a transfer to it ends.

+1 500 555 0100 to 0199 are fictional; those not in the table are unknown.
"""

import re
from dataclasses import dataclass
from math import inf

from gateway.domain.numbers import sip_uris

RINGS_AFTER = 0.05
"""Seconds from the dial until a phone begins to ring."""
SHORTLY = 0.3
"""Seconds until a phone that decides at once has decided."""
NEVER = inf


@dataclass(frozen=True, slots=True)
class SipResponse:
    """A final answer to INVITE or REFER."""

    code: int
    status: str


OK = SipResponse(200, "OK")
NOT_FOUND = SipResponse(404, "Not Found")
UNAVAILABLE = SipResponse(480, "Temporarily Unavailable")
BUSY = SipResponse(486, "Busy Here")
CARRIER_FAILURE = SipResponse(503, "Service Unavailable")
DECLINE = SipResponse(603, "Decline")


@dataclass(frozen=True, slots=True)
class Reply:
    """How an INVITE or a REFER ends, and how many seconds after it was sent."""

    response: SipResponse
    after: float
    taken: bool = True
    """A REFER was accepted; otherwise `response` is the answer to it."""


SILENCE = Reply(OK, NEVER)


@dataclass(frozen=True, slots=True)
class Phone:
    """What the far end does. Times are in seconds."""

    outcome: Reply
    rings: bool = True
    hangs_up_after: float = NEVER
    """From the answer."""
    transfers: Reply | None = None
    """Where set, it decides every transfer of its own leg, whatever the target."""


@dataclass(frozen=True, slots=True)
class SandboxNumber:
    """One number of the sandbox: as the phone that is rung, and as a transfer's target."""

    phone: Phone
    as_target: Reply


_PICKS_UP = Reply(OK, SHORTLY)
_REFUSES_TRANSFERS = Reply(DECLINE, 0, taken=False)

NUMBERS: dict[str, SandboxNumber] = {
    # answers after 1 s
    "00": SandboxNumber(Phone(Reply(OK, 1)), Reply(OK, 1)),
    # busy
    "01": SandboxNumber(Phone(Reply(BUSY, SHORTLY)), Reply(BUSY, SHORTLY)),
    # rings forever
    "02": SandboxNumber(Phone(SILENCE), SILENCE),
    # declined
    "03": SandboxNumber(Phone(Reply(DECLINE, SHORTLY)), Reply(DECLINE, SHORTLY)),
    # unknown
    "04": SandboxNumber(Phone(Reply(NOT_FOUND, SHORTLY)), Reply(NOT_FOUND, SHORTLY)),
    # unavailable
    "05": SandboxNumber(Phone(Reply(UNAVAILABLE, SHORTLY)), Reply(UNAVAILABLE, SHORTLY)),
    # the carrier fails before anything rings
    "06": SandboxNumber(
        Phone(Reply(CARRIER_FAILURE, SHORTLY), rings=False), Reply(CARRIER_FAILURE, SHORTLY)
    ),
    # a silent trunk
    "07": SandboxNumber(Phone(SILENCE, rings=False), SILENCE),
    # answers after 1 s, and hangs up 2 s later
    "08": SandboxNumber(Phone(Reply(OK, 1), hangs_up_after=2), Reply(OK, 1)),
    # rings 3 s, then answers
    "09": SandboxNumber(Phone(Reply(OK, 3)), Reply(OK, 3)),
    # answers; refuses transfers
    "10": SandboxNumber(Phone(_PICKS_UP, transfers=_REFUSES_TRANSFERS), _REFUSES_TRANSFERS),
    # answers; takes a transfer and reports success 8 s later
    "11": SandboxNumber(Phone(_PICKS_UP, transfers=Reply(OK, 8)), Reply(OK, 8)),
    # answers; takes a transfer and never reports
    "12": SandboxNumber(Phone(_PICKS_UP, transfers=SILENCE), SILENCE),
    # rings, then the carrier fails
    "13": SandboxNumber(Phone(Reply(CARRIER_FAILURE, 1)), Reply(CARRIER_FAILURE, SHORTLY)),
}

NOBODY = SandboxNumber(Phone(Reply(NOT_FOUND, RINGS_AFTER), rings=False), Reply(NOT_FOUND, SHORTLY))
"""Every other number."""


def phone_on(livekit_trunk_id: str, called: str) -> Phone:
    """The phone that a call meets.

    A trunk named `sandbox-06` behaves like number 06, whatever number is dialled: two such trunks
    show how a call fails over.
    """
    named = re.fullmatch(r"sandbox-(\d\d)", livekit_trunk_id)
    return NUMBERS.get(named[1], NOBODY).phone if named else number(called).phone


def number(text: str) -> SandboxNumber:
    """The number in `+15005550100`, `tel:+1-500-555-0100` or `sip:+15005550100@host`."""
    found = re.fullmatch(r"\+?150055501(\d\d)", re.sub(r"[-.()]", "", _dialled(text)))
    return NUMBERS.get(found[1], NOBODY) if found else NOBODY


def _dialled(text: str) -> str:
    """What a phone would dial: the number of a `tel:` URI, the user of a `sip:` one."""
    written = text.strip("<>")
    if not sip_uris.is_uri(written):
        return written
    try:
        uri = sip_uris.parse(written)
    except ValueError:
        return ""
    return uri.number if isinstance(uri, sip_uris.TelUri) else uri.user
