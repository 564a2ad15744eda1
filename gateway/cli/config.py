"""`gateway apply` and `gateway route`: the configuration, and what follows from it."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import views
from gateway.cli.database import on_database, settings_told
from gateway.cli.options import (
    CallerId,
    Json,
    Labels,
    MaxDuration,
    Overrides,
    RingingTimeout,
    Trunk,
    flag,
    pairs,
    whole,
)
from gateway.cli.output import CommandError, line, show, show_json, table
from gateway.domain.admin.requests import Applied, ApplyConfig, Proposal
from gateway.domain.calls.call import Override
from gateway.domain.calls.requests import PlaceCall
from gateway.telephony.v1.admin_pb2 import (
    INBOUND_ACTION_CHANGE,
    INBOUND_ACTION_CREATE,
    INBOUND_ACTION_DELETE,
    INBOUND_STATE_DRIFTED,
    ApplyConfigResponse,
    ConfigChange,
    InboundObject,
    Reroute,
)
from gateway.telephony.v1.calls_pb2 import RouteDecision

if TYPE_CHECKING:
    from gateway.build import Administration

_SIGNS = {INBOUND_ACTION_CREATE: "+", INBOUND_ACTION_CHANGE: "~", INBOUND_ACTION_DELETE: "-"}

route = typer.Typer(no_args_is_help=True, help="See where a call would go, and why.")

MOST_TOLD = 20
"""Of the failures in the error, which is one line; the answer has more of them."""

REPLAY = (
    "Show which of the N newest calls (at most 1,000) this configuration would route differently. "
    "Keys, limits, trunk health and requested timeouts are not considered."
)

File = Annotated[
    Path,
    typer.Argument(metavar="FILE", exists=True, dir_okay=False, readable=True, help="YAML."),
]


def apply(
    file: File,
    *,
    dry_run: Annotated[bool, flag("--dry-run", "Check it and show what would change.")] = False,
    replay: Annotated[int, whole(REPLAY, "--replay")] = 0,
    json: Json = False,
) -> None:
    """Replaces the whole configuration; running gateways follow within a second.

    Prints what changes, after a ! what is probably not intended, and with --replay which calls
    would have been routed differently. A file with a mistake changes nothing: each mistake is
    shown with its line. With LIVEKIT_URL and its key set, inbound trunks and rules are made in
    LiveKit; else a running gateway does it. With --json: the same as proto JSON.
    """
    from gateway.build.declaring import applying  # noqa: PLC0415
    from gateway.wire.admin_v1 import requests as admin_requests  # noqa: PLC0415
    from gateway.wire.admin_v1 import responses as admin_responses  # noqa: PLC0415
    from gateway.wire.config import document as config_document  # noqa: PLC0415

    text = config_document.text_of(file.read_bytes())

    def judge() -> Proposal:
        return admin_requests.proposal(config_document.from_yaml(text))

    asked = ApplyConfig(
        judge=judge,
        source_digest=hashlib.sha256(text.encode()).hexdigest(),
        dry_run=dry_run,
        replay_calls=replay,
    )

    async def work(opened: "Administration") -> Applied:
        async with applying(settings_told(), opened) as whole:
            return await whole.apply(asked)

    applied = on_database(work)
    done = admin_responses.applied(applied)
    if json:
        show_json(done)
    else:
        show_applied(done, dry_run=dry_run, replay=replay)
    refuse_failed(applied)


def show_applied(done: ApplyConfigResponse, *, dry_run: bool, replay: int) -> None:
    """What changes, for people."""
    show(*(line(change_text(change)) for change in done.changes))
    if done.more_changes:
        show(line(f"… and {done.more_changes} more changes"))
    for one in done.inbound:
        show(*(line(text) for text in inbound_texts(one)))
    if done.more_inbound:
        show(line(f"… and {done.more_inbound} more in LiveKit"))
    show(*(line(f"! {one.field}: {one.description}") for one in done.warnings))
    if done.more_warnings:
        show(line(f"… and {done.more_warnings} more warnings"))
    if replay:
        show_replay(done)
    show(line("checked, not applied" if dry_run else f"version {done.version} is in force"))


def inbound_texts(one: InboundObject) -> Iterator[str]:
    """What is done in LiveKit: `+` created, `-` deleted, `~` changed; then field by field."""
    name = f"LiveKit {one.path}" + (f" ({one.livekit_id})" if one.livekit_id else "")
    drifted = ", changed by others" if one.state == INBOUND_STATE_DRIFTED else ""
    yield f"{_SIGNS.get(one.action, ' ')} {name}{drifted}"
    yield from (f"    {change_text(change)}" for change in one.changes)
    if one.error:
        yield f"    ! {one.error}"


def refuse_failed(applied: Applied) -> None:
    """Raises CommandError if LiveKit is not, or would not be, as declared."""
    told = [f"{one.key.path}: {one.error}" for one in applied.inbound if one.error]
    if len(told) > MOST_TOLD:
        told[MOST_TOLD:] = [f"and {len(told) - MOST_TOLD} more"]
    if applied.inbound_error:
        told.append(f"inbound: {applied.inbound_error}")
    if told:
        hint = "the configuration is checked as a whole; running gateways try LiveKit again"
        raise CommandError("; ".join(told), hint)


def change_text(change: ConfigChange) -> str:
    """One difference: `+` added, `-` removed, `~` changed."""
    if not change.before:
        return f"+ {change.path}: {change.after}"
    if not change.after:
        return f"- {change.path}: {change.before}"
    return f"~ {change.path}: {change.before} → {change.after}"


def show_replay(done: ApplyConfigResponse) -> None:
    """The calls that would have been routed differently, and how many were replayed."""
    columns = ("CALL", "TENANT", "TO", "TRUNK", "WOULD BE")
    rows = (
        (
            one.call_id,
            one.tenant_id,
            one.to,
            one.trunk_id or "refused",
            one.new_trunk_id or refused(one),
        )
        for one in done.reroutes
    )
    if done.reroutes:
        show(table(columns, rows))
    told = f"{len(done.reroutes)} of {done.replayed_calls} calls would be routed differently"
    show(line(told))


def refused(reroute: Reroute) -> str:
    """Why a call would not be placed any more."""
    return f"refused: {reroute.reason}: {reroute.message}"


@route.callback()
def route_group() -> None:
    """Keeps `explain` a command of its own."""


@route.command()
def explain(
    tenant: Annotated[str, typer.Argument(metavar="TENANT", help="The tenant that would call.")],
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="E.164, or 112.")],
    *,
    caller_id: CallerId = "",
    trunk: Trunk = "",
    label: Labels = None,
    ringing_timeout: RingingTimeout = None,
    max_duration: MaxDuration = None,
    override: Overrides = None,
    json: Json = False,
) -> None:
    """Shows each trunk considered for a call, why it is taken or not, and what limits it."""
    from gateway.wire.telephony_v1 import responses as telephony_responses  # noqa: PLC0415

    asked = PlaceCall(
        to=number,
        caller_id=caller_id,
        trunk_id=trunk,
        labels=pairs(label),
        ringing_timeout=ringing_timeout,
        max_duration=max_duration,
        override=tuple(Override[each.name] for each in override or ()),
    )

    async def work(opened: "Administration") -> RouteDecision:
        return telephony_responses.route(await opened.admin.explain_route(tenant, asked))

    decision = on_database(work)
    if json:
        show_json(decision)
    else:
        show(*views.route_tables(decision))
