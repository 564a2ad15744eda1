"""Odd requests at the door beside the LiveKit behind it: slashes, clocks, headers, JSON."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.conformance.exchange import Request, send
from tests.conformance.texts import EDGE_SPANS, SPANS
from tests.livekit_door.door import ROOM, Door, signed

pytestmark = [
    pytest.mark.livekit,
    pytest.mark.parametrize("door", ["livekit"], indirect=True),
]

CREATE = "/twirp/livekit.SIP/CreateSIPParticipant"
LIST = "/twirp/livekit.SIP/ListSIPOutboundTrunk"
UNAUTHENTICATED = (401, "unauthenticated")
OK = (200, "")
REFUSED = (401, "")
"""LiveKit tells of a bad token in plain text."""

Seen = tuple[int, str]
"""The HTTP status and Twirp's code, if there is one."""
Headers = Callable[[Callable[..., str]], Mapping[str, str]]


def bearer(**claims: Any) -> Headers:
    """A token with these claims; whole numbers for times are seconds from now."""

    def headers(token: Callable[..., str]) -> Mapping[str, str]:
        now = int(time.time())
        said = {name: value if value is None else now + value for name, value in claims.items()}
        return {"Authorization": f"Bearer {token(**said)}"}

    return headers


@dataclass(frozen=True)
class Odd:
    """A request that LiveKit and the gateway are both asked."""

    path: str = LIST
    method: str = "POST"
    headers: Headers = field(default_factory=bearer)
    body: str = "{}"
    content_type: str | None = "application/json"
    differs: tuple[Seen, Seen] | None = None
    """What LiveKit and what the gateway answers, where docs/divergences.md says why."""


def list_with(headers: Headers, differs: tuple[Seen, Seen] | None = None) -> Odd:
    return Odd(headers=headers, differs=differs)


def with_header(name: str, value: str) -> Headers:
    return lambda token: {**bearer()(token), name: value}


def scheme(before: str, name: str = "Authorization") -> Headers:
    return lambda token: {name: f"{before}{token()}"}


BAD_TOKEN = (REFUSED, UNAUTHENTICATED)
NO_ROUTE = ((404, ""), (404, "bad_route"))
REDIRECT = ((307, ""), (404, "bad_route"))

SLASHES = {
    "two before": Odd(f"/{LIST}"),
    "three before": Odd(f"//{LIST}", differs=REDIRECT),
    "two before the service": Odd(LIST.replace("/livekit", "//livekit"), differs=REDIRECT),
    "two before the method": Odd(LIST.replace("/List", "//List"), differs=REDIRECT),
    "one behind": Odd(f"{LIST}/"),
    "none before the method": Odd(LIST.replace("SIP/", "SIP."), differs=NO_ROUTE),
    "two before, and another method": Odd(f"/{LIST}s"),
    "two before another prefix": Odd(f"//rpc{LIST}", differs=NO_ROUTE),
    "a query": Odd(f"/{LIST}?a=b"),
}

CLOCKS = {
    **{f"exp {at}": list_with(bearer(exp=at)) for at in (-55, -30, 30, 86_000)},
    **{f"exp {at}": list_with(bearer(exp=at), BAD_TOKEN) for at in (-65, -300)},
    **{f"nbf {at}": list_with(bearer(nbf=at)) for at in (-300, 30, 55)},
    **{f"nbf {at}": list_with(bearer(nbf=at), BAD_TOKEN) for at in (70, 300)},
    **{f"iat {at}": list_with(bearer(iat=at)) for at in (-300, 30, 55)},
    "iat 300": list_with(bearer(iat=300), (OK, UNAUTHENTICATED)),
    "no exp": list_with(bearer(exp=None), (OK, UNAUTHENTICATED)),
    "exp in two days": list_with(bearer(exp=2 * 86_400), (OK, UNAUTHENTICATED)),
}

