"""What of a request stands in the audit log."""

from datetime import timedelta
from typing import Any

import pytest

from gateway.audit.redaction import (
    SEALED,
    Redact,
    carriers,
    describe,
    keep,
    last4,
    sealed,
    text,
)
from gateway.domain.admin.requests import ChangeDoNotCall
from gateway.domain.calls.call import CallState, LegOptions
from gateway.domain.calls.requests import CallRef, HangUpCall, ListCalls, PlaceCall, TransferCall
from gateway.domain.numbers.formats import misread
from gateway.domain.route_decision import TrunkState
from gateway.domain.routing.network import Network
from gateway.domain.routing.ranking import rank
from gateway.domain.routing.taking import take
from gateway.domain.tenant import Config, NumberFormat, Tenant, Trunk, TrunkNumber
from gateway.domain.texts import HIDDEN
from gateway.service.access.seal import Seal
from gateway.service.api.call_acceptance import choice_recorded, ranking_recorded
from tests.stands.clocks import NOON
from tests.stands.phones import ANSWERS, OWN

SEAL = Seal(["the master key"])
TO, CALLER_ID = ANSWERS, OWN
MODES: list[Any] = [
    pytest.param(keep, TO, id="none"),
    pytest.param(last4, "…0100", id="last4"),
    pytest.param(SEAL.pseudonym, SEAL.pseudonym(TO), id="hmac"),
]
HIDING = [pytest.param(last4, id="last4"), pytest.param(SEAL.pseudonym, id="hmac")]

CALL = PlaceCall(
    to=TO,
    caller_id=CALLER_ID,
    labels={"team": "Team Zoë"},
    room="acme-Zoë",
    identity="Zoë",
    ringing_timeout=timedelta(seconds=79.00001),
    leg=LegOptions(
        participant_name="Zoë",
        participant_metadata="{}",
        participant_attributes={"customer": "Zoë Meier"},
        digits="1234#",
        headers={"X-Customer": "Zoë Meier"},
        display_name="Acme",
    ),
)
TRANSFER = TransferCall(call=CallRef("call_1"), to=TO, headers={"X-Customer": "Zoë"})
ACME = Tenant(tenant_id="acme")
NETWORK = Network(
    Config(
        tenants=(ACME,),
        trunks=(
            Trunk(
                trunk_id="berlin",
                livekit_trunk_id="ST_1",
                numbers=(TrunkNumber(CALLER_ID), TrunkNumber(TO)),
                headers={"X-Secret": "hush"},
                number_format=NumberFormat(plus=False),
            ),
        ),
    )
)
RANKING = rank(CALL, ACME, NETWORK, NOON, "call_1")
CHOICE = take(RANKING, lambda _: TrunkState(), lambda _: 0)
DECISION = {**ranking_recorded(RANKING), **choice_recorded(CHOICE)}


@pytest.mark.parametrize(("redact", "shown"), MODES)
def test_numbers_as_configured(redact: Redact, shown: str) -> None:
    """The number rung and the caller ID stand as they are, as last four digits, or as a hash."""
    assert describe(CALL, redact)["to"] == shown
    assert describe(TRANSFER, redact)["to"] == shown
    assert describe({"target": TO}, redact) == {"target": shown}


@pytest.mark.parametrize("redact", HIDING)
@pytest.mark.parametrize("value", [CALL, TRANSFER, DECISION], ids=["call", "transfer", "decision"])
def test_nothing_personal_is_left(redact: Redact, value: object) -> None:
    """Where numbers are redacted, no number, name or header value is left anywhere."""
    written = str(describe(value, redact))
    for personal in (TO, CALLER_ID, "Zoë", "Meier", "Acme", "hush", "1234"):
        assert personal not in written


@pytest.mark.parametrize("redact", HIDING)
@pytest.mark.parametrize(
    "form",
    [
        NumberFormat(strip=2),
        NumberFormat(prefix="0123456789012345"),
        NumberFormat(plus=False, prefix="0", strip=1, countries=("DE",)),
        NumberFormat(plus=False, prefix="00123456789012", countries=("DE",)),
    ],
)
def test_no_number_is_left_in_what_a_carrier_would_read(redact: Redact, form: NumberFormat) -> None:
    """The digits that would leave are as much a number as the one that was asked for."""
    cause = misread(form, TO)
    assert TO[-8:] in cause
    assert TO[-8:] not in text(cause, redact)


def test_personal_texts_stand_where_numbers_do() -> None:
    """Without redaction names, metadata, attributes and headers are written as they are."""
    leg = describe(CALL, keep)["leg"]
    assert leg["participant_name"] == "Zoë"
    assert leg["participant_attributes"] == {"customer": "Zoë Meier"}
    assert leg["headers"] == {"X-Customer": "Zoë Meier"}
    assert leg["display_name"] == "Acme"


@pytest.mark.parametrize("redact", [pytest.param(keep, id="none"), *HIDING])
def test_digits_are_never_written(redact: Redact) -> None:
    """Digits may be a PIN; that there were some is told, but not which."""
    assert describe(CALL, redact)["leg"]["digits"] == HIDDEN


@pytest.mark.parametrize("redact", HIDING)
def test_which_headers_there_were(redact: Redact) -> None:
    """The names of headers and attributes stay, their values go."""
    leg = describe(CALL, redact)["leg"]
    assert leg["headers"] == {"X-Customer": HIDDEN}
    assert leg["participant_attributes"] == {"customer": HIDDEN}


