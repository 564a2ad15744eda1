"""What the process is told by its environment, and what is refused."""

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from gateway.cli.database import settings_told
from gateway.cli.output import CommandError
from gateway.settings import Settings

FIELDS = {
    str(field.validation_alias or name).upper(): field
    for name, field in (Settings.model_fields.items())
}
"""Every field by the name of its variable."""
UNSET = {
    "NO_COLOR": "1",
    "LIVEKIT_URL": "wss://livekit.example",
    "LIVEKIT_API_KEY": "APIkey",
    "LIVEKIT_API_SECRET": "a secret",
    "GATEWAY_CONFIG": "gateway.yaml",
    "GATEWAY_MASTER_KEY": "a key",
    "GATEWAY_ADMIN_ADDRESS": "127.0.0.1:9090",
    "GATEWAY_ADMIN_GRPC_ADDRESS": "127.0.0.1:9091",
    "GATEWAY_TRUSTED_PROXIES": "10.0.0.0/8",
    "GATEWAY_AUDIT_OTLP_HEADERS": "authorization=a token",
}
"""What might be told where there is no default."""

SECRETS_OF_A_FORM = {"GATEWAY_AUDIT_OTLP_HEADERS"}
"""Their form decides, which may have quotes and has no second line."""


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Says nothing to the gateway yet."""
    for name in [each for each in os.environ if each.startswith(("GATEWAY_", "LIVEKIT_"))]:
        monkeypatch.delenv(name)
    return monkeypatch


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
        *[
            ("GATEWAY_HTTP_ADDRESS", f"{host}:8080")
            for host in ("a..b", "...", "a" * 64, "[::::]", "[1.2.3.4]", "1.2.3", "::1", "")
        ],
        ("GATEWAY_MAX_CONNECTIONS", "0"),
        ("GATEWAY_MAX_CONNECTIONS_PER_PEER", "0"),
        ("GATEWAY_MAX_BODIES", "0"),
        ("GATEWAY_LOG_FORMAT", "text"),
        ("GATEWAY_LOG_LEVEL", "trace"),
        ("GATEWAY_WORKERS", "0"),
        ("GATEWAY_WORKERS", "65"),
        ("GATEWAY_HEAD_TIMEOUT", "0"),
        ("GATEWAY_BODY_TIMEOUT", "nan"),
    ],
)
def test_what_makes_no_sense_is_refused_at_the_start(name: str, value: str) -> None:
    """Nothing is switched off by a number that looks harmless."""
    with pytest.raises(ValidationError, match=name):
        told(**{name: value})


def usual(name: str) -> str:
    """A value that the variable may have."""
    default = FIELDS[name].default
    return UNSET.get(name) or str(getattr(default, "value", default))


def value(name: str) -> Any:
    """What the environment says of this."""
    settings = settings_told()
    (found,) = (
        getattr(settings, field)
        for field, info in Settings.model_fields.items()
        if FIELDS[name] is info
    )
    return found.get_secret_value() if isinstance(found, SecretStr) else found


@pytest.mark.parametrize("name", FIELDS)
def test_line_ends_and_blanks_around_a_value_are_none_of_it(
    name: str, environment: pytest.MonkeyPatch
) -> None:
    """A value from a file of a Secret has a line end behind it, and means what it says."""
    environment.setenv(name, usual(name))
    expected = value(name)
    for told in (f"{usual(name)}\n", f" {usual(name)}\r\n\t", f"\n{usual(name)}"):
        environment.setenv(name, told)
        assert value(name) == expected


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("blank", ["", " ", "\n"])
def test_blank_is_unset(name: str, blank: str, environment: pytest.MonkeyPatch) -> None:
    """Charts write a name without a value for what nobody has set."""
    expected = value(name)
    environment.setenv(name, blank)
    assert value(name) == expected


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in FIELDS
        if FIELDS[name].annotation is not bool and name not in SECRETS_OF_A_FORM
    ],
)
def test_what_is_no_plain_value_is_refused_by_its_name(
    name: str, environment: pytest.MonkeyPatch
) -> None:
    """Quotes that a file of variables keeps, and a second line, are refused; not in secrets."""
    for told in (f'"{usual(name)}"', f"'{usual(name)}'", f"{usual(name)}\nnext", "\x1b[0m"):
        environment.setenv(name, told)
        if FIELDS[name].annotation in (SecretStr, SecretStr | None):
            assert value(name) == told
        else:
            with pytest.raises(CommandError, match=f"{name}: Value error, must"):
                settings_told()


@pytest.mark.parametrize(
    "url",
    [
        "livekit.example",
        "localhost:7880",
        "//livekit.example",
        "https:livekit.example",
        "grpc://livekit.example",
        "http://livekit.example:99999",
        "http://livekit.example:port",
        "http://livekit.example:",
        "http://livekit.example:0",
        "http://",
        "http:///livekit",
        "http://a..b",
        "http://[127.0.0.1",
        "http://[::::]",
        "http://[::1]x:7880",
        "http://live kit",
        "http://livekit.example/?room=a",
        "http://livekit.example/#a",
        "https://livekit.example/twirp",
        "https://livekit.example/twirp/",
    ],
)
def test_an_address_of_livekit_that_is_none(url: str, environment: pytest.MonkeyPatch) -> None:
    """Nothing is served with it: the error names the variable, the form and what was told."""
    environment.setenv("LIVEKIT_URL", url)
    with pytest.raises(
        CommandError, match="LIVEKIT_URL: Value error, must be https://HOST"
    ) as told:
        settings_told()
    assert repr(url) in str(told.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://livekit.example",
        "wss://project.livekit.cloud/",
        "ws://127.0.0.1:7880",
        "http://livekit_server:7880",
        "http://[::1]:7880",
        "https://proxy.example/livekit",
        "HTTPS://LIVEKIT.EXAMPLE",
    ],
)
def test_an_address_of_livekit(url: str, environment: pytest.MonkeyPatch) -> None:
    """With or without TLS, a port, and a path that a proxy takes away."""
    environment.setenv("LIVEKIT_URL", url)
    assert settings_told().livekit_url == url


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("LIVEKIT_URL", "https://key:hush@livekit.example"),
        ("GATEWAY_DATABASE_URL", "mysql://me:hush@host/name"),
        ("GATEWAY_DATABASE_URL", "//me:hush@host/name"),
    ],
)
def test_a_password_is_not_told(name: str, told: str, environment: pytest.MonkeyPatch) -> None:
    """Errors go to logs."""
    environment.setenv(name, told)
    with pytest.raises(CommandError, match=f"{name}: Value error, must be") as refused:
        settings_told()
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["gateway.db", "sqlite:gateway.db", "sqlite://gateway.db", "sqlite:///", "mysql://h/n"]
)
def test_a_database_url_that_is_none(url: str, environment: pytest.MonkeyPatch) -> None:
    """It is refused by its name, with the forms that there are."""
    environment.setenv("GATEWAY_DATABASE_URL", url)
    with pytest.raises(
        CommandError, match=r"GATEWAY_DATABASE_URL: .* sqlite:///PATH or postgresql"
    ):
        settings_told()


def test_a_configuration_is_a_file(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    """A directory, as the mount of a volume is, is refused by the variable's name."""
    environment.setenv("GATEWAY_CONFIG", str(tmp_path))
    with pytest.raises(CommandError, match=r"GATEWAY_CONFIG: .*must be a YAML file"):
        settings_told()


@pytest.mark.parametrize(
    "number", ["1_0", "0x10", "+10", "\uff11\uff10", "1e1", "ten", "-1", "inf"]
)
def test_a_number_is_written_in_digits(number: str, environment: pytest.MonkeyPatch) -> None:
    """What only Python reads as a number is none."""
    environment.setenv("GATEWAY_RETENTION_DAYS", number)
    with pytest.raises(CommandError, match=r"GATEWAY_RETENTION_DAYS: .*must be a number"):
        settings_told()


def test_every_mistake_is_told_at_once(environment: pytest.MonkeyPatch) -> None:
    """Nobody mends them one by one."""
    wrong = {"LIVEKIT_URL": "a", "LIVEKIT_API_KEY": "a b", "GATEWAY_PLATFORM": "pots"}
    for name, told in wrong.items():
        environment.setenv(name, told)
    with pytest.raises(CommandError) as refused:
        settings_told()
    assert all(f"{name}: " in str(refused.value) for name in wrong)
