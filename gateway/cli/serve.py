"""`gateway serve`: runs until it is stopped."""

import asyncio
import shutil
import signal
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.database import settings_told
from gateway.cli.options import flag, whole
from gateway.cli.output import note
from gateway.cli.serving import DEMO_CONFIG, DEMO_TENANT, run, started

if TYPE_CHECKING:
    from gateway.build import Gateway
    from gateway.settings import Settings


def serve(
    *,
    demo: Annotated[
        bool, flag("--demo", "No phone rings; a tenant `demo` may use every room.")
    ] = False,
    workers: Annotated[
        int | None,
        whole(
            "Processes that serve together. Unset: GATEWAY_WORKERS.", "--workers", least=1, most=64
        ),
    ] = None,
    channel: Annotated[int | None, typer.Option("--channel", hidden=True)] = None,
) -> None:
    """Serves gRPC and HTTP until SIGTERM or Ctrl-C, then lets what is under way finish.

    Reads LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET, GATEWAY_DATABASE_URL,
    GATEWAY_GRPC_ADDRESS, GATEWAY_HTTP_ADDRESS, GATEWAY_CONFIG, GATEWAY_MASTER_KEY,
    GATEWAY_PLATFORM, GATEWAY_AUDIT_REDACTION, GATEWAY_DRAIN_TIMEOUT (seconds),
    GATEWAY_RETENTION_DAYS, GATEWAY_WEBHOOK_PRIVATE_ADDRESSES, GATEWAY_MAX_TOKEN_HOURS,
    GATEWAY_SECRET_DIRECTORIES and GATEWAY_WORKERS. The log goes to stderr and the audit log to
    stdout, a JSON object on each line.
    """
    from gateway import logs  # noqa: PLC0415
    from gateway.cli.workers import serve_worker, supervise  # noqa: PLC0415
    from gateway.settings import PlatformName  # noqa: PLC0415

    if channel is not None:
        serve_worker(channel)
        return
    logs.configure()
    logs.take_in_crashes()
    settings = settings_told()
    if workers:
        settings = settings.model_copy(update={"workers": workers})
    if demo:
        changes = {"platform": PlatformName.SANDBOX, "config": DEMO_CONFIG}
        settings = settings.model_copy(update=changes)
    if settings.workers > 1:
        supervise(settings)
    else:
        serve_alone(settings, demo=demo)


def serve_alone(settings: "Settings", *, demo: bool) -> None:
    """One gateway in this process."""

    async def serving() -> None:
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

    run(settings, serving())


def stop_signal() -> asyncio.Event:
    """Is set by SIGINT and SIGTERM."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped


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
