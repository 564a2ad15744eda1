"""A changed copy of a value is what `dataclasses.replace` would have made."""

import dataclasses
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.calls.call import Call
from gateway.domain.replacing import replace
from tests.stands.values import a_call


@dataclass(frozen=True, slots=True)
class Base:
    """Two fields, one with a default."""

    one: int
    two: str = "2"


@dataclass(frozen=True, slots=True)
class Longer(Base):
    """A further one, of its own."""

    three: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """Refuses what it must not hold."""

    least: int
    most: int

    def __post_init__(self) -> None:
        if self.least > self.most:
            raise ValueError("the least is above the most")


@dataclass(frozen=True)
class WithoutSlots:
    """Kept in a dictionary."""

    one: int
    made: list[int] = field(default_factory=list)


@given(st.sets(st.sampled_from([one.name for one in dataclasses.fields(Call)])))
def test_a_copy_is_that_of_the_library(names: set[str]) -> None:
    """Whichever fields are changed, the others stay, and the value itself does not change."""
    call, other = a_call("call_1"), a_call("call_2", to="+15005550111", sequence=7)
    before = dataclasses.replace(call)
    changes = {name: getattr(other, name) for name in names}
    made = replace(call, **changes)
    assert made == dataclasses.replace(call, **changes)
    assert (type(made), call) == (Call, before)


def test_inherited_fields_are_copied() -> None:
    """Those of the base class as well as its own."""
    assert replace(Longer(1, "b", (3,)), one=4) == Longer(4, "b", (3,))
    assert replace(Longer(1, "b", (3,)), three=()) == Longer(1, "b")


@pytest.mark.parametrize("value", [Longer(1), WithoutSlots(1), Checked(1, 2)])
def test_a_field_that_it_does_not_have(value: object) -> None:
    """It is a mistake of the program, and is told as one."""
    with pytest.raises(TypeError):
        replace(value, nothing=1)  # type: ignore[type-var]


def test_what_a_class_refuses_is_refused() -> None:
    """A class with checks of its own is made by them."""
    with pytest.raises(ValueError, match="above"):
        replace(Checked(1, 2), least=3)
    assert replace(Checked(1, 2), most=5) == Checked(1, 5)


def test_a_class_without_slots() -> None:
    """It is copied too."""
    assert replace(WithoutSlots(1, [2]), one=3) == WithoutSlots(3, [2])
