"""`gateway serve`: runs until it is stopped."""

import asyncio
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from gateway.cli.database import settings_told
from gateway.cli.options import flag
from gateway.cli.output import CommandError, note
from gateway.ports import StoreUnavailableError

if TYPE_CHECKING:
    from gateway.build import Gateway
    from gateway.settings import Settings

SWITCH_SECONDS = 0.001
"""How long the event loop waits for the threads of the store before it goes on."""
DEMO_TENANT = "demo"
DEMO_CONFIG = Path(__file__).parent.parent / "demo.yaml"


def serve(
    *,
    demo: Annotated[
        bool, flag("--demo", "No phone rings; a tenant `demo` may use every room.")
    ] = False,
) -> None:
    """Serves gRPC and HTTP until SIGTERM or Ctrl-C, then lets what is under way finish.

    Reads LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET, GATEWAY_DATABASE_URL,
    GATEWAY_GRPC_ADDRESS, GATEWAY_HTTP_ADDRESS, GATEWAY_CONFIG, GATEWAY_MASTER_KEY,
    GATEWAY_PLATFORM, GATEWAY_AUDIT_REDACTION, GATEWAY_DRAIN_TIMEOUT (seconds),
    GATEWAY_RETENTION_DAYS, GATEWAY_WEBHOOK_PRIVATE_ADDRESSES, GATEWAY_MAX_TOKEN_HOURS and
    GATEWAY_SECRET_DIRECTORIES. The log goes to stderr and the audit log to stdout, a JSON object
    on each line.
    """
    import uvloop  # noqa: PLC0415

    from gateway import logs  # noqa: PLC0415
    from gateway.build.descriptors import raise_limit  # noqa: PLC0415
    from gateway.build.doors import clients_of  # noqa: PLC0415
    from gateway.settings import PlatformName  # noqa: PLC0415

    logs.configure()
    logs.take_in_crashes()
    sys.setswitchinterval(SWITCH_SECONDS)
    settings = settings_told()
    if demo:
        changes = {"platform": PlatformName.SANDBOX, "config": DEMO_CONFIG}
        settings = settings.model_copy(update=changes)
    raise_limit(clients_of(settings))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(settings, demo=demo))


async def run(settings: "Settings", *, demo: bool) -> None:
    """One gateway, from its start to its end. Raises CommandError where it cannot start."""
    stopped = stop_signal()
    gateway = await started(settings)
    try:
        if demo:
            await invite(gateway)
        await stopped.wait()
    finally:
        # A second signal does not wait any more.
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().remove_signal_handler(number)
        await gateway.stop()


def stop_signal() -> asyncio.Event:
    """Is set by SIGINT and SIGTERM."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped


async def started(settings: "Settings") -> "Gateway":
    """A gateway that serves. Raises CommandError that says what keeps it from that."""
    from gateway.build import ConfigurationError, Gateway  # noqa: PLC0415

    try:
        gateway = Gateway(settings)
    except (ConfigurationError, StoreUnavailableError, ValueError) as error:
        raise CommandError(str(error)) from error
    except RuntimeError as error:
        hint = "GATEWAY_GRPC_ADDRESS and GATEWAY_ADMIN_GRPC_ADDRESS set other addresses"
        raise CommandError(f"cannot serve gRPC: {error}", hint) from error
    try:
        if settings.config == DEMO_CONFIG:
            await refuse_to_replace(gateway)
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
    return gateway


async def refuse_to_replace(gateway: "Gateway") -> None:
    """Raises CommandError if the database has a configuration other than the demo's."""
    directory = gateway.administration.directory
    await directory.refresh()
    others = {tenant.tenant_id for tenant in directory.config.tenants} - {DEMO_TENANT}
    if others:
        hint = "GATEWAY_DATABASE_URL names another database, such as sqlite:///demo.db"
        raise CommandError("this database has a configuration that is not the demo's", hint)


async def invite(gateway: "Gateway") -> None:
    """Makes a key for the demo tenant if it has none, and says what to type next."""
    admin = gateway.administration.admin
    keys = await admin.list_keys(DEMO_TENANT)
    if not any(key.holds(admin.now()) for key in keys):
        await admin.create_key(DEMO_TENANT)
    command = command_name()
    note("The gateway serves on the sandbox: no phone rings. In another terminal:")
    note(f"  export GATEWAY_TOKEN=$({command} token {DEMO_TENANT})")
    note(f"  {command} calls place +15005550108 --watch")


def command_name() -> str:
    """How this command line was called, so that what is shown can be typed."""
    if shutil.which("gateway"):
        return "gateway"
    return "python -m gateway" if sys.argv[0].endswith("__main__.py") else sys.argv[0]
