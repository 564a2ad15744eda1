"""Options that more than one command takes, and the forms of their values."""

import re
from datetime import timedelta
from typing import Annotated, Any

import typer

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


Json = Annotated[bool, flag("--json", "Print proto JSON instead of text.")]
CallId = Annotated[str, typer.Argument(metavar="CALL_ID", help="The call.", show_default=False)]
RequestId = Annotated[str, text("Makes retries safe: the same id never rings twice.")]
RingingTimeout = Annotated[timedelta | None, span("How long to ring: 30, 1.5s, 1m30s.")]
Labels = Annotated[list[str] | None, each("--label", "KEY=VALUE", "To find it again.")]

Number = Annotated[str, typer.Argument(help="E.164, such as +15005550108.", metavar="NUMBER")]
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
ValidateOnly = Annotated[bool, flag("--validate-only", "Show the route, dial nothing.")]
