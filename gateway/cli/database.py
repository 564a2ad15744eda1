"""How a command reaches the database that the environment names.

The modules that serve and store take seconds to load, and `calls` does not need them. So
commands load them only when needed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from gateway.cli.output import CommandError, line, show
from gateway.ports import StoreUnavailableError

if TYPE_CHECKING:
    from gateway.build import Administration
    from gateway.settings import Settings

T = TypeVar("T")

DATABASE_HINT = "GATEWAY_DATABASE_URL names the database, such as sqlite:///gateway.db"


def on_database(work: "Callable[[Administration], Awaitable[T]]") -> T:
    """Opens the database, does the work, and returns its result. Raises CommandError."""
    from gateway.build import ConfigurationError, administration  # noqa: PLC0415

    settings = settings_told()
    log_warnings(settings)

    async def run() -> T:
        async with administration(settings) as opened:
            return await work(opened)

    try:
        return asyncio.run(run())
    except (ConfigurationError, StoreUnavailableError, ValueError, OSError) as error:
        raise CommandError(str(error), DATABASE_HINT) from error


def migrate() -> None:
    """Creates the tables, or brings older ones up to date, and ends.

    `gateway serve` does the same at its start; this is for a job that runs before. Needs
    GATEWAY_DATABASE_URL and, with PostgreSQL, GATEWAY_MASTER_KEY. Nothing changes if the tables are
    up to date already; a database that a newer program has changed is refused.
    """

    async def work(_opened: "Administration") -> None:
        """Whatever opens the database migrates it."""

    on_database(work)
    show(line("the tables are up to date"))


def log_warnings(settings: "Settings") -> None:
    """Keeps the log lines of a serving gateway out of a command's output."""
    from gateway import logs  # noqa: PLC0415

    form = settings.log_form
    if form.level in (logs.LogLevel.DEBUG, logs.LogLevel.INFO):
        form = replace(form, level=logs.LogLevel.WARNING)
    logs.configure(form)


def settings_told() -> "Settings":
    """The settings from the environment. Raises CommandError that names the wrong variable."""
    from pydantic import ValidationError  # noqa: PLC0415

    from gateway.settings import Settings  # noqa: PLC0415

    try:
        return Settings()  # type: ignore[call-arg, unused-ignore]  # the environment calls it
    except ValidationError as error:
        # A field without an alias is reported by its own name, the variable's in lower case.
        wrong = "; ".join(
            f"{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()
        )
        raise CommandError(f"the environment is wrong: {wrong}") from None
