"""The gateway without audit records, to be measured beside the one that makes them.

`python -m tests.bench.unaudited serve`. The product has no such switch: here its parts are
exchanged before it starts. Nothing is described, hashed, stored, indexed, told or taken into the
tree.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from gateway.__main__ import main
from gateway.audit.trail import Trail
from gateway.build import ground
from gateway.domain.audit_event import AuditEvent, AuditKind
from gateway.service.api import call_acceptance
from gateway.store.transaction import SqlTransaction

NONE = AuditEvent(time=datetime(2026, 1, 1, tzinfo=UTC), kind=AuditKind.DONE)


class Unrecorded(Trail):
    """Makes no record: whoever asks for one gets the same empty one."""

    def asked(self, *_: Any) -> AuditEvent:
        """See `Trail`."""
        return NONE

    def intent(self, *_: Any) -> AuditEvent:
        """See `Trail`."""
        return NONE

    def attempt_over(self, *_: Any) -> AuditEvent:
        """See `Trail`."""
        return NONE

    def call_ended(self, *_: Any) -> AuditEvent:
        """See `Trail`."""
        return NONE

    def done(self, *_: Any, **__: Any) -> None:
        """See `Trail`."""

    def refused(self, *_: Any, **__: Any) -> bool:
        """See `Trail`."""
        return False


EXCHANGED: Sequence[tuple[object, str, object]] = (
    (ground, "Trail", Unrecorded),
    (call_acceptance, "ranking_recorded", lambda _: {}),
    (call_acceptance, "choice_recorded", lambda _: {}),
    (SqlTransaction, "append_audit", lambda *_: None),
)
"""What has each name, and what it has instead."""


def without_records() -> None:
    """From here on this process makes none."""
    for owner, name, instead in EXCHANGED:
        assert hasattr(owner, name), name
        setattr(owner, name, instead)


if __name__ == "__main__":
    without_records()
    main()
