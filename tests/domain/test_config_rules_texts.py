"""Names of headers and rooms, and headers of trunks: which characters may stand in them."""

import json
from typing import Any

import pytest

from gateway.domain.config.rules import violations
from gateway.domain.tenant import Config, Tenant, Trunk, TrunkNumber
from gateway.errors import GatewayError
from gateway.wire.config.document import from_yaml

TOKEN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.!%*_+`'~")
"""RFC 3261, section 25.1."""
EVERY = [chr(code) for code in (*range(0x300), 0x2028, 0x202E, 0x2066, 0xD800, 0xFF21, 0x1F600)]
SHORT_FORMS = frozenset("bcdefiklmorstuvx")
"""Of headers that SIP itself writes."""
CONTROLS = [*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), "\u2028", "\u2029", "\u202e"]
CONTROLS += ["\u2066", "\ud800"]
SPACES = (" ", "\u00a0", "\u2003", "\u3000")


def of_tenant(**changes: Any) -> list[str]:
    """Where the mistakes of a configuration with this tenant are."""
    config = Config(tenants=(Tenant(tenant_id="acme", **changes),))
    return [found.field for found in violations(config)]


def of_trunk(headers: dict[str, str]) -> list[str]:
    """Where the mistakes of a configuration with a trunk of these headers are."""
    numbers = (TrunkNumber("+15005550199"),)
    trunk = Trunk(trunk_id="a", livekit_trunk_id="ST_a", numbers=numbers, headers=headers)
    return [found.field for found in violations(Config(trunks=(trunk,)))]


@pytest.mark.parametrize("place", ["{}", "{}P-Ok", "P-{}Ok", "P-Ok{}"])
def test_a_header_is_named_by_a_token(place: str) -> None:
    """Of all characters those of an RFC 3261 token may stand in a header's name, wherever."""
    for char in EVERY:
        name = place.format(char)
        wrong = [] if char in TOKEN else ["tenants[0].allowed_headers[1]"]
        if name.lower() not in SHORT_FORMS:
            assert of_tenant(allowed_headers=("P-Ok", name)) == wrong, ascii(name)
            assert bool(of_trunk({name: "x"})) is bool(wrong), ascii(name)
    assert of_tenant(allowed_headers=("",)) == ["tenants[0].allowed_headers[0]"]
    assert of_tenant(allowed_headers=("P" * 256,)) == ["tenants[0].allowed_headers[0]"]


@pytest.mark.parametrize("place", ["{}", "{}lobby", "lob{}by", "lobby{}", "lobby{}*"])
def test_a_room_has_no_control_character(place: str) -> None:
    """Nor what turns the direction of writing, or is half a character."""
    for char in CONTROLS:
        room = place.format(char)
        assert of_tenant(rooms=("ok", room)) == ["tenants[0].rooms[1]"], ascii(room)


@pytest.mark.parametrize("space", SPACES, ids=ascii)
def test_a_room_has_no_space_at_its_ends(space: str) -> None:
    """One that nobody sees would make it another room; within a name it may be."""
    for room in (space, f"{space}lobby", f"lobby{space}", f"{space}acme-*", f"acme-*{space}"):
        assert of_tenant(rooms=("ok", room)) == ["tenants[0].rooms[1]"], ascii(room)
    assert of_tenant(rooms=(f"big{space}room", f"big{space}*")) == []


@pytest.mark.parametrize("room", ["r" * 257, "ü" * 129, "r" * 256 + "*"])
def test_a_room_is_no_longer_than_livekits(room: str) -> None:
    """256 bytes, whatever the characters."""
    assert of_tenant(rooms=(room,)) == ["tenants[0].rooms[0]"]
    assert of_tenant(rooms=("r" * 256, "ü" * 128)) == []


def test_a_value_of_a_trunks_header_stays_in_its_line() -> None:
    """A control character in it is refused with its place."""
    for char in CONTROLS:
        assert of_trunk({"X-Ok": f"a{char}b"}) == ["trunks[0].headers[X-Ok]"], ascii(char)
    assert of_trunk({"X-Ok": "x" * 1025}) == ["trunks[0].headers[X-Ok]"]
    assert of_trunk({"X-Ok": "Grüße, \t"[:-1]}) == []


WRONG = [
    ("allowed_headers", "P Charging", "tenants[0].allowed_headers[1] (line 5, column 5)"),
    ("allowed_headers", "P-Charging:", "tenants[0].allowed_headers[1] (line 5, column 5)"),
    ("allowed_headers", "P-Ok\r\n", "tenants[0].allowed_headers[1] (line 5, column 5)"),
    ("rooms", "lobby ", "tenants[0].rooms[1] (line 5, column 5)"),
    ("rooms", "lob\u0007by", "tenants[0].rooms[1] (line 5, column 5)"),
    ("rooms", "r" * 257, "tenants[0].rooms[1] (line 5, column 5)"),
]


@pytest.mark.parametrize(("field", "value", "place"), WRONG)
def test_a_mistake_has_its_place_in_the_file(field: str, value: str, place: str) -> None:
    """Each is told with line and column."""
    good = "P-Ok" if field == "allowed_headers" else "ok"
    told = json.dumps(value)
    text = f"tenants:\n- tenant_id: acme\n  {field}:\n  - {good}\n  - {told}\n"
    with pytest.raises(GatewayError) as refused:
        from_yaml(text)
    assert [found.field for found in refused.value.violations] == [place]
