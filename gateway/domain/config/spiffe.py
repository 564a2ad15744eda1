"""SPIFFE ids of workloads, and the patterns by which a configuration names them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

MAX_BYTES = 2048
ID_RULE = (
    "must be a SPIFFE id such as spiffe://example.org/ns/calls/sa/dialer, or a prefix of whole "
    "segments and /*"
)

_ID = re.compile(r"spiffe://(?P<domain>[a-z0-9._-]{1,255})(?P<path>(?:/[A-Za-z0-9._-]+)*)")
_ANY = "/*"


@dataclass(frozen=True, slots=True)
class Workload:
    """What a request's client certificate says of who sent it; all empty if there was none."""

    spiffe_id: str = ""
    """Empty: no certificate, or one without a SPIFFE id."""
    expire_time: datetime | None = None
    """When the certificate ends; None if it is unknown, as behind a proxy."""
    fault: str = ""
    """Why it cannot be known who sent it, although something was presented."""
    ignored: str = ""
    """What was presented and does not count; for the log."""


NO_WORKLOAD = Workload()


def is_id(text: str) -> bool:
    """Whether it is a SPIFFE id as the standard writes them."""
    found = _ID.fullmatch(text)
    if found is None or len(text) > MAX_BYTES:
        return False
    return not {".", ".."} & set(found["path"].split("/"))


def is_pattern(text: str) -> bool:
    """Whether it is an id, or a prefix of whole segments followed by `/*`."""
    return is_id(text.removesuffix(_ANY))


def patterns_of(spiffe_id: str) -> Iterator[str]:
    """Every pattern that fits this id, the longest first."""
    yield spiffe_id
    domain = len("spiffe://")
    rest = spiffe_id
    while (slash := rest.rfind("/")) > domain:
        rest = rest[:slash]
        yield rest + _ANY
