"""All wrong fields of a request in one error."""

from collections.abc import Callable

import pytest

from gateway.domain.together import MAX_VIOLATIONS, Together, passed
from gateway.errors import GatewayError, Reason, invalid_field


def wrong(field: str, **metadata: str) -> str:
    """A check that finds something."""
    raise invalid_field(field, "is wrong", **metadata)


def no_trunk() -> None:
    """A check that refuses for another reason."""
    raise GatewayError(Reason.NO_TRUNK, "none")


def refusal(block: Callable[[Together], object]) -> GatewayError:
    """What a block of checks raises."""
    try:
        with Together() as check:
            block(check)
    except GatewayError as error:
        return error
    raise AssertionError("nothing was found")


def test_what_all_checks_found_is_one_error() -> None:
    """The metadata is the first one's."""
    error = refusal(
        lambda check: (check(wrong, "a", value="1"), check(str, 7), check(wrong, "b", value="2"))
    )
    assert error.reason is Reason.INVALID_FIELD
    assert error.message == "a: is wrong; b: is wrong"
    assert error.metadata == {"field": "a", "value": "1", "mistakes": "2"}
    assert [one.field for one in error.violations] == ["a", "b"]


def test_one_wrong_field_is_told_as_ever() -> None:
    """And so is one that is found twice."""
    error = refusal(lambda check: (check(wrong, "a", value="1"), check(wrong, "a", value="2")))
    assert error.message == "a: is wrong"
    assert error.metadata == {"field": "a", "value": "1"}


def test_nothing_is_found() -> None:
    """What the checks have returned may be used behind the block."""
    with Together() as check:
        text = check(str, 7)
    assert passed(text) == "7"


def many(count: int) -> None:
    """A block of checks within another."""
    with Together() as check:
        for at in range(count):
            check(wrong, f"in[{at}]")


def test_blocks_may_stand_within_each_other() -> None:
    """What the inner one found is told beside what the outer one did."""
    error = refusal(lambda check: (check(wrong, "before"), check(many, 2), wrong("after")))
    assert [one.field for one in error.violations] == ["before", "in[0]", "in[1]", "after"]


def test_not_all_of_very_many_are_told() -> None:
    """But how many there are is."""
    error = refusal(lambda check: (check(many, 30), check(wrong, "after")))
    assert len(error.violations) == MAX_VIOLATIONS
    assert error.metadata["mistakes"] == "31"
    assert error.message.endswith("in[19]: is wrong; and 11 more")


def test_wrong_fields_come_before_other_refusals() -> None:
    """Wherever those stand; without a wrong field they are what they are."""
    both = refusal(lambda check: (check(wrong, "a"), check(no_trunk)))
    assert both.reason is Reason.INVALID_FIELD
    assert refusal(lambda check: check(no_trunk)).reason is Reason.NO_TRUNK


def test_other_errors_are_no_refusals() -> None:
    """A fault of the gateway's own is not hidden behind a caller's."""
    with pytest.raises(ZeroDivisionError):
        refusal(lambda check: (check(wrong, "a"), check(lambda: 1 // 0)))
