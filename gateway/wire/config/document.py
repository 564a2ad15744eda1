"""The configuration: YAML ⇄ `gateway.telephony.v1.Config` ⇄ the domain's."""

import json
from collections.abc import Mapping, Sequence

from google.protobuf import json_format

from gateway.domain.config.rules import violations
from gateway.domain.tenant import Config
from gateway.errors import FieldViolation, GatewayError, Reason
from gateway.ports import StoredConfig
from gateway.telephony.v1 import admin_pb2
from gateway.wire.config import values
from gateway.wire.config.yaml import Document, YamlError
from gateway.wire.fitting import MAX_VIOLATIONS_BYTES

MAX_TOLD_OF_FILE_BYTES = 100_000


def text_of(content: bytes) -> str:
    """The text of a YAML file. Raises CONFIG_INVALID with the place if it is not UTF-8."""
    try:
        return content.decode()
    except UnicodeDecodeError as broken:
        line = content.count(b"\n", 0, broken.start) + 1
        column = broken.start - content.rfind(b"\n", 0, broken.start)
        mistake = FieldViolation(f"(line {line}, column {column})", "is not UTF-8 text")
        raise _invalid([mistake], MAX_TOLD_OF_FILE_BYTES) from None


def from_yaml(text: str) -> admin_pb2.Config:
    """The configuration in a YAML document, checked as a whole.

    Raises CONFIG_INVALID with every mistake, each with its path, line and column.
    """
    message = admin_pb2.Config()
    try:
        document = Document(text)
        unread = document.fill(message)
    except YamlError as broken:
        place = f"(line {broken.line}, column {broken.column})"
        raise _invalid([FieldViolation(place, str(broken))], MAX_TOLD_OF_FILE_BYTES) from None
    found = {**{v.field: v.description for v in _judged(message)[1] if _new(v, unread)}, **unread}
    if found:
        placed = sorted((document.place(path), path) for path in found)
        mistakes = [
            FieldViolation(f"{path} (line {line}, column {column})", found[path])
            for (line, column), path in placed
        ]
        raise _invalid(mistakes, MAX_TOLD_OF_FILE_BYTES)
    return message


def check(message: admin_pb2.Config) -> Config:
    """The domain's configuration, if valid. Raises CONFIG_INVALID with every mistake."""
    config, found = _judged(message)
    if found:
        raise _invalid(found, MAX_VIOLATIONS_BYTES)
    return config


def values_of(message: admin_pb2.Config) -> Config:
    """The domain's configuration of a message that was checked."""
    return values.config(message, 0)


def to_document(message: admin_pb2.Config) -> str:
    """As the store holds it: canonical proto JSON with the proto's field names."""
    fields = json_format.MessageToDict(message, preserving_proto_field_name=True)
    return json.dumps(fields, sort_keys=True, ensure_ascii=False)


def from_document(document: str) -> admin_pb2.Config:
    """The message that `to_document` wrote; fields of a later version are ignored.

    A grant all of whose rights are a later version's grants nothing: to leave them out would make
    it one without rights, which means the right to call.
    """
    fields = json.loads(document)
    message = json_format.ParseDict(fields, admin_pb2.Config(), ignore_unknown_fields=True)
    for told, issuer in zip(fields.get("token_issuers", ()), message.token_issuers, strict=True):
        for wanted, grant in zip(told.get("grants", ()), issuer.grants, strict=True):
            if wanted.get("rights") and not grant.rights:
                grant.rights.append(admin_pb2.RIGHT_UNSPECIFIED)
    return message


def config_of(stored: StoredConfig | None) -> Config:
    """The domain's configuration of a stored one; an empty one while there is none.

    Takes a second for some hundred thousand prefixes: do not call it on the event loop.
    """
    if stored is None:
        return Config()
    return values.config(from_document(stored.document), stored.version)


def _judged(message: admin_pb2.Config) -> tuple[Config, list[FieldViolation]]:
    readable = admin_pb2.Config()
    readable.CopyFrom(message)
    found = [*values.unreadable(readable)]
    config = values.config(readable, 0)
    known = {violation.field: "" for violation in found}
    return config, [*found, *(each for each in violations(config) if _new(each, known))]


def _new(violation: FieldViolation, known: Mapping[str, str]) -> bool:
    """Not merely a consequence of a mistake at the same place or around it."""
    path = violation.field
    steps = [at for at, char in enumerate(path) if char in ".["]
    return not any(path[:end] in known for end in (*steps, len(path)))


def _invalid(found: Sequence[FieldViolation], limit: int) -> GatewayError:
    kept: list[FieldViolation] = []
    for violation in found:
        limit -= len(f"{violation.field}{violation.description}".encode())
        if kept and limit < 0:
            break
        kept.append(violation)
    text = "; ".join(f"{v.field}: {v.description}" if v.field else v.description for v in kept)
    left_out = len(found) - len(kept)
    return GatewayError(
        Reason.CONFIG_INVALID,
        f"{text}; and {left_out} more" if left_out else text,
        {"mistakes": str(len(found)), "field": found[0].field},
        violations=tuple(kept),
    )
