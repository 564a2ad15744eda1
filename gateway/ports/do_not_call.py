"""What a store holds of the do-not-call lists, for all processes on it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

EVERY_TENANT = ""
"""The tenant of the operator's list, which holds for all tenants."""


@dataclass(frozen=True, slots=True)
class ListedNumber:
    """A number on a tenant's list, or on every tenant's."""

    tenant_id: str
    form: str
    """The number itself, or what it is hashed to."""
    create_time: datetime

    @property
    def is_hashed(self) -> bool:
        """The form is not the number itself, which is E.164."""
        return not self.form.startswith("+")


@dataclass(frozen=True, slots=True)
class DoNotCallState:
    """What must be known before a number is looked for."""

    is_empty: bool
    """No list holds any number."""
    sealed_key: bytes | None = field(default=None, repr=False)
    """Hashes numbers; None: none was hashed yet."""


class DoNotCallReading(Protocol):
    """What can be asked."""

    def do_not_call_state(self) -> DoNotCallState:
        """Whether there is any number, and the key of the hashed ones."""
        ...

    def listed_for(self, tenant_id: str, number: str, hashed: str) -> Sequence[ListedNumber]:
        """The number in either form, on the tenant's list or on every tenant's.

        That of every tenant comes first. `hashed` may be empty.
        """
        ...

    def listed_numbers(self, tenant_id: str, after: str, limit: int) -> Sequence[ListedNumber]:
        """A list in the order of its forms, from behind `after`."""
        ...


class DoNotCallChange(Protocol):
    """What can be changed."""

    def put_listed(self, numbers: Sequence[ListedNumber]) -> None:
        """Adds numbers; one that is listed already keeps its time."""
        ...

    def drop_listed(self, tenant_id: str, forms: Sequence[str]) -> None:
        """Removes them from this list; those that are not on it are ignored."""
        ...

    def put_do_not_call_key(self, sealed: bytes) -> None:
        """Stores the key, in place of the same one sealed otherwise."""
        ...
