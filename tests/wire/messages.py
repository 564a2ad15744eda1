"""Messages with fields set to values that are not their defaults."""

from collections.abc import Iterator
from typing import Any, TypeVar

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

M = TypeVar("M", bound=Message)

WELL_KNOWN = "google.protobuf."


def is_map(field: FieldDescriptor) -> bool:
    """A map is a repeated message of entries."""
    return bool(field.message_type and field.message_type.GetOptions().map_entry)


def is_nested(field: Any) -> bool:
    """A message of ours, whose fields are looked at one by one."""
    message = field.message_type
    return bool(message and not message.full_name.startswith(WELL_KNOWN) and not is_map(field))


def leaf_paths(descriptor: Descriptor, within: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every field that is no message of ours."""
    for field in descriptor.fields:
        if is_nested(field):
            inner: Any = field.message_type
            yield from leaf_paths(inner, (*within, field.name))
        else:
            yield (*within, field.name)


def with_field(message: M, path: tuple[str, ...]) -> M:
    """`message` with the field at `path` set to something."""
    inner: Any = message
    for name in path[:-1]:
        repeated = inner.DESCRIPTOR.fields_by_name[name].is_repeated
        inner = getattr(inner, name).add() if repeated else getattr(inner, name)
    set_field(inner, inner.DESCRIPTOR.fields_by_name[path[-1]])
    return message


def set_field(message: Any, field: FieldDescriptor) -> None:
    """Sets one field, a value that is not its default."""
    if is_map(field):
        getattr(message, field.name)["X-Some-Key"] = "some value"
    elif field.is_repeated:
        getattr(message, field.name).append(_value(field))
    elif field.message_type:
        getattr(message, field.name).seconds = 7
    else:
        setattr(message, field.name, _value(field))


def _value(field: FieldDescriptor) -> object:
    if field.enum_type:
        # The last one: some first ones say the same as the unspecified one.
        return field.enum_type.values[-1].number
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return "something"
    return True if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL else 7


def empty_paths(message: Message, within: str = "") -> Iterator[str]:
    """The path of every field, at any depth, that is not set."""
    filled = {field.name for field, _ in message.ListFields()}
    for field in message.DESCRIPTOR.fields:
        if field.name not in filled:
            yield within + field.name
        elif is_nested(field):
            value = getattr(message, field.name)
            for inner in value if field.is_repeated else [value]:
                yield from empty_paths(inner, f"{within}{field.name}.")
