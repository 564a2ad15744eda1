"""Starts and stops a PostgreSQL server of the tests' own."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

from tests.stands.processes.ports import (
    LOOPBACK,
    free_ports,
    on_free_ports,
)
from tests.stands.processes.servers import Servers

HERE = Path(__file__).parent
USER = "gateway"
SERVER = "postgres"


class PostgresError(RuntimeError):
    """The server could not be installed, started or stopped."""


class PostgresServer:
    """PostgreSQL on a free loopback port.

    `durable`: as in production, where a commit waits for the disk; else it outlives the server's
    death as well, but not the machine's.
    Use it as a context manager, or call :meth:`start` and :meth:`stop`. All methods are
    synchronous. As root it runs as the package's user ``postgres``, else as whoever runs it.
    """

    def __init__(self, *, durable: bool = True) -> None:
        """Prepare a server; nothing runs yet."""
        self._durable = durable
        self._password = secrets.token_hex(12)
        self._bin = Path()
        self._directory: Path | None = None
        self._port = 0
        self._databases = 0
        self._servers: Servers | None = None

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
        # SIGQUIT stops it at once, and cleanly enough.
        self._servers = Servers(self._directory, PostgresError, signal.SIGQUIT)
        try:
            (self._port,) = free_ports(1)
            self._init()
            self._launch()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop at once and remove the files. Stopping a stopped server does nothing."""
        if self._servers is not None:
            self._servers.close()
            self._servers = None
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None

    def halt(self, *, immediate: bool = True) -> None:
        """Stop as if the machine had died, or by its own shutdown; the data stays."""
        if self._servers is not None:
            self._servers.end(SERVER, signal.SIGQUIT if immediate else signal.SIGINT)

    def resume(self) -> None:
        """Start again what :meth:`halt` stopped, on the same port; return when it serves."""
        self._launch()

    def restart(self, *, immediate: bool = True) -> None:
        """Stop and start again: after an immediate stop the server recovers from its log."""
        self.halt(immediate=immediate)
        self.resume()

    def create_database(self, template: str = "template1") -> str:
        """Create a copy of a database, unless told otherwise an empty one, and return its URL."""
        self._databases += 1
        name = f"gateway_{self._databases}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
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
            command,
            **self._account(),
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise PostgresError(f"initdb failed with code {done.returncode}\n{done.stdout}")

    def _launch(self) -> None:
        if self._servers is None or self._servers.runs(SERVER):
            raise PostgresError("the server runs, or was never started")
        settings = {
            "listen_addresses": LOOPBACK,
            "port": self._port,
            "unix_socket_directories": self.directory,
            "max_connections": 100,
            "fsync": "on" if self._durable else "off",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        self._servers.start(
            SERVER, self._program("postgres"), "-D", "data", *options, **self._account()
        )
        self._servers.wait_for(SERVER, self._serves)

    def _serves(self) -> bool:
        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _program(self, name: str) -> str:
        return str(self._bin / name)

    def _account(self) -> dict[str, Any]:
        """PostgreSQL refuses to run as root."""
        if os.geteuid() != 0:
            return {}
        account = pwd.getpwnam("postgres")
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": ()}


def _install() -> Path:
    """Run install.sh and read where the programs are."""
    command: Sequence[str] = (str(HERE / "install.sh"),)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise PostgresError(f"install.sh failed with code {done.returncode}")
    return Path(done.stdout.strip())
