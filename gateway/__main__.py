"""The command line: `gateway …`, or `python -m gateway …`."""

import typer

from gateway.cli import calls, config, database, do_not_call, keys, proofs, serve
from gateway.cli.output import ExplainingGroup
from gateway.cli.records.export import export

app = typer.Typer(
    name="gateway",
    cls=ExplainingGroup,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
    help="Call control in front of LiveKit SIP.",
)
app.command()(serve.serve)
app.command()(serve.healthcheck)
app.add_typer(calls.app, name="calls")
calls.app.command()(export)
app.command()(database.migrate)
app.command()(config.apply)
app.add_typer(config.route, name="route")
app.add_typer(keys.app, name="keys")
app.command()(keys.token)
app.add_typer(do_not_call.app, name="dnc")
app.add_typer(proofs.audit_commands, name="audit")


def main() -> None:
    """Runs the command that was typed."""
    app()


if __name__ == "__main__":
    main()
