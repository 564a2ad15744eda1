"""Starts and stops a PostgreSQL server of the tests' own."""

from __future__ import annotations

import ctypes
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

from tests.stands.patience import PATIENCE
from tests.stands.ports import LOOPBACK, PortTakenError, free_ports, on_free_ports, tells_taken

HERE = Path(__file__).parent
USER = "gateway"
STOP_TIMEOUT = 10.0
LOG_TAIL_LINES = 40

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


class PostgresError(RuntimeError):
    """The server could not be installed, started or stopped."""


class PostgresServer:
    """PostgreSQL on a free loopback port, as durable as in production.

    Use it as a context manager, or call :meth:`start` and :meth:`stop`. All methods are
    synchronous. As root it runs as the package's user ``postgres``, else as whoever runs it.
    """

    def __init__(self) -> None:
        """Prepare a server; nothing runs yet."""
        self._password = secrets.token_hex(12)
        self._bin = Path()
        self._directory: Path | None = None
        self._port = 0
        self._databases = 0
        self._process: subprocess.Popen[bytes] | None = None
        # The server dies with the thread that started it (PR_SET_PDEATHSIG), so a thread of our
        # own, which lives as long as we do, starts it.
        self._spawner: ThreadPoolExecutor | None = None

    def __enter__(self) -> Self:
        """Start the server."""
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the server."""
        self.stop()

    @property
    def directory(self) -> Path:
        """Where the server keeps its files; the log is ``postgres.log``."""
        if self._directory is None:
            raise PostgresError("the server has not been started")
        return self._directory

    def url(self, database: str) -> str:
        """The URL of a database of this server."""
        return f"postgresql://{USER}:{self._password}@{LOOPBACK}:{self._port}/{database}"

    def start(self) -> None:
        """Install what is missing, make a cluster, start it and return when it serves."""
        if self._directory is not None:
            raise PostgresError("the server has been started already")
        self._bin = _install()
        on_free_ports(self._start)

    def _start(self) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="gateway-postgres-"))
        self._spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="postgres-spawner")
        try:
            (self._port,) = free_ports(1)
            self._init()
            self._launch()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop at once and remove the files. Stopping a stopped server does nothing."""
        self._end(signal.SIGQUIT)
        if self._spawner is not None:
            self._spawner.shutdown()
            self._spawner = None
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None

    def halt(self, *, immediate: bool = True) -> None:
        """Stop as if the machine had died, or by its own shutdown; the data stays."""
        self._end(signal.SIGQUIT if immediate else signal.SIGINT)

    def resume(self) -> None:
        """Start again what :meth:`halt` stopped, on the same port; return when it serves."""
        self._launch()

    def restart(self, *, immediate: bool = True) -> None:
        """Stop and start again: after an immediate stop the server recovers from its log."""
        self.halt(immediate=immediate)
        self.resume()

    def create_database(self) -> str:
        """Create an empty database and return its URL."""
        self._databases += 1
        name = f"gateway_{self._databases}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Remove the database, whoever is connected."""
        self.execute(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    def execute(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement as superuser and return its rows."""
        with psycopg.connect(
            self.url("postgres"), autocommit=True, connect_timeout=10
        ) as connection:
            found = connection.execute(statement.encode(), values or None)
            return found.fetchall() if found.description else []

    def _init(self) -> None:
        password = self.directory / "password"
        password.write_text(self._password)
        options = ("--auth=scram-sha-256", f"--pwfile={password}", "--locale=C.UTF-8")
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            for path in (self.directory, password):
                os.chown(path, account.pw_uid, account.pw_gid)
        command = (self._program("initdb"), "-D", "data", "-U", USER, "-E", "UTF8", *options)
        done = subprocess.run(  # noqa: S603
            command, **self._surroundings(), stdout=subprocess.PIPE, text=True, check=False
        )
        if done.returncode != 0:
            raise PostgresError(f"initdb failed with code {done.returncode}\n{done.stdout}")

    def _launch(self) -> None:
        if self._spawner is None or self._process is not None:
            raise PostgresError("the server runs, or was never started")
        settings = {
            "listen_addresses": LOOPBACK,
            "port": self._port,
            "unix_socket_directories": self.directory,
            "max_connections": 100,
            "fsync": "on",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        command = (self._program("postgres"), "-D", "data", *options)

        def spawn() -> subprocess.Popen[bytes]:
            with (self.directory / "postgres.log").open("ab") as log:
                return subprocess.Popen(  # noqa: S603
                    command,
                    **self._surroundings(),
                    stdout=log,
                    start_new_session=True,
                    preexec_fn=_stop_with_parent,  # noqa: PLW1509 (it only makes a system call)
                )

        self._process = self._spawner.submit(spawn).result()
        self._await_service()

    def _await_service(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.execute("SELECT 1")
            except psycopg.OperationalError as away:
                code = self._process.poll() if self._process else None
                if code is not None or time.monotonic() > deadline:
                    log = self._log_tail()
                    failed = PortTakenError if tells_taken(log) else PostgresError
                    raise failed(f"{away}\nexit code {code}\n{log}") from away
                time.sleep(0.02)
            else:
                return

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_TIMEOUT)

    def _program(self, name: str) -> str:
        return str(self._bin / name)

    def _surroundings(self) -> dict[str, Any]:
        """PostgreSQL refuses to run as root."""
        given: dict[str, Any] = {
            "cwd": self.directory,
            "stdin": subprocess.DEVNULL,
            "stderr": subprocess.STDOUT,
        }
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            given |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": ()}
        return given

    def _log_tail(self) -> str:
        lines = (self.directory / "postgres.log").read_text(errors="replace").splitlines()
        return "\n".join(lines[-LOG_TAIL_LINES:])


def _install() -> Path:
    """Run install.sh and read where the programs are."""
    command: Sequence[str] = (str(HERE / "install.sh"),)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise PostgresError(f"install.sh failed with code {done.returncode}")
    return Path(done.stdout.strip())


def _stop_with_parent() -> None:
    """Have the kernel stop this server, cleanly enough, when the thread that started it ends."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT, 0, 0, 0)
