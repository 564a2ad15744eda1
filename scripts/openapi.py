# ruff: noqa: INP001  a script, no part of a package
"""Writes the OpenAPI document of the Twirp routes, from descriptors with their comments.

The arguments: a FileDescriptorSet (protoc's `--include_source_info`), and the file to write.
"""

import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
    ServiceDescriptorProto,
)

from gateway.wire.codes import CODES

ROOT = Path(__file__).parents[1]
Field = FieldDescriptorProto
Schema = dict[str, Any]

WELL_KNOWN: Mapping[str, Schema] = {
    ".google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    ".google.protobuf.Duration": {
        "type": "string",
        "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$",
        "examples": ["30s", "1.500s"],
    },
    ".google.protobuf.Struct": {"type": "object"},
    ".google.protobuf.Empty": {"type": "object"},
}
WHOLE = {"type": "integer", "format": "int32"}
# JSON's numbers do not hold 64 bits everywhere: they are written as strings, and read as both.
LONG = {"type": ["string", "integer"], "format": "int64", "pattern": "^-?[0-9]+$"}
SCALARS: Mapping[int, Schema] = {
    Field.TYPE_STRING: {"type": "string"},
    Field.TYPE_BYTES: {"type": "string", "contentEncoding": "base64"},
    Field.TYPE_BOOL: {"type": "boolean"},
    Field.TYPE_DOUBLE: {"type": "number", "format": "double"},
    Field.TYPE_FLOAT: {"type": "number", "format": "float"},
    **dict.fromkeys((Field.TYPE_INT32, Field.TYPE_SINT32, Field.TYPE_SFIXED32), WHOLE),
    **dict.fromkeys((Field.TYPE_UINT32, Field.TYPE_FIXED32), WHOLE | {"minimum": 0}),
    **dict.fromkeys((Field.TYPE_INT64, Field.TYPE_SINT64, Field.TYPE_SFIXED64), LONG),
    **dict.fromkeys((Field.TYPE_UINT64, Field.TYPE_FIXED64), LONG | {"pattern": "^[0-9]+$"}),
}
WIRE_ERRORS = {
    "bad_route": (404, "the path, the method or the content type is none of these"),
    "malformed": (400, "the body is not what its content type says"),
    "deadline_exceeded": (408, "the client's deadline has passed, or the body came too slowly"),
    "canceled": (408, "the client has left"),
}
"""Codes that come without a reason, by Twirp's own rules."""

INTRODUCTION = """\
The unary methods of the gateway as Twirp serves them: `POST` with JSON. Generated from
`proto/gateway/telephony/v1`, whose comments these are.

Requests may write a field's name as here or in lowerCamelCase, and leave out what they do not
set. Unknown fields are ignored, except by ApplyConfig and CreateApiKey. Answers use the names
here and include fields that are not set, except messages and `optional` fields. A newer gateway
may answer with further fields and enum values.

Methods that stream are served over gRPC alone: {streams}.
"""


