"""Plans as JSON: what has its default value is left out, so a small plan is a short text."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import StrEnum
from typing import Any

from tests.simulation.plan.doings import (
    Command,
    Consult,
    Doing,
    Fault,
    Join,
    Place,
    Plan,
    Reception,
    ReferReception,
    RingIn,
    Strike,
    Verb,
    Watch,
)

_DOINGS: Mapping[str, type[Doing]] = {
    kind.__name__: kind for kind in (Place, Command, Consult, Join, RingIn, Watch, Strike)
}


def to_json(plan: Plan) -> str:
    """One line per doing."""
    head = _shown(plan)
    doings = [json.dumps(_doing(doing)) for doing in head.pop("doings", ())]
    begin = json.dumps(head)[:-1]
    return f'{begin}, "doings": [\n' + ",\n".join(doings) + "\n]}\n"


def from_json(text: str) -> Plan:
    """The plan that `to_json` wrote. Raises KeyError, TypeError or ValueError for other texts."""
    values = json.loads(text)
    doings = tuple(_read_doing(value) for value in values.pop("doings"))
    return Plan(**{name: _read(name, value) for name, value in values.items()}, doings=doings)


def _shown(value: Any) -> dict[str, Any]:
    """Its fields without those that have their default."""
    found = ((each, getattr(value, each.name)) for each in fields(value))
    return {each.name: content for each, content in found if content != _default(each)}


def _default(field: "Field[Any]") -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _doing(doing: Doing) -> dict[str, Any]:
    shown = {name: _plain(content) for name, content in _shown(doing).items()}
    return {"doing": type(doing).__name__, **shown}


def _plain(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return value.value
    if is_dataclass(value):
        return _shown(value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value


def _read_doing(values: dict[str, Any]) -> Doing:
    kind = _DOINGS[values.pop("doing")]
    return kind(**{name: _read(name, value) for name, value in values.items()})


def _read(name: str, value: Any) -> Any:
    match name:
        case "receptions":
            return tuple(Reception(**each) for each in value)
        case "tenants" | "ahead":
            return tuple(value)
        case "refer":
            return ReferReception(**value)
        case "verb":
            return Verb(value)
        case "fault":
            return Fault(value)
        case "repeats":
            return tuple((after, gateway) for after, gateway in value)
    return value
