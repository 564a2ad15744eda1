"""`gateway calls …`: places, follows, holds and ends calls on a running gateway."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import RenderableType

from gateway.cli import options, transfers, views
from gateway.cli.client import ANSWER_TIMEOUT, Client, RefusedError, client_of
from gateway.cli.output import note, show, show_json
from gateway.telephony.v1.calls_pb2 import (
    AgentRequest,
    Call,
    CallEvent,
    CallState,
    GetCallRequest,
    HangUpCallRequest,
    HoldCallRequest,
    ListCallsRequest,
    ListCallsResponse,
    ListTrunksRequest,
    Participant,
    PlaceCallRequest,
    PlaceCallResponse,
    ResumeCallRequest,
    WatchCallsRequest,
)

NOT_ANSWERED = 3
INTERRUPTED = 130
PAGE = 1000

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Place, follow, hold, transfer and hang up calls.\n\nA first one: "
    "`gateway calls place +15005550108 --watch`",
)


class State(StrEnum):
    """A state to look for."""

    DIALING = "dialing"
    RINGING = "ringing"
    AUTOMATION = "automation"
    ACTIVE = "active"
    ENDED = "ended"


class WhoAnswered(StrEnum):
    """Who or what has answered."""

    HUMAN = "human"
    VOICEMAIL = "voicemail"
    IVR = "ivr"
    MACHINE_UNAVAILABLE = "machine-unavailable"
    FAX = "fax"
    UNKNOWN = "unknown"


@app.callback()
def connect(
    ctx: typer.Context,
    address: options.Address = options.ADDRESS,
    token: options.Token = "",
    ca: options.Ca = None,
    cert: options.Cert = None,
    key: options.Key = None,
) -> None:
    """Opens the channel that every command of the group uses."""
    client = Client(address, token, options.encryption(address, ca, cert, key))
    ctx.obj = client
    ctx.call_on_close(client.close)


@app.command()
def place(
    ctx: typer.Context,
    number: options.Number,
    *,
    wait: options.UntilAnswered = False,
    watch: options.ToItsEnd = False,
    room: options.Room = "",
    caller_id: options.CallerId = "",
    ringing_timeout: options.RingingTimeout = None,
    max_duration: options.MaxDuration = None,
    request_id: options.RequestId = "",
    trunk: options.Trunk = "",
    label: options.Labels = None,
    header: options.Headers = None,
    digits: options.Digits = "",
    identity: options.Identity = "",
    keep_on_disconnect: options.KeepOnDisconnect = False,
    override: options.Overrides = None,
    agent: options.Agent = "",
    agent_metadata: options.AgentMetadata = "",
    join_timeout: options.JoinTimeout = None,
    on_missing: options.OnMissing = None,
    on_left: options.OnLeft = None,
    dial_at_once: options.DialAtOnce = False,
    validate_only: options.ValidateOnly = False,
    json: options.Json = False,
) -> None:
    """Calls a phone and connects it to a LiveKit room.

    Exit code with --wait or --watch: 0 if the call was answered, 3 if it ended without an
    answer; a busy phone is an outcome, printed on stdout. 1: an error, explained on stderr.

    With --wait, Ctrl-C cancels the call; with --watch the phone keeps ringing.
    """
    request = PlaceCallRequest(
        to=number,
        room=room,
        caller_id=caller_id,
        ringing_timeout=ringing_timeout,
        max_duration=max_duration,
        request_id=request_id,
        trunk_id=trunk,
        labels=options.pairs(label),
        headers=options.pairs(header),
        digits=digits,
        participant=Participant(identity=identity) if identity else None,
        keep_on_disconnect=keep_on_disconnect,
        override=[f"OVERRIDE_{each.name}" for each in override or ()],
        agent=_agent(agent, agent_metadata, join_timeout, on_missing, on_left),
        dial_at_once=dial_at_once,
        validate_only=validate_only,
        wait_until_answered=wait and not watch,
    )
    carry_out(client_of(ctx), request, watch=watch, json=json)


def _agent(
    name: str,
    metadata: str,
    join_timeout: timedelta | None,
    on_missing: options.MissingAgent | None,
    on_left: options.LeavingAgent | None,
) -> AgentRequest | None:
    """None where none of it was said."""
    request = AgentRequest(
        agent_name=name,
        metadata=metadata,
        join_timeout=join_timeout,
        on_missing=f"ON_MISSING_{on_missing.name}" if on_missing else None,
        on_left=f"ON_LEFT_{on_left.name}" if on_left else None,
    )
    return request if request.ListFields() else None


def carry_out(client: Client, request: PlaceCallRequest, *, watch: bool, json: bool) -> None:
    """Sends the request, prints the result, and ends the command if it was to wait."""
    wait = request.wait_until_answered
    timeout = None if wait else ANSWER_TIMEOUT
    response = client.ask(client.calls.PlaceCall, request, timeout=timeout)
    if request.validate_only or not (wait or watch):
        show_placed(response, json=json)
        return
    if watch:
        call = watch_to_end(client, response.call, json=json)
    else:
        response.call.CopyFrom(settled(client, response.call))
        show_placed(response, json=json)
        call = response.call
    raise typer.Exit(0 if call.HasField("answer_time") else NOT_ANSWERED)


def settled(client: Client, call: Call) -> Call:
    """The call, answered or ended. A gateway that shut down may have answered too early."""
    if call.state in (CallState.CALL_STATE_ACTIVE, CallState.CALL_STATE_ENDED):
        return call
    request = WatchCallsRequest(call_id=call.call_id, after_sequence=call.sequence)
    for event in client.follow(request, on_break=tell_break, persistent=True):
        if event.call.state in (CallState.CALL_STATE_ACTIVE, CallState.CALL_STATE_ENDED):
            return event.call
    return call


def show_placed(response: PlaceCallResponse, *, json: bool) -> None:
    """Prints the call, or the route if nothing was dialled."""
    if json:
        show_json(response)
    elif response.HasField("call"):
        show(views.call_line(response.call))
    else:
        show(*views.route_tables(response.route))


def watch_to_end(client: Client, call: Call, *, json: bool) -> Call:
    """Prints every event of the call, and returns how it ended."""
    request = WatchCallsRequest(call_id=call.call_id, after_sequence=0)
    last = call
    try:
        for event in client.follow(request, on_break=tell_break, persistent=True):
            show_event(event, json=json, of_one_call=True)
            last = event.call
    except KeyboardInterrupt:
        note(f"{call.call_id} goes on; `gateway calls hangup {call.call_id}` ends it")
        raise typer.Exit(INTERRUPTED) from None
    return last


@app.command()
def watch(
    ctx: typer.Context,
    call_id: Annotated[str, typer.Argument(metavar="[CALL_ID]", help="Unset: all calls.")] = "",
    *,
    after: Annotated[
        int | None,
        options.whole("Events after this sequence. 0: from the oldest kept.", most=2**63 - 1),
    ] = None,
    json: options.Json = False,
) -> None:
    """Prints events as they happen, across lost connections, without gaps or repeats.

    Stops by itself when the one call has ended; Ctrl-C exits with 0 too. With --json: one
    CallEvent a line.
    """
    request = WatchCallsRequest(call_id=call_id, after_sequence=after)
    try:
        for event in client_of(ctx).follow(request, on_break=tell_break):
            show_event(event, json=json, of_one_call=bool(call_id))
    except KeyboardInterrupt:
        return


def show_event(event: CallEvent, *, json: bool, of_one_call: bool) -> None:
    """Prints one event in the form asked for."""
    if json:
        show_json(event)
    else:
        show(views.event_line(event, of_one_call=of_one_call))


def tell_break(refused: RefusedError) -> None:
    """Says why there is a pause in the output."""
    note(f"connection lost ({refused.reason or refused.message}); reconnecting")


@app.command("list")
def list_(
    ctx: typer.Context,
    *,
    state: Annotated[
        list[State] | None, typer.Option(case_sensitive=False, help="May be repeated.")
    ] = None,
    room: Annotated[str, typer.Option(help="Calls of this room.")] = "",
    label: options.Labels = None,
    answered_by: Annotated[
        list[WhoAnswered] | None, options.each("--answered-by", "WHO", "Such as human.")
    ] = None,
    limit: Annotated[int, options.whole("Only the newest N.", least=1)] = 100,
    json: options.Json = False,
) -> None:
    """Lists calls, newest first."""
    request = ListCallsRequest(
        states=[f"CALL_STATE_{each.name}" for each in state or ()],
        room=room,
        labels=options.pairs(label),
        answered_by=[f"ANSWERED_BY_{each.name}" for each in answered_by or ()],
    )
    found = all_calls(client_of(ctx), request, limit)
    if json:
        show_json(found)
    else:
        show(views.call_table(found.calls))


def all_calls(client: Client, request: ListCallsRequest, limit: int) -> ListCallsResponse:
    """The first `limit` calls, from as many pages as that takes."""
    found = ListCallsResponse()
    while True:
        request.page_size = min(limit - len(found.calls), PAGE)
        page = client.ask(client.calls.ListCalls, request)
        found.calls.extend(page.calls)
        found.next_page_token = request.page_token = page.next_page_token
        if not page.next_page_token or len(found.calls) >= limit:
            return found


@app.command()
def get(ctx: typer.Context, call_id: options.CallId, *, json: options.Json = False) -> None:
    """Shows everything about one call."""
    client = client_of(ctx)
    call = client.ask(client.calls.GetCall, GetCallRequest(call_id=call_id)).call
    show_call(call, views.call_facts(call), json=json)


@app.command()
def hangup(
    ctx: typer.Context,
    call_id: options.CallId,
    *,
    end_room: Annotated[
        bool, options.flag("--end-room", "Delete the room too, for everyone in it.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Ends a ringing or answered call, and returns once its leg is gone."""
    client = client_of(ctx)
    request = HangUpCallRequest(call_id=call_id, end_room=end_room)
    call = client.ask(client.calls.HangUpCall, request).call
    show_call(call, [views.call_line(call)], json=json)


