"""What a gateway does again and again beside serving."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from gateway.ports import PlatformError, StoreUnavailableError

log = structlog.get_logger()


async def every(seconds: float, step: Callable[[], Awaitable[object]]) -> None:
    """For ever; whatever goes wrong is logged and tried again the next time."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await step()
        except StoreUnavailableError as away:
            log.warning("database_away", cause=str(away))
        except PlatformError as away:
            log.warning("platform_away", cause=str(away))
        except Exception:
            log.exception("chore_failed", chore=step.__name__)
