"""What bodies say, which of them are no requests, and how long they may be."""

from tests.conformance.asking import (
    has_two_word_name,
    in_lower_camel,
    lower_camel,
    of_size,
    of_wrong_type,
    rpc,
    saying,
    under_both_names,
    unknown_field,
    with_field_twice,
    with_fields,
)
from tests.conformance.case import Case
from tests.conformance.checks import (
    is_error,
    is_success,
    other_than,
    same_as,
    says,
    says_the_same_as_json,
    value_at,
    writes_default,
)
from tests.conformance.target import Target

BAD_JSON = "the json request could not be decoded"
BAD_PROTOBUF = "the protobuf request could not be decoded"


def _knows_protobuf(target: Target) -> bool:
    return target.rpc.protobuf is not None


def _has_limit(target: Target) -> bool:
    return target.max_body_bytes > 0 and _knows_protobuf(target)


READING = (
    Case(
        name="names as in the proto",
        promise="Fields under the names they have in the proto file are read.",
        ask=rpc(),
        expect=(is_success("json"), other_than(saying(b"{}"))),
        needs=lambda target: target.defaults_answered,
    ),
    Case(
        name="names in lowerCamelCase",
        promise="Fields under their JSON names are read as well.",
        ask=in_lower_camel,
        expect=(is_success("json"), same_as(rpc())),
    ),
    Case(
        name="unknown fields in JSON",
        promise="Fields that the message does not have are passed over, whatever they hold.",
        ask=with_fields(conformance_unknown={"of": ["any", {"shape": None}]}),
        expect=(is_success("json"), same_as(rpc())),
        note="Twirp's documentation speaks of no extra fields; Go discards them.",
    ),
    Case(
        name="unknown fields in protobuf",
        promise="Fields that the message does not have are passed over.",
        ask=lambda target: rpc(
            "protobuf", body=(target.rpc.protobuf or b"") + unknown_field(b"beyond")
        )(target),
        expect=(is_success("protobuf"),),
        needs=_knows_protobuf,
    ),
    Case(
        name="spaces around JSON",
        promise="White space around the JSON object means nothing.",
        ask=lambda target: rpc(body=b" \r\n\t" + target.rpc.json + b"\n\n")(target),
        expect=(is_success("json"), same_as(rpc())),
    ),
    Case(
        name="something behind the JSON object",
        promise="The first JSON value is the request.",
        ask=lambda target: rpc(body=target.rpc.json + b" {not read")(target),
        expect=(is_success("json"), same_as(rpc())),
        note="The specification calls the whole body the message; Go reads one value of it.",
    ),
    Case(
        name="an empty JSON object",
        promise="A request may leave every field at its default.",
        ask=saying(b"{}"),
        expect=(is_success("json"),),
        needs=lambda target: target.defaults_answered,
    ),
    Case(
        name="an empty protobuf body",
        promise="Nothing at all is a message with every field at its default.",
        ask=saying(b"", "protobuf"),
        expect=(is_success("protobuf"), says_the_same_as_json(saying(b"{}"))),
        needs=lambda target: target.defaults_answered and target.read is not None,
    ),
    Case(
        name="null for a field",
        promise="null in JSON leaves a field unset.",
        ask=lambda target: with_fields(**{lower_camel(target.default_field): None})(target),
        expect=(is_success("json"),),
        needs=lambda target: bool(target.default_field),
    ),
    Case(
        name="a chunked body",
        promise="A body may come in chunks without a length told before.",
        ask=rpc(chunked=True),
        expect=(is_success("json"), same_as(rpc())),
    ),
)

WRITING = (
    Case(
        name="fields at their default",
        promise="JSON answers hold fields at their default too, under the proto's names.",
        ask=saying(b"{}"),
        expect=(is_success("json"), writes_default),
        needs=lambda target: bool(target.default_field) and target.defaults_answered,
        note="The specification is silent. For an unset message Go writes null, Python nothing.",
    ),
    Case(
        name="64-bit numbers",
        promise="JSON answers write 64-bit numbers as strings, for JavaScript's sake.",
        ask=rpc(),
        expect=(value_at(lambda target: target.int64_at, lambda value: isinstance(value, str)),),
        needs=lambda target: bool(target.int64_at),
    ),
    Case(
        name="enums",
        promise="JSON answers write enums by name.",
        ask=rpc(),
        expect=(value_at(lambda target: target.enum_at, lambda value: isinstance(value, str)),),
        needs=lambda target: bool(target.enum_at),
    ),
    Case(
        name="both encodings say the same",
        promise="The encoding of a request changes the answer's encoding and nothing else.",
        ask=rpc("protobuf"),
        expect=(is_success("protobuf"), says_the_same_as_json(rpc("json"))),
        needs=lambda target: target.read is not None,
    ),
)

