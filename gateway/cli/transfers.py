"""`gateway calls transfer|complete|cancel`: hands calls over, cold or after a word with a human."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer

from gateway.cli import options, views
from gateway.cli.client import ANSWER_TIMEOUT, client_of
from gateway.cli.output import CommandError, show, show_json
from gateway.telephony.v1.calls_pb2 import StartWarmTransferRequest
from gateway.telephony.v1.transfers_pb2 import (
    CancelWarmTransferRequest,
    CompleteWarmTransferRequest,
    Transfer,
    TransferCallRequest,
    TransferState,
)

NOT_TRANSFERRED = 3
ONLY_WARM = (
    "--caller-hears, --leaves, --consult-timeout and --complete-on-answer need --warm: "
    "a cold transfer cannot be taken back"
)
REACHED = {TransferState.TRANSFER_STATE_COMPLETED, TransferState.TRANSFER_STATE_CONSULTING}

TransferId = Annotated[
    str, typer.Argument(metavar="TRANSFER_ID", help="The warm transfer.", show_default=False)
]
ConsultTimeout = Annotated[
    timedelta | None, options.span("Warm: the longest consultation. Unset: 5m.")
]


class AfterTimeout(StrEnum):
    """What to do with a call whose transfer has no outcome in time."""

    KEEP = "keep"
    HANG_UP = "hang-up"


class Hears(StrEnum):
    """What the caller hears until a warm transfer is completed."""

    SILENCE = "silence"
    MUSIC = "music"
    EVERYBODY = "everybody"


Target = Annotated[str, typer.Argument(help="E.164 number, tel: number or sip:user@host.")]
Warmly = Annotated[bool, options.flag("--warm", "Call a human into the room first, to be briefed.")]
ToItsOutcome = Annotated[
    bool, options.flag("--wait", "Return at the outcome; warm: when the human has answered.")
]
OnTimeout = Annotated[
    AfterTimeout,
    typer.Option(help="What to do with the call without an outcome in time, or a human."),
]
CallerHears = Annotated[Hears, typer.Option(help="Warm: what the caller hears until `complete`.")]
Leaves = Annotated[str, options.text("Warm: identity of the participant that `complete` removes.")]
OnAnswer = Annotated[
    bool, options.flag("--complete-on-answer", "Warm: nobody needs to be briefed.")
]


def transfer(
    ctx: typer.Context,
    call_id: options.CallId,
    target: Target,
    *,
    warm: Warmly = False,
    wait: ToItsOutcome = False,
    ringing_timeout: options.RingingTimeout = None,
    on_timeout: OnTimeout = AfterTimeout.KEEP,
    request_id: options.RequestId = "",
    caller_hears: CallerHears = Hears.SILENCE,
    leaves: Leaves = "",
    consult_timeout: ConsultTimeout = None,
    complete_on_answer: OnAnswer = False,
    json: options.Json = False,
) -> None:
    """Hands an answered call over to another number (SIP REFER), or with --warm to a human.

    A warm transfer is finished by `complete` or `cancel`; `watch` tells its steps. Exit code with
    --wait: 0 when it completed or the human is briefed, 3 when not.
    """
    asked: dict[str, Any] = {
        "call_id": call_id,
        "to": target,
        "ringing_timeout": ringing_timeout,
        "request_id": request_id,
    }
    if warm:
        hangs_up = on_timeout is AfterTimeout.HANG_UP
        asked |= {
            "caller_hears": f"CALLER_HEARS_{caller_hears.name}",
            "leaves": leaves,
            "consult_timeout": consult_timeout,
            "complete_on_answer": complete_on_answer,
            "on_failure": f"ON_FAILURE_{'HANG_UP' if hangs_up else 'RESUME'}",
        }
    else:
        if caller_hears is not Hears.SILENCE or leaves or consult_timeout or complete_on_answer:
            raise CommandError(ONLY_WARM)
        asked["on_timeout"] = f"ON_TIMEOUT_{on_timeout.name}"
    done = _begin(ctx, asked, warm=warm, wait=wait)
    _show(done, json=json)
    if wait and done.state not in REACHED:
        raise typer.Exit(NOT_TRANSFERRED)


def _begin(ctx: typer.Context, asked: dict[str, Any], *, warm: bool, wait: bool) -> Transfer:
    client = client_of(ctx)
    timeout = None if wait else ANSWER_TIMEOUT
    if warm:
        start = StartWarmTransferRequest(**asked, wait_until_answered=wait)
        return client.ask(client.calls.StartWarmTransfer, start, timeout=timeout).transfer
    request = TransferCallRequest(**asked, wait_until_settled=wait)
    return client.ask(client.calls.TransferCall, request, timeout=timeout).transfer


def complete(ctx: typer.Context, transfer_id: TransferId, *, json: options.Json = False) -> None:
    """Lets the caller and the human of a warm transfer talk."""
    client = client_of(ctx)
    request = CompleteWarmTransferRequest(transfer_id=transfer_id)
    _show(client.ask(client.calls.CompleteWarmTransfer, request).transfer, json=json)


def cancel(ctx: typer.Context, transfer_id: TransferId, *, json: options.Json = False) -> None:
    """Ends the human's call of a warm transfer, and gives the caller back."""
    client = client_of(ctx)
    request = CancelWarmTransferRequest(transfer_id=transfer_id)
    _show(client.ask(client.calls.CancelWarmTransfer, request).transfer, json=json)


def _show(done: Transfer, *, json: bool) -> None:
    if json:
        show_json(done)
    else:
        show(views.transfer_line(done))
