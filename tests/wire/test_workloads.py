"""What `x-forwarded-client-cert` says, and of whom it is believed."""

import pytest

from gateway.wire.peers import Peers
from gateway.wire.workloads import workload_of

PROXY = "ipv4:10.0.0.7:40312"
STRANGER = "ipv4:192.0.2.7:40312"
PEERS = Peers(["10.0.0.0/8", "unix"])
ID = "spiffe://example.org/ns/acme/sa/dialer"
OTHER = "spiffe://example.org/ns/globex/sa/dialer"


def forwarded(*lines: str, peer: str = PROXY) -> tuple[str, bool]:
    """The SPIFFE id, and whether the request is refused for what it presents."""
    found = workload_of(PEERS, peer, [("X-Forwarded-Client-Cert", line) for line in lines])
    return found.spiffe_id, bool(found.fault)


@pytest.mark.parametrize(
    ("lines", "spiffe_id"),
    [
        ([f"By=spiffe://example.org/gateway;Hash=0a;URI={ID}"], ID),
        ([f"URI={ID}"], ID),
        (["uri=  "], ""),
        ([f'Subject="CN=a\\"b,;=c";URI={ID};DNS=a'], ID),
        ([f'URI="{ID}"'], ID),
        ([f"URI={OTHER},By=x;URI={ID}"], ID),
        ([f"URI={OTHER}, By=x;URI={ID}"], ID),
        ([f"URI={OTHER}", f"URI={ID}"], ID),
        ([f"URI={OTHER},By=x;Hash=0a"], ""),
        ([f"URI={OTHER},"], ""),
        ([f"URI={OTHER}", ""], ""),
        (["By=x;Hash=0a;URI="], ""),
        (["URI=https://example.org/a"], ""),
        ([""], ""),
    ],
)
def test_the_last_element_counts(lines: list[str], spiffe_id: str) -> None:
    """The nearest proxy wrote that; whatever came before it may be a client's."""
    assert forwarded(*lines) == (spiffe_id, False)


@pytest.mark.parametrize(
    "line",
    [
        f"URI={ID};URI={OTHER}",
        f"URI={ID};URI={ID}",
        f'Subject="CN=a;URI={ID}',
        f'URI="{ID}"x',
        f",URI={ID}",
        f"URI {ID}",
        f"URI={ID}\x00;;",
    ],
)
def test_what_cannot_be_read_is_refused(line: str) -> None:
    """It is never taken for the next best thing."""
    assert forwarded(line) == ("", True)


def test_only_trusted_proxies_are_believed() -> None:
    """From anyone else the header says nothing."""
    line = f"URI={ID}"
    assert forwarded(line, peer=STRANGER) == ("", False)
    assert forwarded(line, peer="unix:") == (ID, False)
    found = workload_of(PEERS, STRANGER, [("x-forwarded-client-cert", line)])
    assert "no trusted proxy" in found.ignored


def test_long_headers_cost_little() -> None:
    """A header as long as any may be is read once, from left to right."""
    assert forwarded('Subject="' + "\\" * 16_000) == ("", True)
    assert forwarded("a=" * 8_000) == ("", False)
    assert forwarded("URI=a;" * 2_000)[1]
