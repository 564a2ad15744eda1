"""Every wrong field of a request in one error, so that they need not be fixed one by one."""

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

from gateway.errors import FieldViolation, GatewayError, Reason

MAX_VIOLATIONS = 20
"""How many are listed; `mistakes` in the metadata says how many there are."""
MAX_MESSAGE = 2000
"""Characters of the violations in the message; the first is always included."""

P = ParamSpec("P")
T = TypeVar("T")


class Together:
    """Runs one check after the other, and raises all mistakes as one INVALID_FIELD.

    ```
    with Together() as check:
        check(request_id, asked.request_id)
        check(name, "room", asked.room)
    ```

    A check raises INVALID_FIELD, or returns what it has made of the field. Wrong fields come
    before every other refusal: one that is raised within the block is dropped for them.
    """

    def __init__(self) -> None:
        self._found: list[GatewayError] = []

    def __enter__(self) -> Self:
        return self

    def __call__(self, ask: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """What `ask` returns; None where it has found a wrong field."""
        try:
            return ask(*args, **kwargs)
        except GatewayError as error:
            if error.reason is not Reason.INVALID_FIELD:
                raise
            self._found.append(error)
            return None

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if isinstance(error, GatewayError) and error.reason is Reason.INVALID_FIELD:
            self._found.append(error)
        elif error is not None and not isinstance(error, GatewayError):
            return
        if self._found:
            raise _as_one(self._found) from None


def passed(found: T | None) -> T:
    """What a check has returned, behind a block that has found no wrong field."""
    if found is None:
        raise LookupError("a block of checks that found something raises")
    return found


def mistakes(error: GatewayError) -> int:
    """How many wrong fields there are, even if not all are listed."""
    return int(error.metadata.get("mistakes", len(error.violations)))


def message_of(violations: Sequence[FieldViolation], count: int, limit: int = MAX_MESSAGE) -> str:
    """The message of so many wrong fields: as many as fit, and how many there are more."""
    texts: list[str] = []
    for one in violations:
        text = f"{one.field}: {one.description}"
        limit -= len(text)
        if texts and limit < 0:
            break
        texts.append(text)
    more = count - len(texts)
    return "; ".join(texts) + (f"; and {more} more" if more else "")


def _as_one(found: Sequence[GatewayError]) -> GatewayError:
    """The metadata is that of the first, whose `field` stays the first wrong one."""
    if len(found) == 1:
        return found[0]
    each = [violation for error in found for violation in error.violations]
    violations = tuple(dict.fromkeys(each))
    cut_before = sum(mistakes(error) - len(error.violations) for error in found)
    count = len(violations) + cut_before
    if count == 1:
        return found[0]
    kept = violations[:MAX_VIOLATIONS]
    return GatewayError(
        Reason.INVALID_FIELD,
        message_of(kept, count),
        metadata={**found[0].metadata, "mistakes": str(count)},
        violations=kept,
    )
