"""LISTEN and NOTIFY, as a database server has them: who listens hears of others' commits."""

from collections.abc import Callable, Mapping

from gateway.ports import StoreUnavailableError
from gateway.store.databases.postgresql import LISTENER_PAUSE_SECONDS

Later = Callable[[float, Callable[[], None]], None]


class Bells:
    """All listening connections of a run. `pause`: seconds from a commit until it is heard."""

    def __init__(self, later: Later, pause: Callable[[], float]) -> None:
        self._later = later
        self._pause = pause
        self._bells: dict[int, Bell] = {}
        self._sources = 0

    def listen(self, log_id: str) -> "Bell":
        """A new connection that listens."""
        self._sources += 1
        bell = self._bells[self._sources] = Bell(self, self._sources, log_id)
        return bell

    def ring(self, log_id: str, newest: Mapping[str, int]) -> None:
        """A commit has stored events up to these sequences."""
        for bell in list(self._bells.values()):
            if bell.log_id != log_id:
                self._later(self._pause(), lambda bell=bell: bell.ring(newest))  # type: ignore[misc]

    def wait(self, source: int, wake: Callable[[], None]) -> None:
        """Calls `wake` once, as soon as there is something to hear."""
        self._bells[source].wait(wake)

    def fall_silent(self) -> None:
        """Every connection breaks."""
        for bell in list(self._bells.values()):
            bell.break_off()

    def drop(self, bell: "Bell") -> None:
        """For bells: closed."""
        self._bells.pop(bell.number, None)


class Bell:
    """One connection that listens; see `Listener`."""

    pause = LISTENER_PAUSE_SECONDS

    def __init__(self, bells: Bells, source: int, log_id: str) -> None:
        self.number = source
        self.source: int | None = source
        self.log_id = log_id
        self._bells = bells
        self._newest: dict[str, int] = {}
        self._broken = False
        self._wake: Callable[[], None] | None = None

    def ring(self, newest: Mapping[str, int]) -> None:
        """It is heard."""
        if not self._broken:
            self._newest |= newest
            self._rouse()

    def break_off(self) -> None:
        """Nothing is heard any more, which is seen at once."""
        self._broken = True
        self._rouse()

    def wait(self, wake: Callable[[], None]) -> None:
        """See `Bells`."""
        self._wake = wake
        if self._newest or self._broken:
            self._rouse()

    def heard(self) -> Mapping[str, int] | None:
        """See `Listener`."""
        if self._broken:
            raise StoreUnavailableError("the database does not answer: connection lost")
        heard, self._newest = self._newest, {}
        return heard

    def close(self) -> None:
        """See `Listener`."""
        self._bells.drop(self)

    def _rouse(self) -> None:
        wake, self._wake = self._wake, None
        if wake is not None:
            wake()
