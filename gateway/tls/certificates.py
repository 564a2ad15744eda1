"""The certificate in force, which is exchanged for newer ones while connections are served."""

from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from gateway.metrics import TLS_EXPIRES, TLS_RELOADS
from gateway.tls.material import Material

log = structlog.get_logger()


class Certificates:
    """`purpose`: its name in the log and in metrics, such as `server`.

    What is under way keeps the certificate that it began with. May be used from any thread.
    """

    def __init__(self, purpose: str, material: Material) -> None:
        self._purpose = purpose
        self._listeners: list[Callable[[], None]] = []
        self._take(material)

    @property
    def material(self) -> Material:
        """What new connections use."""
        return self._material

    def on_change(self, listener: Callable[[], None]) -> None:
        """Calls `listener`, in whatever thread, whenever it was exchanged."""
        self._listeners.append(listener)

    def replace(self, material: Material) -> None:
        """From now on new connections use this one, which has been checked."""
        if material == self._material:
            return
        self._take(material)
        TLS_RELOADS.labels(self._purpose, "taken").inc()
        for listener in self._listeners:
            listener()

    def kept(self, cause: str) -> None:
        """A newer one was found and cannot be used, so the one in force stays."""
        TLS_RELOADS.labels(self._purpose, "refused").inc()
        log.error("certificate_not_taken", purpose=self._purpose, cause=cause)

    def _take(self, material: Material) -> None:
        self._material = material
        if not material.chain:
            return
        ends = material.expire_time
        TLS_EXPIRES.labels(self._purpose).set(ends.timestamp())
        told = {"purpose": self._purpose, "expires": ends.isoformat()}
        if ends <= datetime.now(UTC):
            log.error("certificate_expired", **told)
        else:
            log.info("certificate_taken", **told)
