"""`gateway apply` and `gateway route`: the configuration, and what follows from it."""

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
import yaml
from google.protobuf.json_format import MessageToDict

from gateway.commands import views
from gateway.commands.database import on_database
from gateway.commands.options import CallerId, Json, MaxDuration, RingingTimeout, Trunk, flag
from gateway.commands.output import line, show, show_json
from gateway.domain.commands import PlaceCall
from gateway.telephony.v1.admin_pb2 import Config
from gateway.telephony.v1.calls_pb2 import RouteDecision

if TYPE_CHECKING:
    from gateway.build import Administration

route = typer.Typer(no_args_is_help=True, help="See where a call would go, and why.")

File = Annotated[
    Path,
    typer.Argument(metavar="FILE", exists=True, dir_okay=False, readable=True, help="YAML."),
]


def apply(
    file: File,
    *,
    dry_run: Annotated[bool, flag("--dry-run", "Check it and show what would change.")] = False,
    json: Json = False,
) -> None:
    """Replaces the whole configuration; running gateways follow within a second.

    Prints what changes, line by line. A file with a mistake changes nothing. With --json: the
    configuration of the file.
    """
    from gateway.wire import config_v1  # noqa: PLC0415

    wanted = config_v1.from_yaml(file.read_text())

    async def work(opened: "Administration") -> tuple[Config, int]:
        before = await opened.admin.current_config()
        if not dry_run:
            await opened.apply_file(file)
        after = await opened.admin.current_config()
        version = after.version if after else 0
        return config_v1.from_document(before.document) if before else Config(), version

    before, version = on_database(work)
    if json:
        show_json(wanted)
        return
    show(*(line(each) for each in difference(before, wanted)))
    show(line("checked, not applied" if dry_run else f"version {version} is in force"))


def difference(before: Config, after: Config) -> Iterable[str]:
    """The lines that go and come, as in a unified diff."""
    return difflib.unified_diff(
        written(before), written(after), "in force", "in the file", lineterm="", n=2
    )


def written(config: Config) -> list[str]:
    """The configuration as YAML."""
    fields = MessageToDict(config, preserving_proto_field_name=True)
    return yaml.safe_dump(fields, sort_keys=False, allow_unicode=True).splitlines()


@route.callback()
def route_group() -> None:
    """Keeps `explain` a command of its own."""


@route.command()
def explain(
    tenant: Annotated[str, typer.Argument(metavar="TENANT", help="Who would call.")],
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="E.164.")],
    *,
    caller_id: CallerId = "",
    trunk: Trunk = "",
    ringing_timeout: RingingTimeout = None,
    max_duration: MaxDuration = None,
    json: Json = False,
) -> None:
    """Shows each trunk considered for a call, the caller ID and the timeouts in force."""
    from gateway.domain.fields import phone_number  # noqa: PLC0415
    from gateway.wire import telephony_v1_responses  # noqa: PLC0415

    asked = PlaceCall(
        to=phone_number("to", number),
        caller_id=caller_id,
        trunk_id=trunk,
        ringing_timeout=ringing_timeout,
        max_duration=max_duration,
    )

    async def work(opened: "Administration") -> RouteDecision:
        return telephony_v1_responses.route(opened.admin.explain_route(tenant, asked))

    decision = on_database(work)
    if json:
        show_json(decision)
    else:
        show(*views.route_tables(decision))
