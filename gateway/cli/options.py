"""Options that more than one command takes, and the forms of their values."""

import re
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.client import Encryption
from gateway.cli.output import CommandError

# Seven digits: beyond that no protobuf Duration could hold the hours. Six behind the point: a
# timedelta holds no more, and what is typed is not rounded.
DURATION = re.compile(
    r"(?=.)(?:(?P<hours>0|[1-9][0-9]{0,6})h)?(?:(?P<minutes>0|[1-9][0-9]{0,6})m)?"
    r"(?:(?P<seconds>0|[1-9][0-9]{0,6})(?:\.(?P<fraction>[0-9]{1,6}))?s?)?"
)
WHOLE = re.compile(r"0|[1-9][0-9]{0,18}")
MOST = 2**31 - 1


def duration(text: str) -> timedelta:
    """`30`, `30s`, `1.5s`, `1m30s` or `4h`, to the microsecond."""
    match = DURATION.fullmatch(text)
    if match is None:
        raise typer.BadParameter(f"{text!r} is not a duration such as 30, 1.5s, 1m30s or 4h")
    parts = match.groupdict(default="0")
    return timedelta(
        hours=int(parts["hours"]),
        minutes=int(parts["minutes"]),
        seconds=int(parts["seconds"]),
        microseconds=int(parts["fraction"].ljust(6, "0")),
    )


def pairs(texts: list[str] | None) -> dict[str, str]:
    """The dictionary that `key=value` texts make."""
    split = [text.partition("=") for text in texts or ()]
    for key, equals, _ in split:
        if not key or not equals:
            raise typer.BadParameter(f"{key!r} is not of the form key=value")
    return {key: value for key, _, value in split}


def text(help_text: str) -> Any:
    """An option that takes any text."""
    return typer.Option(help=help_text, metavar="TEXT")


def flag(name: str, help_text: str) -> Any:
    """An option without a value, and without a `--no-` twin."""
    return typer.Option(name, help=help_text)


def choice(name: str, help_text: str) -> Any:
    """An option that takes one of a few words."""
    return typer.Option(name, help=help_text, show_default=False)


def span(help_text: str) -> Any:
    """An option that takes a duration."""
    return typer.Option(parser=duration, metavar="DURATION", help=help_text)


def whole(help_text: str, *names: str, least: int = 0, most: int = MOST) -> Any:
    """An option that takes a whole number of these limits, written in plain digits."""

    def number(value: object) -> int:
        text = str(value)  # the default comes as a number
        if WHOLE.fullmatch(text) is None or not least <= int(text) <= most:
            raise typer.BadParameter(f"{text!r} is not a whole number from {least} to {most}")
        return int(text)

    return typer.Option(*names, parser=number, metavar="N", help=help_text)


def each(name: str, metavar: str, help_text: str) -> Any:
    """An option that may be repeated."""
    return typer.Option(name, metavar=metavar, help=f"{help_text} May be repeated.")


def file(variable: str, help_text: str) -> Any:
    """An option that names a PEM file."""
    return typer.Option(envvar=variable, metavar="FILE", dir_okay=False, help=help_text)


def encryption(address: str, ca: Path | None, cert: Path | None, key: Path | None) -> Encryption:
    """What these files hold."""
    told = {"GATEWAY_CA": ca, "GATEWAY_CLIENT_CERT": cert, "GATEWAY_CLIENT_KEY": key}
    if any(told.values()) and not address.startswith("https://"):
        names = ", ".join(name for name, path in told.items() if path)
        raise CommandError(f"{names}: only an address with https:// is encrypted")
    if bool(cert) != bool(key):
        raise CommandError("GATEWAY_CLIENT_CERT and GATEWAY_CLIENT_KEY must both be set")
    authorities, certificate, own_key = (_held(path) for path in (ca, cert, key))
    return Encryption(authorities=authorities, certificate=certificate, key=own_key)


