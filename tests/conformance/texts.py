"""Some thousand JSON texts for each kind of field, the same each time: right, odd and wrong."""

import json
import random
from collections.abc import Iterator, Mapping
from itertools import product

from google.protobuf import descriptor_pool, duration_pb2, timestamp_pb2
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

PACKAGE = "conformance"
WHOLE = ("int32", "sint32", "sfixed32", "int64", "sint64", "sfixed64")
UNSIGNED = ("uint32", "fixed32", "uint64", "fixed64")
WELL_KNOWN: Mapping[str, type[Message]] = {
    "duration": duration_pb2.Duration,
    "timestamp": timestamp_pb2.Timestamp,
}
KINDS = (*WHOLE, *UNSIGNED, "double", "bool", "string", "enum", *WELL_KNOWN)

# Digits of other scripts, spaces that only some take for spaces, and what parsers pass over.
ODD = (
    "_ \t\n\r\0\x0b\x0c\x1c\x7f\x85\xa0\u1680\u2003\u2028\u3000\ufeff"
    "\uff13\u0663\u0967\uff0e\u2212+"
)
SPOILS = (*ODD, "", "0", "9", ".", ",", "-", ":", "e", "E", "s", "S", "T", "t", "Z", "z", "x", '"')

SIGNS = ("", "-", "+", "--", "\u2212")
INTEGERS = ("", "0", "00", "03", "1", "7", "30", "1_0", "\uff13\uff10", "0x10", "12345678901")
LIMITS = tuple(
    str(sign * (2**bits) + more)
    for bits in (31, 32, 63, 64)
    for sign in (1, -1)
    for more in (-1, 0, 1)
)
LONG = ("9" * 19, "9" * 20, "9" * 21, "1" + "0" * 400, "9" * 5000, "0." + "0" * 5000 + "1")
FRACTIONS = (
    "",
    ".",
    ".0",
    ".5",
    ".50",
    ".000000001",
    ".0000000001",
    ".5_0",
    ".5e-1",
    ".\uff13",
    ",5",
)
EXPONENTS = ("", "e", "e0", "E1", "e+2", "e-1", "e-2", "e20", "e400", "e-400", "e2147483648")
EXPONENTS_OF_ZERO = (
    "0e99999999999",
    "-0e-99999999999",
    "0.0e20",
    "1e00000000000000000000001",
    "1e-0",
)
SHIFTS = tuple(
    f"{number}e{shift}"
    for number in ("1", "10", "1000", "1.5", "0.1", "0.01", "12.50", "100.0", "9223372036854775807")
    for shift in (-3, -2, -1, 0, 1, 2, 3, 17, 18, 19, 20, 21, 22)
)
TINY = tuple(f"0.{'0' * zeros}1e{zeros + 1}" for zeros in (17, 18, 19, 20, 21, 22))
NAMES = ("NaN", "nan", "Infinity", "-Infinity", "+Infinity", "inf", "-inf", "1e309", "1.8e308")
TOKENS = (
    "null",
    "true",
    "false",
    "[]",
    "{}",
    "[1]",
    '""',
    '"true"',
    '"null"',
    '"1"',
    "True",
    "nul",
)

SPANS = ("30s", "1.5s", "-0.5s", "1.000000001s", "315576000000s", "0s")
EDGE_SPANS = (
    *("s", ".s", "-.s", "+.s", "+s", "-s", "1.s", ".1s", "+1s", "--1s", "1.5e-1s", "1_0s", "03s"),
    *("1m", "1ms", "1h", "1m30s", "30", "30S", "1.1.1s", "-0s", "-0.000000001s", "0.9999999999s"),
    *("315576000000.999999999s", "315576000001s", "-315576000000.5s", "-315576000001s"),
    *("9223372036854775808s", "0000000000000s", "1,5s", "NaNs", "Infinitys", "1e3s", "0x1s"),
)
TIMES = (
    "2026-11-28T09:30:00Z",
    "2026-11-28T09:30:00.5Z",
    "2026-11-28T09:30:00.123456789+05:30",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999Z",
    "1969-12-31T23:59:59.1-00:01",
)
PARTS_OF_TIME: tuple[tuple[str, ...], ...] = (
    ("2026", "0000", "0001", "9999", "2024", "1900", "26", "02026", "1969"),
    ("-11", "-1", "-02", "-00", "-13", "/11", "-2"),
    ("-28", "-29", "-30", "-31", "-00", "-1", "-32"),
    ("T", "t", " ", "", "_"),
    ("09", "9", "0", "00", "23", "24", "009", "-1"),
    (":30", ":00", ":0", ":59", ":60", ""),
    (":00", ":0", ":59", ":60", ":61", ""),
    ("", ".", ".5", ",5", ".123456789", ".1234567891", ",1234567899", ".5_0", ".\uff13"),
    (
        *("Z", "z", "", "+00:00", "-00:00", "+05:30", "-23:59", "+24:00", "+24:60", "-24:60"),
        *(
            "+25:00",
            "+00:61",
            "+0:00",
            "+0000",
            "+00",
            "ZZ",
            "+05:30Z",
            "Z+05:30",
            " Z",
            "+05:30:00",
        ),
    ),
)


