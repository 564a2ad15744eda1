"""Checks a request before anything else: no list, map or text is longer than its limit."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from gateway.domain.fields import printable
from gateway.domain.together import Together
from gateway.errors import GatewayError, invalid_field
from gateway.rpc.field_limits import LIMITS, MAX_ENTRIES_IN_ALL, Limit

OWN_PACKAGE = "gateway.telephony.v1."
_TEXTS = {FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES}

Check = Callable[["_Walk", Any, str], None]


def check_sizes(message: Message) -> None:
    """Raises INVALID_FIELD with the fields that are too long; for a list, its first entry.

    Unknown fields are dropped: nothing reads them, and a waiting request would hold them in memory.
    """
    _Walk().message(message, "")
    message.DiscardUnknownFields()  # processes everything that the checks have accepted


class _Walk:
    """Checks one message; `left`: entries that its lists and maps may still have together."""

    def __init__(self) -> None:
        self.left = MAX_ENTRIES_IN_ALL

    def message(self, message: Message, path: str) -> None:
        checks = _checks(message.DESCRIPTOR)
        with Together() as together:
            for field, value in message.ListFields():
                check = checks.get(field.number)
                if check is not None:
                    together(check, self, value, f"{path}{field.name}")

    def entries(self, count: int, limit: Limit, path: str) -> None:
        """Checked before anything processes them."""
        if count > limit.entries:
            raise _too_many(path, f"{limit.entries} entries", limit.entries)
        self.left -= count
        if self.left < 0:
            self.left += count
            told = f"{MAX_ENTRIES_IN_ALL} entries in all lists of the message together"
            raise _too_many(path, told, MAX_ENTRIES_IN_ALL)


@cache
def _checks(descriptor: Descriptor) -> Mapping[int, Check]:
    """The limits of a message's fields, by field number."""
    limits = LIMITS.get(descriptor.full_name.removeprefix(OWN_PACKAGE), {})
    found = ((field.number, _check(field, limits.get(field.name))) for field in descriptor.fields)
    return {number: check for number, check in found if check is not None}


def _check(field: FieldDescriptor, limit: Limit | None) -> Check | None:
    """None: the field is neither a text nor repeated."""
    inner = field.message_type
    if inner is not None and inner.full_name.startswith("google.protobuf."):
        return None
    if field.is_repeated or field.type in _TEXTS:
        if limit is None:
            raise LookupError(f"{field.full_name} has no limit in gateway.rpc.field_limits")
        return _measured(field, limit)
    return None if inner is None else lambda walk, value, path: walk.message(value, f"{path}.")


def _measured(field: FieldDescriptor, limit: Limit) -> Check:
    inner = field.message_type
    if inner is not None and inner.GetOptions().map_entry:
        return lambda walk, value, path: _map(walk, value, limit, path)
    if inner is not None:
        return lambda walk, value, path: _messages(walk, value, limit, path)
    if not field.is_repeated:
        return lambda _, value, path: _text(value, limit.bytes, path)
    if field.type in _TEXTS:
        return lambda walk, value, path: _texts(walk, value, limit, path)
    return lambda walk, value, path: walk.entries(len(value), limit, path)


def _map(walk: _Walk, values: Mapping[str, str], limit: Limit, path: str) -> None:
    walk.entries(len(values), limit, path)
    with Together() as check:
        for key, value in values.items():
            check(_text, key, limit.key_bytes, path)
            check(_text, value, limit.bytes, path, f"[{printable(key)}]")


def _messages(walk: _Walk, values: Any, limit: Limit, path: str) -> None:
    walk.entries(len(values), limit, path)
    for at, value in enumerate(values):
        walk.message(value, f"{path}[{at}].")


def _texts(walk: _Walk, values: Any, limit: Limit, path: str) -> None:
    walk.entries(len(values), limit, path)
    for at, value in enumerate(values):
        if 4 * len(value) > limit.bytes or "\0" in value:
            _text(value, limit.bytes, path, f"[{at}]")


def _text(value: str | bytes, limit: int, path: str, place: str = "") -> None:
    if isinstance(value, str) and "\0" in value:  # databases and names cannot contain it
        raise invalid_field(f"{path}{place}", "must not contain NUL", value=printable(value))
    # Most texts are far from their limit; no character has more than four bytes.
    if 4 * len(value) > limit and _bytes_of(value) > limit:
        raise _too_many(f"{path}{place}", f"{limit} bytes", limit)


def _bytes_of(value: str | bytes) -> int:
    return len(value.encode() if isinstance(value, str) else value)


def _too_many(path: str, what: str, maximum: int) -> GatewayError:
    return invalid_field(path, f"must be at most {what}", maximum=str(maximum))