def _held(path: Path | None) -> bytes | None:
    try:
        return path.read_bytes() if path else None
    except OSError as away:
        raise CommandError(f"{path} cannot be read: {away.strerror}") from away


ADDRESS = "127.0.0.1:50051"
"""Of a gateway on this machine, as it serves unless told otherwise."""

Address = Annotated[
    str,
    typer.Option(envvar="GATEWAY_ADDRESS", help="host:port of the gateway; https://… to encrypt."),
]
Token = Annotated[
    str,
    typer.Option(envvar="GATEWAY_TOKEN", help="What `gateway token` prints.", metavar="TOKEN"),
]
Ca = Annotated[Path | None, file("GATEWAY_CA", "Who may have signed the gateway's certificate.")]
Cert = Annotated[Path | None, file("GATEWAY_CLIENT_CERT", "The client's own certificate.")]
Key = Annotated[Path | None, file("GATEWAY_CLIENT_KEY", "The key of the client's certificate.")]


class MissingAgent(StrEnum):
    """What becomes of a call whose agent does not come."""

    END_CALL = "end-call"
    KEEP = "keep"


class LeavingAgent(StrEnum):
    """What becomes of a call whose agent leaves."""

    KEEP = "keep"
    END_CALL = "end-call"


class OverriddenRule(StrEnum):
    """A rule that a call may be placed against, by a key that has the right."""

    CALLING_HOURS = "calling-hours"


Json = Annotated[bool, flag("--json", "Print proto JSON instead of text.")]
CallId = Annotated[str, typer.Argument(metavar="CALL_ID", help="The call.", show_default=False)]
RequestId = Annotated[str, text("Makes retries safe: the same id never rings twice.")]
RingingTimeout = Annotated[timedelta | None, span("How long to ring: 30, 1.5s, 1m30s.")]
Labels = Annotated[list[str] | None, each("--label", "KEY=VALUE", "To find it again.")]

Number = Annotated[
    str,
    typer.Argument(
        help="E.164, such as +15005550108; or an extension or SIP user.", metavar="NUMBER"
    ),
]
UntilAnswered = Annotated[bool, flag("--wait", "Return when it is answered or ended.")]
ToItsEnd = Annotated[bool, flag("--watch", "Follow it to its end, printing each event.")]
Room = Annotated[str, text("LiveKit room to bring the callee into. Unset: TENANT-CALL_ID.")]
CallerId = Annotated[str, text("Number to show. Unset: one of the callee's country, else in turn.")]
MaxDuration = Annotated[timedelta | None, span("The longest it may last from the answer.")]
Trunk = Annotated[str, text("Use this trunk and no other.")]
Headers = Annotated[list[str] | None, each("--header", "NAME=VALUE", "SIP header.")]
Digits = Annotated[str, text("DTMF to play after the answer; w waits 0.5 s.")]
Identity = Annotated[str, text("Of the callee in the room. Unset: the call id.")]
KeepOnDisconnect = Annotated[
    bool, flag("--keep-on-disconnect", "Keep ringing when this command is interrupted.")
]
Agent = Annotated[str, text("Dispatch this agent; the phone is dialled when it is in the room.")]
AgentMetadata = Annotated[str, text("What the agent is told with its job.")]
JoinTimeout = Annotated[timedelta | None, span("How long the agent may take. Unset: 10 s.")]
OnMissing = Annotated[
    MissingAgent | None, choice("--on-missing", "If the agent has not come by then.")
]
OnLeft = Annotated[LeavingAgent | None, choice("--on-left", "If the agent leaves.")]
DialAtOnce = Annotated[bool, flag("--dial-at-once", "Dial while the agent is on its way.")]
Overrides = Annotated[
    list[OverriddenRule] | None, each("--override", "RULE", "Place it against calling-hours.")
]
ValidateOnly = Annotated[bool, flag("--validate-only", "Show the route, dial nothing.")]