def scalars() -> type[Message]:
    """A message with each kind of field alone, in a list and in a map; made at run time."""
    pool = descriptor_pool.Default()
    try:
        found = pool.FindMessageTypeByName(f"{PACKAGE}.Scalars")
    except KeyError:
        pool.AddSerializedFile(_file().SerializeToString())
        found = pool.FindMessageTypeByName(f"{PACKAGE}.Scalars")
    made: type[Message] = GetMessageClass(found)
    return made


def _file() -> FileDescriptorProto:
    used = [made.DESCRIPTOR.file.name for made in WELL_KNOWN.values()]
    file = FileDescriptorProto(
        name="scalars.proto", package=PACKAGE, syntax="proto3", dependency=used
    )
    enum = file.enum_type.add(name="Colour")
    for number, name in enumerate(("COLOUR_UNSPECIFIED", "COLOUR_RED", "COLOUR_BLUE")):
        enum.value.add(name=name, number=number)
    message = file.message_type.add(name="Scalars")
    for at, kind in enumerate(KINDS, 1):
        message.field.add(name=f"one_{kind}", number=at, **_typed(kind), label=Field.LABEL_OPTIONAL)
        many = message.field.add(name=f"many_{kind}", number=100 + at, **_typed(kind))
        many.label = Field.LABEL_REPEATED
        entry = message.nested_type.add(name=f"{f'of_{kind}'.title().replace('_', '')}Entry")
        entry.options.map_entry = True
        entry.field.add(name="key", number=1, type=Field.TYPE_STRING, label=Field.LABEL_OPTIONAL)
        entry.field.add(name="value", number=2, **_typed(kind), label=Field.LABEL_OPTIONAL)
        by_key = message.field.add(name=f"of_{kind}", number=200 + at, type=Field.TYPE_MESSAGE)
        by_key.label, by_key.type_name = Field.LABEL_REPEATED, f".{PACKAGE}.Scalars.{entry.name}"
    message.oneof_decl.add(name="choice")
    for at, name in enumerate(("left", "right"), 300):
        message.field.add(name=name, number=at, **_typed("int32"), label=1, oneof_index=0)
    message.field.add(name="inner", number=310, type=11, label=1, type_name=f".{PACKAGE}.Scalars")
    return file


def _typed(kind: str) -> dict[str, object]:
    if kind == "enum":
        return {"type": Field.TYPE_ENUM, "type_name": f".{PACKAGE}.Colour"}
    if kind in WELL_KNOWN:
        name = WELL_KNOWN[kind].DESCRIPTOR.full_name
        return {"type": Field.TYPE_MESSAGE, "type_name": f".{name}"}
    return {"type": Field.Type.Value(f"TYPE_{kind.upper()}")}


def bodies() -> Iterator[bytes]:
    """Bodies of `Scalars`: each kind with each of its texts, and objects of odd shapes."""
    for kind in KINDS:
        for text in dict.fromkeys(_values(kind)):
            yield f'{{"one_{kind}": {text}}}'.encode()
        for text in (*TOKENS, "1", '"1s"', '"2026-11-28T09:30:00Z"', '"COLOUR_RED"'):
            yield f'{{"many_{kind}": [{text}]}}'.encode()
            yield f'{{"many_{kind}": {text}}}'.encode()
            yield f'{{"of_{kind}": {{"a": {text}}}}}'.encode()
    yield from SHAPES


def _values(kind: str) -> Iterator[str]:
    """JSON values for one kind of field."""
    yield from TOKENS
    if kind == "duration":
        texts: Iterator[str] = spans()
    elif kind == "timestamp":
        texts = _times()
    elif kind in ("bool", "string", "enum"):
        texts = _words()
    else:
        texts = _numbers()
    for text in texts:
        yield json.dumps(text, ensure_ascii=False)
        yield text


def _numbers() -> Iterator[str]:
    yield from (*LIMITS, *LONG, *EXPONENTS_OF_ZERO, *SHIFTS, *TINY, *NAMES)
    written = list(map("".join, product(SIGNS, INTEGERS, FRACTIONS, EXPONENTS)))
    yield from random.Random(len(written)).sample(written, 600)
    yield from _spoilt(("12", "-3", "1.50e1"), 300)


def spans() -> Iterator[str]:
    """Texts for a Duration."""
    yield from (*SPANS, *EDGE_SPANS)
    yield from map("".join, product(SIGNS, INTEGERS, FRACTIONS, ("s", "", "S", " s", "s ")))
    yield from _spoilt(SPANS, 600)


