"""How a command reaches the database that the environment names.

The modules that serve and store take seconds to load, and `calls` does not need them. So
commands load them only when needed.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from gateway.cli.output import CommandError
from gateway.ports import StoreUnavailableError

if TYPE_CHECKING:
    from gateway.build import Administration
    from gateway.settings import Settings

T = TypeVar("T")

DATABASE_HINT = "GATEWAY_DATABASE_URL names the database, such as sqlite:///gateway.db"


def on_database(work: "Callable[[Administration], Awaitable[T]]") -> T:
    """Opens the database, does the work, and returns its result. Raises CommandError."""
    from gateway.build import ConfigurationError, administration  # noqa: PLC0415

    log_warnings()
    settings = settings_told()

    async def run() -> T:
        async with administration(settings) as opened:
            return await work(opened)

    try:
        return asyncio.run(run())
    except (ConfigurationError, StoreUnavailableError, ValueError, OSError) as error:
        raise CommandError(str(error), DATABASE_HINT) from error


def log_warnings() -> None:
    """Keeps the log lines of a serving gateway out of a command's output."""
    import structlog  # noqa: PLC0415

    from gateway import logs  # noqa: PLC0415

    logs.configure()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


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
