"""A gateway in this process: what comes before, and what keeps one from starting."""

import asyncio
import gc
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.cli.output import CommandError
from gateway.ports import StoreUnavailableError

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from gateway.build import Gateway
    from gateway.settings import Settings

SWITCH_SECONDS = 0.0005
"""How long the event loop waits for the threads of the store before it goes on."""
DEMO_TENANT = "demo"
DEMO_CONFIG = Path(__file__).parent.parent / "demo.yaml"


def run(settings: "Settings", serving: Coroutine[Any, Any, None]) -> None:
    """Runs what serves to its end, in a process that is ready for it."""
    import uvloop  # noqa: PLC0415

    from gateway.build.descriptors import raise_limit  # noqa: PLC0415
    from gateway.build.doors import clients_of  # noqa: PLC0415

    sys.setswitchinterval(SWITCH_SECONDS)
    raise_limit(clients_of(settings))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serving)


async def started(settings: "Settings", metrics: "CollectorRegistry | None" = None) -> "Gateway":
    """A gateway that serves. Raises CommandError that says what keeps it from that."""
    from gateway.build import ConfigurationError, Gateway  # noqa: PLC0415

    try:
        gateway = Gateway(settings, metrics)
    except (ConfigurationError, StoreUnavailableError, ValueError) as error:
        raise CommandError(str(error)) from error
    except RuntimeError as error:
        hint = "GATEWAY_GRPC_ADDRESS and GATEWAY_ADMIN_GRPC_ADDRESS set other addresses"
        raise CommandError(f"cannot serve gRPC: {error}", hint) from error
    try:
        if settings.config == DEMO_CONFIG:
            await refuse_to_replace(gateway)
        gc.collect()
        await gateway.start()
    except StoreUnavailableError as error:
        await gateway.stop()
        raise CommandError(f"cannot start: {error}") from error
    except OSError as error:
        await gateway.stop()
        hint = "GATEWAY_HTTP_ADDRESS, GATEWAY_ADMIN_ADDRESS and GATEWAY_CONFIG say what is used"
        raise CommandError(f"cannot start: {error}", hint) from error
    except BaseException:
        await gateway.stop()
        raise
    # Most of what is there now stays: looking through it for garbage again would stop the loop.
    gc.freeze()
    return gateway


async def refuse_to_replace(gateway: "Gateway") -> None:
    """Raises CommandError if the database has a configuration other than the demo's."""
    directory = gateway.administration.directory
    await directory.refresh()
    others = {tenant.tenant_id for tenant in directory.config.tenants} - {DEMO_TENANT}
    if others:
        hint = "GATEWAY_DATABASE_URL names another database, such as sqlite:///demo.db"
        raise CommandError("this database has a configuration that is not the demo's", hint)