@app.command()
def hold(
    ctx: typer.Context,
    call_id: options.CallId,
    *,
    mute: Annotated[
        bool, options.flag("--mute", "The room does not hear the phone either.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Puts an answered call on hold: its phone hears nobody until `resume`."""
    client = client_of(ctx)
    request = HoldCallRequest(call_id=call_id, mute=mute)
    call = client.ask(client.calls.HoldCall, request).call
    show_call(call, [views.call_line(call)], json=json)


@app.command()
def resume(ctx: typer.Context, call_id: options.CallId, *, json: options.Json = False) -> None:
    """Takes a call off hold."""
    client = client_of(ctx)
    call = client.ask(client.calls.ResumeCall, ResumeCallRequest(call_id=call_id)).call
    show_call(call, [views.call_line(call)], json=json)


def show_call(call: Call, for_people: list[RenderableType], *, json: bool) -> None:
    """Prints one call in the form asked for."""
    if json:
        show_json(call)
    else:
        show(*for_people)


@app.command()
def trunks(ctx: typer.Context, *, json: options.Json = False) -> None:
    """Lists the trunks that you may use, in the order in which they are considered."""
    client = client_of(ctx)
    found = client.ask(client.calls.ListTrunks, ListTrunksRequest())
    if json:
        show_json(found)
    else:
        show(views.trunk_table(found.trunks))


for command in (transfers.transfer, transfers.complete, transfers.cancel):
    app.command()(command)
