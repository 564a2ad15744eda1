"""`gateway serve`: runs until it is stopped. `gateway healthcheck`: whether it does."""

import asyncio
import http.client
import shutil
import signal
import ssl
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.database import settings_told
from gateway.cli.options import flag, whole
from gateway.cli.output import CommandError, line, note, show
from gateway.cli.serving import DEMO_CONFIG, DEMO_TENANT, run, started

if TYPE_CHECKING:
    from gateway.build import Gateway
    from gateway.settings import Settings

HEALTH_SECONDS = 2.0


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
    GATEWAY_SECRET_DIRECTORIES, GATEWAY_WORKERS, GATEWAY_LOG_FORMAT and GATEWAY_LOG_LEVEL. The log
    goes to stderr and the audit log to stdout: short lines at a terminal, else a JSON object each.
    """
    from gateway import logs  # noqa: PLC0415
    from gateway.cli.workers import serve_worker, supervise  # noqa: PLC0415
    from gateway.settings import PlatformName, quiet_core  # noqa: PLC0415

    quiet_core()
    if channel is not None:
        serve_worker(channel)
        return
    settings = settings_told()
    logs.configure(settings.log_form)
    logs.take_in_crashes()
    if workers:
        settings = settings.model_copy(update={"workers": workers})
    if demo:
        changes = {"platform": PlatformName.SANDBOX, "config": DEMO_CONFIG}
        settings = settings.model_copy(update=changes)
    if settings.workers > 1:
        supervise(settings)
    else:
        serve_alone(settings, demo=demo)


def healthcheck() -> None:
    """Asks the gateway on this machine whether it lives; exit code 1 if it does not say so.

    For health checks of containers. It asks `/healthz` at GATEWAY_ADMIN_ADDRESS or else
    GATEWAY_HTTP_ADDRESS, with the environment of `gateway serve`, and waits for 2 s at most.
    """
    settings = settings_told()
    asked = settings.admin_address or settings.http_address
    connection = _connection(settings, asked)
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise CommandError(f"{asked} does not answer: {error}") from error
    finally:
        connection.close()
    if status != http.client.OK:
        raise CommandError(f"{asked} answers with status {status}")
    show(line("the gateway serves"))


def _connection(settings: "Settings", address: str) -> http.client.HTTPConnection:
    """To the gateway's own port. Whoever can take that from it can do worse: no name is checked."""
    bound, _, port = address.rpartition(":")
    host = {"0.0.0.0": "127.0.0.1", "[::]": "::1"}.get(bound, bound).strip("[]")  # noqa: S104
    if settings.admin_address or not (settings.tls_cert or settings.spiffe_socket):
        return http.client.HTTPConnection(host, int(port), timeout=HEALTH_SECONDS)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, int(port), timeout=HEALTH_SECONDS, context=context)


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
