"""Periodic background tasks of a serving gateway."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from gateway.ports import PlatformError, StoreUnavailableError

log = structlog.get_logger()


async def every(
    seconds: float,
    step: Callable[[], Awaitable[object]],
    *,
    name: str = "",
    at_once: bool = False,
) -> None:
    """Runs forever; errors are logged and it is tried again the next time.

    `name`: the task's name in the log; by default that of `step`. `at_once`: it begins without a
    pause.
    """
    pause = 0.0 if at_once else seconds
    while True:
        await asyncio.sleep(pause)
        pause = seconds
        try:
            await step()
        except StoreUnavailableError as away:
            log.warning("database_away", cause=str(away))
        except PlatformError as away:
            log.warning("platform_away", cause=str(away))
        except Exception:
            log.exception("chore_failed", chore=name or step.__name__)
