"""The command line: `gateway …`, or `python -m gateway …`."""

import typer

from gateway.commands import calls
from gateway.commands.output import ExplainingGroup

app = typer.Typer(
    name="gateway",
    cls=ExplainingGroup,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
    help="Call control in front of LiveKit SIP.",
)
app.add_typer(calls.app, name="calls")


@app.callback()
def root() -> None:
    """Keeps `gateway` a group, however few commands it has."""


def main() -> None:
    """Runs the command that was typed."""
    app()


if __name__ == "__main__":
    main()
