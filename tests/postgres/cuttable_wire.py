"""A wire to a server that can be cut at the worst moment."""

from __future__ import annotations

import socket
from collections.abc import Callable
from enum import Enum, auto
from threading import Event, Thread
from types import TracebackType
from typing import Self

from sqlalchemy import make_url

LOOPBACK = "127.0.0.1"
COMMIT = b"COMMIT\0"


class Cut(Enum):
    """When the wire breaks, once."""

    NEVER = auto()
    BEFORE_COMMIT_ARRIVES = auto()
    BEFORE_COMMIT_IS_ANSWERED = auto()


class CuttableWire:
    """Forwards connections on `port` to the server of a database; `url` leads there by this wire.

    ``next_cut`` breaks the next connection that commits; with ``dead_after_cut`` the wire then
    takes no connections until :meth:`mend`. ``was_cut`` is set when it happened. ``trips`` counts
    how often the client sent something after it had got an answer.
    """

    def __init__(self, database_url: str) -> None:
        """Prepare a wire; it is there on entering."""
        direct = make_url(database_url)
        assert direct.port
        self._server_port = direct.port
        self._socket = socket.create_server((LOOPBACK, 0))
        self.port: int = self._socket.getsockname()[1]
        self.url = direct.set(port=self.port).render_as_string(hide_password=False)
        self.next_cut = Cut.NEVER
        self.dead_after_cut = False
        self.was_cut = Event()
        self.trips = 0
        self._dead = False
        self._closed = False

    def __enter__(self) -> Self:
        """Take connections."""
        Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Take no more connections."""
        self._closed = True
        socket.create_connection((LOOPBACK, self.port)).close()

    def mend(self) -> None:
        """Take connections again."""
        self._dead = False

    def _accept(self) -> None:
        with self._socket:
            while not self._closed:
                near, _ = self._socket.accept()
                if self._closed or self._dead:
                    near.close()
                    continue
                far = socket.create_connection((LOOPBACK, self._server_port))
                _Connection(self, near, far).start()

    def broken(self) -> None:
        """A connection was cut."""
        self._dead = self.dead_after_cut
        self.next_cut = Cut.NEVER
        self.was_cut.set()


class _Connection:
    def __init__(self, wire: CuttableWire, near: socket.socket, far: socket.socket) -> None:
        self._wire = wire
        self._near = near
        self._far = far
        self._swallow = False
        self._is_answered = True

    def start(self) -> None:
        answers = Thread(target=self._pump, args=(self._far, self._answer), daemon=True)
        answers.start()
        asks = (self._near, self._ask, answers)
        Thread(target=self._pump, args=asks, daemon=True).start()

    def _ask(self, data: bytes) -> bool:
        self._wire.trips += self._is_answered
        self._is_answered = False
        if COMMIT in data:
            if self._wire.next_cut is Cut.BEFORE_COMMIT_ARRIVES:
                self._wire.broken()
                return False
            self._swallow = self._wire.next_cut is Cut.BEFORE_COMMIT_IS_ANSWERED
        self._far.sendall(data)
        return True

    def _answer(self, data: bytes) -> bool:
        self._is_answered = True
        if self._swallow:
            self._wire.broken()
            return False
        self._near.sendall(data)
        return True

    def _pump(
        self, source: socket.socket, forward: Callable[[bytes], bool], last: Thread | None = None
    ) -> None:
        try:
            while (data := source.recv(65536)) and forward(data):
                pass
        except OSError:
            pass  # the other side is gone
        for end in (self._near, self._far):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        if last:
            last.join()
            self._near.close()
            self._far.close()
