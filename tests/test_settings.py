"""What the process is told by its environment, and what is refused."""

import pytest
from pydantic import ValidationError

from gateway.settings import Settings


def told(**environment: str) -> Settings:
    return Settings(**environment)  # type: ignore[arg-type]  # as texts, like the environment's


def test_proxies_are_addresses_networks_and_unix() -> None:
    """They stand in one text, with commas between them."""
    settings = told(GATEWAY_TRUSTED_PROXIES="10.0.0.0/8, 2001:db8::1,unix")
    assert settings.trusted_proxies == ("10.0.0.0/8", "2001:db8::1", "unix")
    assert told().trusted_proxies == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GATEWAY_TRUSTED_PROXIES", "proxy.example"),
        ("GATEWAY_TRUSTED_PROXIES", "10.0.0.0/33"),
        ("GATEWAY_ADMIN_ADDRESS", "9090"),
        ("GATEWAY_ADMIN_GRPC_ADDRESS", "localhost:99999"),
        ("GATEWAY_MAX_CONNECTIONS", "0"),
        ("GATEWAY_MAX_CONNECTIONS_PER_PEER", "0"),
        ("GATEWAY_MAX_BODIES", "0"),
        ("GATEWAY_HEAD_TIMEOUT", "0"),
        ("GATEWAY_BODY_TIMEOUT", "nan"),
    ],
)
def test_what_makes_no_sense_is_refused_at_the_start(name: str, value: str) -> None:
    """Nothing is switched off by a number that looks harmless."""
    with pytest.raises(ValidationError, match=name):
        told(**{name: value})