def test_what_is_not_personal_stays() -> None:
    """Names of labels, and spans (to the microsecond), are written in every mode."""
    described = describe(CALL, last4)
    assert list(described["labels"]) == ["team"]
    assert described["ringing_timeout"] == "79.00001s"


def test_empty_fields_are_left_out() -> None:
    """A record holds what was said, not what could have been."""
    assert describe(HangUpCall(call=CallRef("call_1")), keep) == {"call": {"call_id": "call_1"}}


def test_what_has_no_order_is_sorted() -> None:
    """The same question makes the same record in every process."""
    asked = ListCalls(states=frozenset(CallState))
    names = sorted(state.name for state in CallState)
    assert describe(asked, keep)["states"] == names


def test_enums_by_their_names() -> None:
    """States and the like stand by the names that the API gives them."""
    asked = ListCalls(states=frozenset({CallState.ACTIVE}))
    assert describe(asked, keep)["states"] == ["ACTIVE"]


@pytest.mark.parametrize(("asked", "described"), [(None, {}), ("transfer_1", {"id": "transfer_1"})])
def test_questions_without_a_command(asked: object, described: object) -> None:
    """A question that names nothing has no content; one that is an id has that."""
    assert describe(asked, keep) == described


def test_numbers_in_messages() -> None:
    """A number in the message of a refusal is redacted as in a field."""
    message = f"route premium blocks {TO}"
    assert text(message, keep) == message
    assert text(message, last4) == "route premium blocks …0100"
    assert text("no call call_0190123456789", last4) == "no call call_0190123456789"


def test_a_number_hidden_in_a_name_is_a_number() -> None:
    """A number inside another text, such as LiveKit's `sip_+1…` identity, is redacted as well."""
    described = describe({"cause": "sip_+15005550100 is in use"}, last4)
    assert described["cause"] == "sip_…0100 is in use"


@pytest.mark.parametrize("number", ["5005550147", "0150 05550149", "+1 500 555 0148"])
def test_what_is_given_for_numbers_is_redacted_in_any_form(number: str) -> None:
    """A request is refused because they have another form, and is recorded nevertheless."""
    asked = ChangeDoNotCall(tenant_id="acme", numbers=("+15005550146", number))
    assert describe(asked, keep)["numbers"] == ["+15005550146", number]
    assert describe(asked, last4)["numbers"] == ["…0146", f"…{number[-4:]}"]
    assert describe(asked, sealed)["numbers"] == [SEALED, SEALED]


def test_a_number_or_secret_for_an_id_is_redacted() -> None:
    """A question that is only an id is what its caller took for one."""
    assert describe(f"transfer of {TO}", last4) == {"id": "transfer of …0100"}
    assert describe("whsec_c2VjcmV0", keep) == {"id": HIDDEN}


def test_tokens_and_secrets_stand_nowhere() -> None:
    """Whatever a caller writes where, and however numbers are kept."""
    token = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJHVyJ9.c2lnbmF0dXJl"
    told = {"labels": {"a": f"Bearer {token}", "b": "https://u:p@host.example/hook?key=1"}}
    assert describe(told, keep) == {
        "labels": {"a": "Bearer [hidden]", "b": "https://host.example/…"}
    }


@pytest.mark.parametrize(
    "uri",
    [
        "sip:0049301234567@pbx",
        "SIP:0049301234567@pbx",
        "sips:911@pbx",
        "tel:0049301234567",
        "tel:+49-(30).1234567",
        "Tel:911",
    ],
)
def test_numbers_in_uris_are_numbers(uri: str) -> None:
    """With and without their plus, and with separators."""
    scheme, _, rest = uri.partition(":")
    host = rest.partition("@")[2]
    assert (
        text(f"no {uri} here", lambda _: "N") == f"no {scheme}:N{'@' + host if host else ''} here"
    )


def test_an_escaped_plus_is_one() -> None:
    """What is refused is told as it was written."""
    assert text("no sip:%2B4930123456@pbx", lambda _: "N") == "no sip:%2BN@pbx"


def shown(name: str, redact: Redact) -> str:
    return HIDDEN if redact is last4 else redact(name)


@pytest.mark.parametrize("redact", HIDING)
def test_names_are_hidden(redact: Redact) -> None:
    """Rooms, identities and labels: as pseudonyms, the same is the same again."""
    told = describe(
        {"room": "acme-Zoë", "identity": "Zoë Meier", "labels": {"who": "Zoë M."}}, redact
    )
    assert told == {
        "room": shown("acme-Zoë", redact),
        "identity": shown("Zoë Meier", redact),
        "labels": {"who": shown("Zoë M.", redact)},
    }
    assert describe(PlaceCall(to=TO, room="acme-Zoë"), redact)["room"] == told["room"]


@pytest.mark.parametrize("redact", HIDING)
def test_a_carriers_text_tells_no_number(redact: Redact) -> None:
    """In whatever form the carrier writes it; a status or a code stays."""
    said = f"486 Busy ({TO[1:]}, {TO}) code 1021"
    told = carriers(said, redact)
    assert TO[1:] not in told
    assert told.startswith("486 Busy ([hidden], ")
    assert told.endswith(") code 1021")
    assert carriers(said, keep) == said


@pytest.mark.parametrize(("to", "written"), [("2004", HIDDEN), ("7", HIDDEN), (ANSWERS, "…0100")])
def test_the_last_four_digits_are_not_the_whole_number(to: str, written: str) -> None:
    """An extension of no more digits is hidden."""
    assert last4(to) == written
