"""`dataclasses.replace` for values that change often: a call has some forty fields."""

from collections.abc import Callable
from dataclasses import fields
from dataclasses import replace as _by_init
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

__all__ = ["replace"]

if TYPE_CHECKING:
    from dataclasses import replace
else:

    def replace(value: Any, /, **changes: Any) -> Any:
        """A copy of the dataclass `value` with these fields changed.

        Raises TypeError for a field that it does not have. `__init__` is not run: a class whose
        instances it would refuse or complete goes the way of `dataclasses.replace`.
        """
        return _replacing(type(value))(value, changes)


Replacing = Callable[[Any, dict[str, Any]], Any]


@cache
def _replacing(kind: Any) -> Replacing:
    names = tuple(field.name for field in fields(kind))
    plain = "__slots__" in vars(kind) and all(field.init for field in fields(kind))
    if not plain or len(names) < 2 or hasattr(kind, "__post_init__"):
        return lambda value, changes: _by_init(value, **changes)
    puts = {name: getattr(kind, name).__set__ for name in names}
    return _copying(kind, attrgetter(*names), puts)


def _copying(kind: Any, values_of: Callable[[Any], Any], puts: dict[str, Any]) -> Replacing:
    """By the slots: an `__init__` of a frozen class costs three times as much."""
    make, in_order = kind.__new__, tuple(puts.values())

    def copied(value: Any, changes: dict[str, Any]) -> Any:
        made = make(kind)
        for put, kept in zip(in_order, values_of(value), strict=True):
            put(made, kept)
        for name, changed in changes.items():
            if name not in puts:
                raise TypeError(f"{kind.__name__} has no field {name}")
            puts[name](made, changed)
        return made

    return copied