NO_JSON = {
    "empty": b"",
    "of spaces": b" \n",
    "of words": b"hello",
    "cut off": b'{"a": "b',
    "with a comma too many": b'{"a": 1,}',
    "with single quotes": b"{'a': 1}",
    "with a comment": b'{"a": 1 /* one */}',
    "with NaN": b'{"a": NaN}',
    "with a raw newline in a string": b'{"a": "\n"}',
    "with a byte order mark": b"\xef\xbb\xbf{}",
    "in UTF-16": "{}".encode("utf-16"),
    "of protobuf": unknown_field(b"text"),
    "of an array": b"[]",
    "of null": b"null",
    "of a string": b'"{}"',
    "of a number": b"1",
    "of true": b"true",
}
MALFORMED = (
    *(
        Case(
            name=f"JSON body {name}",
            promise="A body that is no JSON object is malformed.",
            ask=saying(body),
            expect=(is_error("malformed"), says(BAD_JSON)),
            note="An empty JSON body is no message of defaults, as it is in protobuf."
            if name == "empty"
            else "",
        )
        for name, body in NO_JSON.items()
    ),
    Case(
        name="a value of the wrong type",
        promise="A JSON value that its field cannot hold is malformed, not an invalid_argument.",
        ask=of_wrong_type,
        expect=(is_error("malformed"), says(BAD_JSON)),
    ),
    Case(
        name="a field twice",
        promise="A field that stands twice in one JSON object is malformed.",
        ask=with_field_twice,
        expect=(is_error("malformed"), says(BAD_JSON)),
        note="The specification is silent; Go's JSON decoder for messages refuses it.",
    ),
    Case(
        name="a field under both its names",
        promise="Both spellings of a name are one field, so both at once are malformed.",
        ask=under_both_names,
        expect=(is_error("malformed"), says(BAD_JSON)),
        needs=has_two_word_name,
        note="The specification is silent; Go's JSON decoder for messages refuses it.",
    ),
    Case(
        name="half a surrogate pair",
        promise="An escape that stands for no character is malformed, in any field.",
        ask=with_fields(conformance_unknown="\ud83d"),
        expect=(is_error("malformed"), says(BAD_JSON)),
    ),
    Case(
        name="a whole surrogate pair",
        promise="Characters may be escaped as pairs, as JavaScript does.",
        ask=with_fields(conformance_unknown="\N{TELEPHONE RECEIVER}"),
        expect=(is_success("json"),),
    ),
    *(
        Case(
            name=f"protobuf body {name}",
            promise="A body that is no protobuf message is malformed, and the error is JSON.",
            ask=saying(body, "protobuf"),
            expect=(is_error("malformed"), says(BAD_PROTOBUF)),
            needs=_knows_protobuf,
        )
        for name, body in {
            "cut off": unknown_field(b"text")[:-1],
            "of one bad byte": b"\xff",
            "with field number 0": b"\x00\x00",
            "of JSON": b'{"a": 1}',
        }.items()
    ),
    Case(
        name="protobuf text that is no UTF-8",
        promise="Strings are UTF-8, in protobuf too.",
        ask=lambda target: saying(target.bad_text, "protobuf")(target),
        expect=(is_error("malformed"), says(BAD_PROTOBUF)),
        needs=lambda target: bool(target.bad_text),
    ),
    Case(
        name="a good request after a malformed one",
        promise="An error does not spoil the connection for the request that follows.",
        before=saying(b"hello"),
        ask=rpc(),
        expect=(is_success("json"),),
    ),
)

LARGE = (
    *(
        Case(
            name=f"{encoding} body at the limit, {way}",
            promise="A body of exactly the largest size is read.",
            ask=of_size(encoding, beyond=0, chunked=way == "chunked"),
            expect=(is_success(encoding),),
            needs=_has_limit,
        )
        for encoding in ("json", "protobuf")
        for way in ("at once", "chunked")
    ),
    *(
        Case(
            name=f"{encoding} body over the limit, {way}",
            promise="A larger body is refused as malformed, with an error that clients can read.",
            ask=of_size(encoding, beyond=1, chunked=way == "chunked"),
            expect=(is_error("malformed"),),
            needs=_has_limit,
            note="Twirp has no limit; behind net/http's MaxBytesReader, Go answers malformed.",
        )
        for encoding in ("json", "protobuf")
        for way in ("at once", "chunked")
    ),
)

CASES = (*READING, *WRITING, *MALFORMED, *LARGE)