HEADERS = {
    "name in lower case": list_with(scheme("Bearer ", "authorization")),
    "name in upper case": list_with(scheme("Bearer ", "AUTHORIZATION")),
    "scheme in lower case": list_with(scheme("bearer "), (REFUSED, OK)),
    "scheme in upper case": list_with(scheme("BEARER "), (REFUSED, OK)),
    "two spaces": list_with(scheme("Bearer  "), BAD_TOKEN),
    "no scheme": list_with(scheme(""), BAD_TOKEN),
    "another scheme": list_with(scheme("Basic "), BAD_TOKEN),
    "no token": list_with(lambda _token: {}),
    "an empty header": list_with(lambda _token: {"Authorization": ""}),
    "two tokens": list_with(
        lambda token: {"Authorization": f"Bearer {token()}", "authorization": "Bearer x"},
        (OK, UNAUTHENTICATED),
    ),
    "in the query": Odd(
        f"{LIST}?access_token=x", headers=lambda _token: {}, differs=(REFUSED, UNAUTHENTICATED)
    ),
    "a request id in odd case": list_with(with_header("x-LIVEKIT-request-ID", "1")),
    "a compressed body": list_with(with_header("Content-Encoding", "gzip")),
    "a timeout that is none": list_with(
        with_header("X-Twirp-Timeout-Ms", "1_0"), (OK, (400, "invalid_argument"))
    ),
    "type in upper case": Odd(content_type="APPLICATION/JSON"),
    "type with a charset": Odd(content_type="application/json; charset=UTF-8"),
    "another type": Odd(content_type="text/json"),
    "no type": Odd(content_type=None),
    "GET": Odd(method="GET", body=""),
    "PUT": Odd(method="PUT"),
    "a browser's question": Odd(
        method="OPTIONS",
        headers=lambda _token: {
            "Origin": "https://app.example.com",
            "Access-Control-Request-Method": "POST",
        },
        differs=((204, ""), (404, "bad_route")),
    ),
}


def create(fields: str) -> Odd:
    """A request that lacks a number, which is told only where its JSON could be read."""
    return Odd(CREATE, body=f'{{"sip_trunk_id": "TRUNK", "room_name": "{ROOM}", {fields}}}')


NAME_OF_NO_VALUE = ((400, "invalid_argument"), (400, "malformed"))
JSON = {
    **{
        f"ringing_timeout {text}": create(f'"ringing_timeout": {json.dumps(text)}')
        for text in (*SPANS, *EDGE_SPANS, " 30s", "30s ", "\uff13\uff10s")
    },
    **{
        text: create(text)
        for text in (
            '"ringing_timeout": 30',
            '"ringing_timeout": {"seconds": 30}',
            '"ringingTimeout": "30s"',
            '"ringing_timeout": "1s", "ringingTimeout": "1s"',
            '"play_dialtone": 1',
            '"play_dialtone": "true"',
            '"play_dialtone": null',
            '"media_encryption": true',
            '"media_encryption": 1.0',
            '"media_encryption": 1.5',
            '"media_encryption": "SIP_MEDIA_ENCRYPT_ALLOW"',
            '"headers": {"X-A": "b", "X-A": "c"}',
            '"headers": {"X-A": null}',
            '"headers": []',
            '"participant_name": 7',
            '"participant_name": "\\ud83d"',
            '"newer": {"a": 1, "a": 2}',
            '"newer": NaN',
            '"newer": 01',
            '"room_name": "again"',
            '"media": {"codecs": [{"name": "PCMU", "rate": "8_000"}]}',
            '"media": {"codecs": [{"name": "PCMU", "rate": "8e3"}]}',
            '"media": {"codecs": [null]}',
            '"media": {"codecs": {}}',
        )
    },
    "no JSON": Odd(CREATE, body="sip_call_to=1"),
    "nothing": Odd(CREATE, body=""),
    "a list": Odd(CREATE, body="[]"),
    "two values": Odd(LIST, body="{} {"),
    "the name of no value": Odd(
        CREATE,
        body=create('"media_encryption": "REQUIRED"').body,
        differs=NAME_OF_NO_VALUE,
    ),
}

ODD = {
    f"{kind}: {name}": odd
    for kind, table in (
        ("slashes", SLASHES),
        ("clocks", CLOCKS),
        ("headers", HEADERS),
        ("JSON", JSON),
    )
    for name, odd in table.items()
}


async def answered(url: str, odd: Odd, token: Callable[..., str], trunk: str) -> Seen:
    """What one of the two answers."""
    request = Request(
        path=odd.path,
        method=odd.method,
        headers=odd.headers(token),
        body=odd.body.replace("TRUNK", trunk).encode(),
        content_type=odd.content_type,
    )
    (answer,) = await asyncio.to_thread(send, url, request)
    is_error = answer.status != 200 and answer.media_type == "application/json"
    return answer.status, answer.json["code"] if is_error else ""


async def test_odd_requests_are_answered_alike(door: Door) -> None:
    """Each is answered with LiveKit's status and code, or with the difference that is told."""
    stack = door.stand.stack
    assert stack is not None
    sides = (
        (stack.url, lambda **claims: signed(stack.api_key, stack.api_secret, **claims)),
        (door.url, door.token),
    )
    wrong = {}
    for name, odd in ODD.items():
        seen = [await answered(url, odd, token, door.stand.trunk) for url, token in sides]
        told = odd.differs or (seen[0], seen[0])
        if tuple(seen) != told:
            wrong[name] = (seen, odd.differs)
    assert not wrong
