"""The rules of request fields, a table a field at a time."""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.domain import fields
from gateway.domain.calls import checks as request_checks
from gateway.domain.calls.call import Codec, LegOptions
from gateway.domain.calls.requests import CallRef, PlaceCall, TransferCall
from gateway.domain.numbers import e164
from gateway.domain.numbers.callee import callee
from gateway.domain.numbers.targets import sip_target, target
from gateway.errors import GatewayError, Reason

CALL = PlaceCall(to="+15005550100")
TRANSFER = TransferCall(call=CallRef("call_1"), to="+15005550100")


def placing(field: str, value: Any) -> PlaceCall:
    """A call with one field set, of its own or of its leg."""
    if field.startswith("leg."):
        return replace(CALL, leg=replace(LegOptions(), **{field[4:]: value}))
    return replace(CALL, **{field: value})


def refused(check: Callable[[], object]) -> GatewayError | None:
    """The refusal, if it is one; its metadata names the first of its fields."""
    try:
        check()
    except GatewayError as refusal:
        error = refusal
    else:
        return None
    assert error.reason is Reason.INVALID_FIELD
    assert error.violations[0].field == error.metadata["field"]
    return error


def check_call(asked: PlaceCall, allowed_headers: Iterable[str]) -> None:
    """All that is checked of a call before its trunk is looked for."""
    callee("to", asked.to, "")
    fields.request_id(asked.request_id)
    request_checks.place_call(asked, allowed_headers)


def check_transfer(asked: TransferCall, allowed_headers: Iterable[str]) -> None:
    """All that is checked of a transfer before its call is looked for."""
    to = target("to", asked.to)
    request_checks.transfer_call(asked, allowed_headers)
    if not sip_target(to):
        callee("to", to, "")


ALLOWED: dict[str, list[object]] = {
    "to": ["+15005550100", "+4930123456", "+390612345678", "+35312345678"],
    "caller_id": ["", "+15005550100"],
    "request_id": ["", "order-4711", "x" * 128, "!~{}"],
    "room": ["", "acme-1", "Zimmer 7", "r" * 256, "ä" * 128],
    "identity": ["", "caller", "i" * 256],
    "trunk_id": ["", "berlin", "t" * 64],
    "labels": [{}, {"k" * 64: "v" * 256}, {str(at): "" for at in range(32)}],
    "leg.participant_name": ["", "Zoë", "n" * 256],
    "leg.participant_metadata": ["", "line\nbreaks are data", "m" * 65536],
    "leg.participant_attributes": [{}, {"team": "ä 漢 😀"}, {str(at): "" for at in range(64)}],
    "leg.digits": ["", "0123456789ABCD*#w", "w" * 64],
    "leg.display_name": [None, "", "Acme, Inc. (Berlin)", "Zoë", "d" * 128],
    "leg.headers": [
        {},
        {"X-Order": "4711"},
        {"x-order": "ä"},
        {"User-to-User": "00"},
        {"P-Tenant": "y"},
        {"X-Long": "h" * 1024},
        {f"X-{at}": "" for at in range(32)},
    ],
    "leg.codecs": [(), (Codec("PCMU", 8000),), (Codec("telephone-event", 0),)],
    "leg.media_timeout": [None, timedelta(milliseconds=1), timedelta(seconds=600)],
}
REFUSED: dict[str, list[object]] = {
    "to": [
        "", "15005550100", "+0150055501", "+1500555010a", "+1 500 555 0100", "+150055", "tel:+1500",
        "+1234567890123456", "+1500555\n0100", "+15005550100\n", "+15005550100\r\nX: y",
        "+15005550100@evil", "\uff0b15005550100", "+1\u0665005550100", "+9991234567", "+2101234567",
        "sip:bob@example.com",
    ],
    "caller_id": ["15005550100", "anonymous", "+15005550100\r\n", "+9991234567"],
    "request_id": ["x" * 129, "two words", "line\n", "ä", "\x00"],
    "room": ["r" * 257, "ä" * 129, "a\nb", "a\x00b", "\x7f", "\x85", "\u2028", "\u202e"],
    "identity": ["i" * 257, "a\rb"],
    "trunk_id": ["t" * 65],
    "labels": [
        {"": "empty"},
        {"k" * 65: ""},
        {"key": "v" * 257},
        {"a\nb": ""},
        {"key": "a\nb"},
        {str(at): "" for at in range(33)},
    ],
    "leg.participant_name": ["n" * 257, "a\nb"],
    "leg.participant_metadata": ["m" * 65537, "ä" * 32769],
    "leg.participant_attributes": [
        {"sip.callID": "x"},
        {"SIP.callID": "x"},
        {"lk.agent": "x"},
        {"gateway.callId": "x"},
        {"": "x"},
        {"a\nb": "x"},
        {"team": "a\r\nX-Admin: 1"},
        {"team": "\x00"},
        {"team": "\x9b31m"},
        {"team": "a\u2028b"},
        {"team": "\u202egnp.exe"},
        {"big": "x" * 65536},
        {str(at): "" for at in range(65)},
    ],
    "leg.digits": ["5 5", "E", "a", "1\n", "1" * 65, "W", "\u0665"],
    "leg.display_name": ["d" * 129, 'say "hi"', "a\\b", "<sip:x>", "a\r\nb", "a\x00", "a\x85b"],
    "leg.headers": [
        {"From": "x"},
        {"p-asserted-identity": "x"},
        {"Via": "x"},
        {"Content-Length": "0"},
        {"Accept-Language": "x"},
        {"t": "x"},
        {"": "x"},
        {"X Y": "x"},
        {"X-Y:": "x"},
        {"X-\r\nVia": "x"},
        {"X-Y": "a\r\nVia: b"},
        {"X-Y": "a\x00"},
        {"X-Y": "\x85"},
        {"X-Y": "a\u2029b"},
        {"X-Y": "\u2066x"},
        {"X-Y": "h" * 1025},
        {f"X-{at}": "" for at in range(33)},
    ],
    "leg.codecs": [(Codec("", 8000),), (Codec("PC MU", 8000),), (Codec("PCMU", -1),),
                   (Codec("PCMU", 8000),) * 17],
    "leg.media_timeout": [timedelta(0), timedelta(seconds=-1), timedelta(seconds=600.000001)],
}  # fmt: skip
NAMED = {
    "identity": "participant.identity",
    "leg.participant_name": "participant.name",
    "leg.participant_metadata": "participant.metadata",
    "leg.participant_attributes": "participant.attributes",
    "leg.codecs": "media.codecs",
    "leg.media_timeout": "media.media_timeout",
}