class Describing:
    """The schemas of messages and enums, as methods need them."""

    def __init__(self, files: FileDescriptorSet) -> None:
        self.messages: dict[str, DescriptorProto] = {}
        self.enums: dict[str, EnumDescriptorProto] = {}
        self.services: dict[str, ServiceDescriptorProto] = {}
        self.comments: dict[str, str] = {}
        for file in files.file:
            comments = {
                tuple(at.path): at.leading_comments for at in file.source_code_info.location
            }
            self._walk(file, f".{file.package}", (), comments)
        self.asked: set[str] = set()

    def _walk(self, at: Any, name: str, path: tuple[int, ...], comments: Mapping[Any, str]) -> None:
        """Notes everything below a file, a message, an enum or a service by its full name."""
        self.comments[name] = prose(comments.get(path, ""))
        kept: tuple[tuple[str, dict[str, Any] | None], ...] = (
            ("message_type", self.messages),
            ("nested_type", self.messages),
            ("enum_type", self.enums),
            ("service", self.services),
            ("field", None),
            ("value", None),
            ("method", None),
        )
        for group, into in kept:
            number = at.DESCRIPTOR.fields_by_name.get(group)
            for index, each in enumerate(getattr(at, group, ())):
                full = f"{name}.{each.name}"
                if into is not None:
                    into[full] = each
                self._walk(each, full, (*path, number.number, index), comments)

    def note_asked(self, name: str) -> None:
        """A message that requests have, and all within it."""
        if name in self.asked or name not in self.messages or name in WELL_KNOWN:
            return
        self.asked.add(name)
        for field in self.messages[name].field:
            self.note_asked(field.type_name)

    def message(self, name: str) -> Schema:
        """An object; where only answers have it, with all that is always there."""
        message = self.messages[name]
        schema: Schema = {"type": "object", "description": self._message_text(name)}
        if message.field:
            schema["properties"] = {
                field.name: self._field(field, f"{name}.{field.name}") for field in message.field
            }
        always = [field.name for field in message.field if self._is_always_there(field)]
        if always and name not in self.asked:
            schema["required"] = always
        return schema

    def _message_text(self, name: str) -> str:
        message, lines = self.messages[name], [self.comments[name]]
        for index, oneof in enumerate(message.oneof_decl):
            names = [
                f"`{field.name}`"
                for field in message.field
                if field.HasField("oneof_index")
                and field.oneof_index == index
                and not field.proto3_optional
            ]
            if names:
                lines.append(f"At most one ({oneof.name}) of {', '.join(names)}.")
        return "\n\n".join(filter(None, lines))

    def _is_always_there(self, field: FieldDescriptorProto) -> bool:
        if field.label == Field.LABEL_REPEATED:
            return True
        return field.type != Field.TYPE_MESSAGE and not field.HasField("oneof_index")

    def _field(self, field: FieldDescriptorProto, name: str) -> Schema:
        schema = self._type(field)
        if comment := self.comments[name]:
            schema = {"description": comment, **schema}
        if field.options.deprecated:
            schema["deprecated"] = True
        return schema

    def _type(self, field: FieldDescriptorProto) -> Schema:
        inner = self.messages.get(field.type_name)
        if inner is not None and inner.options.map_entry:
            return {"type": "object", "additionalProperties": self._one(inner.field[1])}
        one = self._one(field)
        is_list = field.label == Field.LABEL_REPEATED
        return {"type": "array", "items": one} if is_list else one

    def _one(self, field: FieldDescriptorProto) -> Schema:
        if field.type_name in WELL_KNOWN:
            return dict(WELL_KNOWN[field.type_name])
        if field.type_name:
            return {"$ref": f"#/components/schemas/{short(field.type_name)}"}
        return dict(SCALARS[field.type])

    def enum(self, name: str) -> Schema:
        """The names of its values; requests may give their numbers instead."""
        values = self.enums[name].value
        lines = [
            f"- `{value.name}`: {' '.join(self.comments[f'{name}.{value.name}'].split())}"
            for value in values
        ]
        text = "\n".join(filter(None, [self.comments[name], "", *lines])).strip()
        return {"type": "string", "description": text, "enum": [value.name for value in values]}

    def reached(self, names: list[str]) -> list[str]:
        """These messages and all messages and enums within them, in order of their names."""
        found: dict[str, None] = {}
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name in found or name in WELL_KNOWN:
                continue
            found[name] = None
            if name in self.messages:
                waiting += [each.type_name for each in self.messages[name].field if each.type_name]
        return sorted(
            name
            for name in found
            if name in self.enums or not self.messages[name].options.map_entry
        )


def prose(comment: str) -> str:
    """A comment without the blank that each of its lines begins with."""
    return "\n".join(line.removeprefix(" ").rstrip() for line in comment.splitlines()).strip()


def short(name: str) -> str:
    """The name of a schema: without the package."""
    return re.sub(r"^\.(?:[a-z0-9_]+\.)*", "", name)


def first_sentence(text: str) -> str:
    """What a list of methods shows."""
    return " ".join(re.split(r"(?<=[.:])\s", text, maxsplit=1)[0].split()).rstrip(":")