def _times() -> Iterator[str]:
    yield from TIMES
    usual = [parts[0] for parts in PARTS_OF_TIME]
    for at, parts in enumerate(PARTS_OF_TIME):
        for part, zone in product(parts, PARTS_OF_TIME[-1][:4]):
            yield "".join([*usual[:at], part, *usual[at + 1 : -1], *([zone] if at < 8 else [])])
    chance = random.Random(4)
    for _ in range(1500):
        yield "".join(chance.choice(parts) for parts in PARTS_OF_TIME)
    yield from map(
        "".join,
        product(
            ("0000", "1900", "2000", "2023", "2024"), ("-02-28", "-02-29"), ("T0:00:00-00:01",)
        ),
    )
    yield from ("0000-12-31T23:59:59-00:01", "0000-12-31T23:59:59Z", "9999-12-31T23:59:59-00:01")
    yield from _spoilt(TIMES, 800)


def _words() -> Iterator[str]:
    yield from ("COLOUR_RED", "COLOUR_BLUE", "colour_red", "RED", " COLOUR_RED", "COLOUR_RED ", "1")
    yield from (
        "0",
        "2",
        "77",
        "-1",
        "1.0",
        "1e0",
        "10e-1",
        "1.5",
        "2147483648",
        "yes",
        "on",
        "TRUE",
    )
    yield from ("\u00e9", "\U0001f600", "\x7f", "a\x00b")
    yield from _spoilt(("COLOUR_RED", "true", "1"), 150)


def _spoilt(texts: tuple[str, ...], times: int) -> Iterator[str]:
    """Texts with a character put in, taken away or replaced."""
    chance = random.Random(len(texts) * times)
    for _ in range(times):
        text = chance.choice(texts)
        at = chance.randrange(len(text) + 1)
        yield text[:at] + chance.choice(SPOILS) + text[at + chance.randrange(2) :]


SHAPES = (
    *(
        b"",
        b" ",
        b"null",
        b"[]",
        b"1",
        b'"{}"',
        b"{}",
        b"\t\r\n {}",
        b"\x0b{}",
        b"\xef\xbb\xbf{}",
        b"{} {}",
    ),
    *(
        b"{}x",
        b"{}\xff",
        b'{"a": "\xff"}',
        b'{"one_string": "\xc3"}',
        b"{,}",
        b'{"a": 1,}',
        b'{"a"}',
    ),
    *(b'{"a": [1,]}', b"{'a': 1}", b'{"a": 1 "b": 2}', b'{"a": 01}', b'{"a": +1}', b'{"a": .5}'),
    *(b'{"a": NaN}', b'{"a": -Infinity}', b'{"a": 1e}', b'{"a": 0x1}', b'{"a": 1_0}', b'{"a": 1.}'),
    *(
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": "\n"}',
        b'{"a": "\\x41"}',
        b'{"a": "\\u12"}',
        b"{} //",
    ),
    *(
        b'{"one_string": "\\ud83d"}',
        b'{"one_string": "\\ud83d\\ude00"}',
        b'{"a": "\\udc00\\ud800"}',
    ),
    *(
        b'{"one_string": "\\\\ud83d"}',
        b'{"a": "\\ud83d"}',
        b'{"\\ud83d": 1}',
        b'{"one_string": "\\u0000"}',
    ),
    *(
        b'{"one_string": "\\uD83D\\u0041"}',
        b'{"one_string": "\\/\\b\\f"}',
        b'{"one_string": "\x7f"}',
    ),
    *(b'{"a": 1, "a": 2}', b'{"a": {"b": 1, "b": 2}}', b'{"one_int32": 1, "one_int32": 1}'),
    *(
        b'{"one_int32": 1, "oneInt32": 1}',
        b'{"oneInt32": 1}',
        b'{"oneint32": 1}',
        b'{"One_int32": 1}',
    ),
    *(b'{"one_int32": null, "oneInt32": 1}', b'{"one_int32": null, "one_int32": null}'),
    *(b'{"of_string": {"a": "1", "a": "2"}}', b'{"of_string": {"": ""}}', b'{"of_string": null}'),
    *(b'{"left": 1, "right": 2}', b'{"left": null, "right": 2}', b'{"left": 1, "right": null}'),
    *(b'{"left": 0}', b'{"right": 0}', b'{"left": 1}', b'{"inner": {}}', b'{"inner": null}'),
    *(
        b'{"inner": {"inner": {"one_int32": "7"}}}',
        b'{"inner": []}',
        b'{"inner": [{}]}',
        b'{"inner": "x"}',
    ),
    *(b'{"inner": {"left": 1, "right": 2}}', b'{"[a.b]": 1}', b'{"@type": "x"}', b'{"": 1}'),
    *(b'{"many_int32": [1, null]}', b'{"many_int32": [1, "2", 3.0]}', b'{"many_int32": [[1]]}'),
    *(
        b'{"many_duration": ["1s", null]}',
        b'{"many_duration": [{"seconds": 1}]}',
        b'{"many_enum": [1, 77]}',
    ),
    *(b'{"one_duration": {"seconds": "1"}}', b'{"one_timestamp": {"seconds": 1}}', b'{"a": tru}'),
    b'{"a": ' * 50 + b"1" + b"}" * 50,
    b'{"inner": ' * 90 + b"{}" + b"}" * 90,
)