def rows(table: dict[str, list[object]]) -> list[object]:
    return [
        pytest.param(field, value, id=f"{field} {ascii(value)[:40]}")
        for field, values in table.items()
        for value in values
    ]


@pytest.mark.parametrize(("field", "value"), rows(ALLOWED))
def test_what_may_be_asked(field: str, value: object) -> None:
    """These values pass, up to the very limit."""
    check_call(placing(field, value), ["P-Tenant"])


@pytest.mark.parametrize(("field", "value"), rows(REFUSED))
def test_what_may_not_be_asked(field: str, value: object) -> None:
    """These are refused, and the refusal names the field as the API calls it."""
    error = refused(lambda: check_call(placing(field, value), ["P-Tenant"]))
    assert error is not None
    assert error.metadata["field"].startswith(NAMED.get(field, field.removeprefix("leg.")))


def test_a_transfers_other_fields_are_checked() -> None:
    """Headers and request ids of a transfer follow the same rules as a call's."""
    for change in ({"headers": {"Refer-To": "x"}}, {"request_id": "a b"}):
        asked = replace(TRANSFER, **change)
        assert refused(lambda asked=asked: check_transfer(asked, ()))  # type: ignore[misc]


def has_control(text: str) -> bool:
    return any(unicodedata.category(char) == "Cc" for char in text)


controls = st.sampled_from([chr(code) for code in (*range(32), *range(127, 160))])
texts = st.text(max_size=20)
ON_THE_WIRE = ["to", "caller_id", "leg.display_name", "leg.digits", "room", "identity"]


@pytest.mark.parametrize("field", ON_THE_WIRE)
@given(begin=texts | st.just("+1500555"), control=controls, end=texts | st.just("0100"))
def test_no_control_character_passes(field: str, begin: str, control: str, end: str) -> None:
    """CR, LF, NUL and their like pass nowhere: LiveKit would put them on the wire as they are."""
    asked = placing(field, begin + control + end)
    assert refused(lambda: check_call(asked, ()))


@pytest.mark.parametrize("extra", [True, False], ids=["names allowed", "names not allowed"])
@given(values=st.dictionaries(texts | st.just("X-A"), texts, min_size=1, max_size=3))
def test_no_control_character_passes_in_headers(extra: bool, values: dict[str, str]) -> None:  # noqa: FBT001
    """What passes as headers, of a call or a transfer, has no control character in it."""
    assume(any(map(has_control, [*values, *values.values()])))
    allowed = list(values) if extra else []
    asked = placing("leg.headers", values)
    assert refused(lambda: check_call(asked, allowed))
    handed = replace(TRANSFER, headers=values)
    assert refused(lambda: check_transfer(handed, allowed))


@given(st.from_type(PlaceCall))
def test_any_request_is_checked_or_refused(asked: PlaceCall) -> None:
    """Whatever a client sends, it passes or is INVALID_FIELD, and never anything else."""
    refused(lambda: check_call(asked, ()))


@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True))
def test_any_number_is_checked_or_refused(number: str) -> None:
    """Every text of E.164's form is a number or INVALID_FIELD, also where no country has it."""
    refused(lambda: e164.phone_number("to", number))


@given(st.text())
def test_a_refusal_shows_no_control_character(value: str) -> None:
    """A refused value is shown shortened, escaped and in ASCII."""
    shown = fields.printable(value)
    assert shown.isascii()
    assert not has_control(shown)
