"""The differences between two configurations, with paths that use names.

Works on the documents' plain JSON values; lists whose entries have names are compared by them.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MAX_VALUE = 1000
"""The longest shown text of one value, in characters."""

_NAMES: Mapping[str, str] = {
    "tenants": "tenant_id",
    "trunks": "trunk_id",
    "routes": "route_id",
    "targets": "trunk_id",
    "numbers": "number",
    "destinations": "limit_id",
    "webhooks": "webhook_id",
    "calling_hours": "hours_id",
    "token_issuers": "issuer",
    "dispatch_rules": "rule_id",
    "agents": "agent_name",
}
"""The field that identifies the entries of a list."""


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """One difference. `before` and `after` are JSON, empty if there is no value."""

    path: str
    before: str
    after: str


def changes(
    before: Mapping[str, Any], after: Mapping[str, Any], path: str = ""
) -> Iterator[ConfigChange]:
    """Every difference between two documents, in the order of their names."""
    for name in sorted({*before, *after}):
        inner = f"{path}.{name}" if path else name
        yield from _changed(name, before.get(name), after.get(name), inner)


def _changed(name: str, before: Any, after: Any, path: str) -> Iterator[ConfigChange]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from changes(before, after, path)
    elif isinstance(before, list | None) and isinstance(after, list | None):
        yield from _lists(_NAMES.get(name, ""), before or [], after or [], path)
    else:
        yield ConfigChange(path, _told(before), _told(after))


def _lists(
    key: str, before: Sequence[Any], after: Sequence[Any], path: str
) -> Iterator[ConfigChange]:
    old, new = _by_name(key, before), _by_name(key, after)
    if old is None or new is None:
        yield from _values(before, after, path)
        return
    for name in dict.fromkeys((*old, *new)):
        yield from _changed("", old.get(name), new.get(name), f"{path}[{name}]")
    kept_before = [name for name in old if name in new]
    kept_after = [name for name in new if name in old]
    if kept_before != kept_after:
        yield ConfigChange(f"{path} (order)", _told(kept_before), _told(kept_after))


def _by_name(key: str, values: Sequence[Any]) -> dict[str, Any] | None:
    """None if the entries cannot be identified by name."""
    if not key or not all(isinstance(value, Mapping) for value in values):
        return None
    named = {str(value.get(key, "")): value for value in values}
    return named if len(named) == len(values) else None


def _values(before: Sequence[Any], after: Sequence[Any], path: str) -> Iterator[ConfigChange]:
    """For long lists only entries removed and added; if there are none, the order has changed."""
    old, new = {_told(value) for value in before}, {_told(value) for value in after}
    gone = [value for value in before if _told(value) not in new]
    come = [value for value in after if _told(value) not in old]
    if gone or come:
        yield ConfigChange(path, _told(gone) if gone else "", _told(come) if come else "")
    else:
        yield ConfigChange(f"{path} (order)", _told(before), _told(after))


def _told(value: Any) -> str:
    if value is None:
        return ""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= MAX_VALUE else f"{text[: MAX_VALUE - 1]}…"
