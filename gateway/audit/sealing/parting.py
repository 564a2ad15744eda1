"""What of a record is personal, apart from what stays readable; and both put together again."""

from collections.abc import Mapping
from typing import Any

from gateway.audit.records import Described, plain
from gateway.audit.redaction import SEALED, describe, sealed
from gateway.domain.audit_event import AuditEvent, AuditKind
from gateway.domain.cutting import is_cut
from gateway.domain.replacing import replace

Values = Mapping[str, Any]

_PARTS = ("request", "decision")


def parted(event: AuditEvent) -> tuple[AuditEvent, Values]:
    """The record with `[sealed]` for what is personal, and that, by the same keys.

    The messages of refusals and the carriers' texts are sealed whole: they repeat whatever was
    asked for. So are texts that were cut: half of a number is not known for one.
    """
    shown: dict[str, Any] = {}
    personal: dict[str, Any] = {}
    for name in _PARTS:
        told = plain(getattr(event, name))
        if told:
            shown[name], own = _parted(told, _without_cut(describe(told, sealed)))
            if own:
                personal[name] = own
    texts = ("reason", "sip_status") if event.kind is AuditKind.REFUSED else ("sip_status",)
    for name in texts:
        if value := getattr(event, name):
            shown[name], personal[name] = SEALED, value
    return (replace(event, **shown), personal) if personal else (event, personal)


def _without_cut(left: Any) -> Any:
    """The same without texts that were cut."""
    match left:
        case str():
            return SEALED if is_cut(left) else left
        case Mapping():
            return {key: _without_cut(value) for key, value in left.items()}
        case list():
            return [_without_cut(value) for value in left]
        case _:
            return left


def _parted(told: Values, redacted: Values) -> tuple[Described, dict[str, Any]]:
    """What redaction leaves as it is or hides, and what it hides, as it was."""
    shown: dict[str, Any] = {}
    personal: dict[str, Any] = {}
    for key, value in told.items():
        left = redacted.get(key, value)
        if left == value:
            shown[key] = value
        elif isinstance(value, Mapping) and isinstance(left, Mapping):
            shown[key], personal[key] = _parted(value, left)
        else:
            shown[key], personal[key] = left, value
    return Described(shown), personal


def joined(record: Values, personal: Values) -> dict[str, Any]:
    """The record with the personal values in their places."""
    whole = dict(record)
    for key, value in personal.items():
        place = whole.get(key)
        if isinstance(value, Mapping) and isinstance(place, Mapping):
            whole[key] = joined(place, value)
        else:
            whole[key] = value
    return whole