def operation(service: str, method: MethodDescriptorProto, text: str) -> Schema:
    """One method."""
    answer = {"$ref": f"#/components/schemas/{short(method.output_type)}"}
    request = {"$ref": f"#/components/schemas/{short(method.input_type)}"}
    statuses = sorted({code.http for code in CODES.values()} | {s for s, _ in WIRE_ERRORS.values()})
    return {
        "tags": [short(service)],
        "operationId": f"{short(service)}_{method.name}",
        "summary": first_sentence(text),
        "description": text,
        "parameters": [{"$ref": "#/components/parameters/Timeout"}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": request}}},
        "responses": {
            "200": {"description": "OK", "content": {"application/json": {"schema": answer}}},
            **{str(code): {"$ref": f"#/components/responses/Error{code}"} for code in statuses},
        },
    }


def error_responses() -> dict[str, Schema]:
    """By HTTP status: which codes and reasons it stands for."""
    texts: dict[int, list[str]] = defaultdict(list)
    reasons: dict[tuple[int, str], list[str]] = defaultdict(list)
    for reason, code in CODES.items():
        reasons[code.http, code.twirp].append(f"`{reason.value}`")
    for (status, name), named in sorted(reasons.items()):
        texts[status].append(f"`{name}`: {', '.join(sorted(named))}.")
    for name, (status, text) in WIRE_ERRORS.items():
        texts[status].append(f"`{name}`: {text}.")
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {
        f"Error{status}": {"description": "\n".join(lines), "content": content}
        for status, lines in sorted(texts.items())
    }


def error_schema() -> Schema:
    """The shape of every error."""
    codes = sorted({code.twirp for code in CODES.values()} | set(WIRE_ERRORS))
    reasons = sorted(reason.value for reason in CODES)
    meta: Schema = {
        "type": "object",
        "description": "Every variable of the message, as strings.",
        "properties": {
            "reason": {"type": "string", "description": "What to act on.", "enum": reasons},
            "field": {"type": "string", "description": "The fields at fault, with commas."},
            "retry_after_ms": {
                "type": "string",
                "description": "When a repeat may succeed, in milliseconds.",
                "pattern": "^[0-9]+$",
            },
        },
        "additionalProperties": {"type": "string"},
    }
    return {
        "type": "object",
        "description": "Why a request was refused.",
        "required": ["code", "msg"],
        "properties": {
            "code": {"type": "string", "description": "Twirp's code.", "enum": codes},
            "msg": {"type": "string", "description": "For people; it may change."},
            "meta": meta,
        },
        "additionalProperties": False,
    }


def document(files: FileDescriptorSet, version: str) -> Schema:
    """The whole of it."""
    found = Describing(files)
    methods = [
        (name, method) for name, service in found.services.items() for method in service.method
    ]
    unary = [each for each in methods if not is_stream(each[1])]
    for _, method in unary:
        found.note_asked(method.input_type)
    roots = [name for _, each in unary for name in (each.input_type, each.output_type)]
    schemas = {
        short(name): found.message(name) if name in found.messages else found.enum(name)
        for name in found.reached(roots)
    }
    streams = ", ".join(f"{short(name)}/{each.name}" for name, each in methods if is_stream(each))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Call-control gateway",
            "version": version,
            "description": INTRODUCTION.format(streams=streams),
        },
        "servers": [{"url": "http://127.0.0.1:8080", "description": "GATEWAY_HTTP_ADDRESS"}],
        "security": [{"token": []}, {"certificate": []}],
        "tags": [
            {"name": short(name), "description": found.comments[name]} for name in found.services
        ],
        "paths": dict(paths(found, unary)),
        "components": {
            "securitySchemes": SECURITY,
            "parameters": {"Timeout": TIMEOUT},
            "responses": error_responses(),
            "schemas": {"Error": error_schema(), **schemas},
        },
    }


SECURITY: Schema = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "Signed with a tenant's key, as LiveKit's libraries do, or by an issuer.",
    },
    "certificate": {
        "type": "mutualTLS",
        "description": "A client's certificate whose SPIFFE id the configuration names.",
    },
}
TIMEOUT: Schema = {
    "name": "X-Twirp-Timeout-Ms",
    "in": "header",
    "description": "The client's deadline in milliseconds, from now on. Unset: none.",
    "schema": {"type": "integer", "minimum": 1},
}


def is_stream(method: MethodDescriptorProto) -> bool:
    """Whether Twirp cannot serve it."""
    return method.server_streaming or method.client_streaming


def paths(
    found: Describing, methods: list[tuple[str, MethodDescriptorProto]]
) -> Iterator[tuple[str, Schema]]:
    """The routes, in the proto's order."""
    for service, method in methods:
        text = found.comments[f"{service}.{method.name}"]
        route = f"/twirp/{service.removeprefix('.')}/{method.name}"
        yield route, {"post": operation(service, method, text)}


class Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, and nothing by reference."""

    def ignore_aliases(self, _data: Any) -> bool:
        """Every value stands where it belongs."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


Dumper.add_representer(str, _text)


def main(source: str, target: str) -> None:
    """Reads the descriptors and writes the document."""
    files = FileDescriptorSet.FromString(Path(source).read_bytes())
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    written = yaml.dump(
        document(files, version), Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100
    )
    Path(target).write_text(f"# Generated by scripts/generate.sh; do not edit.\n{written}")


if __name__ == "__main__":
    main(*sys.argv[1:])
