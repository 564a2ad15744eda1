"""`gateway apply|keys|token|route|audit`: what works on the database."""

import hashlib
import json
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import jwt
import pytest
import yaml

from tests.cli.conftest import CommandLine

CONFIG = """
tenants:
  - tenant_id: acme
    timeouts: {ringing_timeout: 20s}
trunks:
  - trunk_id: munich
    livekit_trunk_id: ST_munich
    enabled: false
    numbers: [{number: "+4989123456"}]
  - trunk_id: berlin
    livekit_trunk_id: ST_berlin
    numbers: [{number: "+4930123456"}]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A configuration."""
    path = tmp_path / "gateway.yaml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def acme(local: CommandLine, file: Path) -> CommandLine:
    """The command line on a database with a tenant."""
    assert local("apply", str(file)).code == 0
    return local


def test_a_new_key_signs_tokens(acme: CommandLine) -> None:
    """The secret that is shown once is the one that the tenant's tokens are signed with."""
    made = acme("keys", "create", "acme", "--right", "tenant_admin", "--json").json
    token = acme("token", "acme", "--room", "acme-1", "--expires", "90m").out.strip()
    claims = jwt.decode(token, made["secret"], algorithms=["HS256"])
    assert (claims["iss"], claims["video"]["room"]) == (made["key"], "acme-1")
    assert claims["exp"] - claims["nbf"] == 90 * 60
    assert made["rights"] == ["TENANT_ADMIN"]


def test_a_key_for_a_while_and_a_place(acme: CommandLine) -> None:
    """--expires and --allow bind a new key, and a list shows what it is bound to."""
    acme("keys", "create", "acme", "--expires", "1h", "--allow", "10.0.0.0/8", "--allow", "::1")
    (key,) = acme("keys", "list", "acme", "--json").json_lines
    assert datetime.fromisoformat(key["expire_time"]) - datetime.fromisoformat(
        key["create_time"]
    ) == pytest.approx(timedelta(hours=1), abs=timedelta(seconds=1))
    assert key["allowed_addresses"] == ["10.0.0.0/8", "::1/128"]
    assert key["last_use_time"] is None
    assert "10.0.0.0/8, ::1/128" in acme("keys", "list").out
    wrong = acme("keys", "create", "acme", "--allow", "10.0.0.7/8")
    assert wrong.code == 1
    assert "allowed_addresses[0]" in wrong.err


def test_keys_are_sealed_anew(acme: CommandLine) -> None:
    """After `keys reseal` the older master key can be left out; what needs another is named."""
    old, new = (f"{name} master key that is long enough" for name in ("old", "new"))
    before = CommandLine({**acme.environment, "GATEWAY_MASTER_KEY": old})
    made = before("keys", "create", "acme", "--json").json
    wrong = CommandLine({**acme.environment, "GATEWAY_MASTER_KEY": new})
    refused = wrong("keys", "reseal")
    assert refused.code == 1
    assert made["key"] in refused.out
    both = CommandLine({**acme.environment, "GATEWAY_MASTER_KEY": f"{new},{old}"})
    assert both("keys", "reseal", "--json").json == {"resealed": [made["key"]], "not_opened": []}
    claims = jwt.decode(wrong("token", "acme").out.strip(), made["secret"], algorithms=["HS256"])
    assert claims["iss"] == made["key"]


def test_a_token_is_for_a_day_at_most(acme: CommandLine) -> None:
    """`token` makes none that the gateway would refuse; the setting says how long one may be."""
    acme("keys", "create", "acme")
    assert acme("token", "acme", "--expires", "24h").code == 0
    refused = acme("token", "acme", "--expires", "25h")
    assert refused.code == 1
    assert "86400s" in refused.err
    for hours, life in (("48", 6 * 3600), ("1", 3600)):
        other = CommandLine({**acme.environment, "GATEWAY_MAX_TOKEN_HOURS": hours})
        claims = jwt.decode(other("token", "acme").out.strip(), options={"verify_signature": False})
        assert claims["exp"] - claims["nbf"] == life


def test_token_prints_a_token_and_nothing_else(acme: CommandLine) -> None:
    """What `token` prints can be put into GATEWAY_TOKEN as it is."""
    acme("keys", "create", "acme")
    result = acme("token", "acme")
    assert (result.code, result.err) == (0, "")
    assert result.out == f"{result.out.strip()}\n"
    assert result.out.count(".") == 2


def test_a_tenant_without_a_key_gets_no_token(acme: CommandLine) -> None:
    """Nothing goes to stdout, and stderr says what to do."""
    result = acme("token", "acme")
    assert (result.code, result.out) == (1, "")
    assert "keys create" in result.err


def test_keys_are_listed_without_secrets_and_revoked(acme: CommandLine) -> None:
    """A list shows all keys of a tenant, never a secret, and since when a key is revoked."""
    made = acme("keys", "create", "acme", "--json").json
    acme("keys", "create", "--operator")
    assert acme("keys", "revoke", made["key"]).code == 0
    result = acme("keys", "list", "acme", "--json")
    (listed,) = result.json_lines
    assert (listed["key"], listed["revoke_time"] is None) == (made["key"], False)
    assert made["secret"] not in result.out
    assert len(acme("keys", "list").out.splitlines()) == 3


def test_a_key_is_a_tenants_or_an_operators(acme: CommandLine) -> None:
    """Neither a key of nobody nor one of both is made."""
    assert acme("keys", "create").code == 1
    assert acme("keys", "create", "acme", "--operator").code == 1
    assert acme("keys", "list", "--json").out == ""


def test_route_explain_shows_every_trunk(acme: CommandLine) -> None:
    """Each trunk has its verdict; the caller ID and the timeouts say where they come from."""
    out = acme("route", "explain", "acme", "+4930987654", "--max-duration", "1h30m").out
    assert [each.split()[:2] for each in out.splitlines()[1:3]] == [
        ["munich", "DISABLED"],
        ["berlin", "TAKEN"],
    ]
    assert "+4930123456 (of the callee's country)" in out
    assert "20s (tenant)" in out
    assert "1h30m (request; asked for 1h30m)" in out


def test_route_explain_tells_the_rules(acme: CommandLine, file: Path) -> None:
    """Calling hours refuse the call, or are overridden, as the command says."""
    closed = {"hours_id": "minute", "periods": [{"from": "00:00", "until": "00:01"}]}
    config = yaml.safe_load(CONFIG)
    config["tenants"][0]["calling_hours"] = [{**closed, "prefixes": ["+1500"]}]
    file.write_text(yaml.safe_dump(config))
    assert acme("apply", str(file)).code == 0
    asked = ("route", "explain", "acme", "+15005550101")
    refused = acme(*asked)
    assert refused.code == 1
    assert "CALLING_HOURS: calling hours minute do not allow +15005550101 now: " in refused.err
    rows = [each.split() for each in acme(*asked, "--override", "calling-hours").out.splitlines()]
    assert ["CALLING_HOURS", "overridden", "minute:"] in [row[:3] for row in rows]
    assert ["DO_NOT_CALL", "on", "no", "list"] in rows


def test_route_explain_tells_why_no_trunk_fits(acme: CommandLine) -> None:
    """Where no trunk may carry the call, exit code 1, and each trunk has its reason."""
    result = acme("route", "explain", "acme", "+4930987654", "--trunk", "munich")
    assert result.code == 1
    assert "  trunk.munich: DISABLED" in result.err


def test_an_exported_log_can_be_proven_without_this_program(acme: CommandLine) -> None:
    """Each hash is SHA-256 over a zero byte and the record, its keys sorted, without spaces."""
    acme("keys", "create", "acme")
    acme("keys", "create", "acme")
    records = acme("audit", "export").json_lines
    assert len(records) >= 2
    for each in records:
        text = json.dumps(each["record"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert each["hash"] == hashlib.sha256(b"\0" + text.encode()).hexdigest()


def test_audit_list_narrows(acme: CommandLine) -> None:
    """Only the tenant's records are listed, the newest if there are more than the limit."""
    key = acme("keys", "create", "acme", "--json").json["key"]
    acme("keys", "revoke", key)
    acme("keys", "create", "--operator")
    (record,) = acme("audit", "list", "--tenant", "acme", "--limit", "1", "--json").json_lines
    assert record["record"]["method"] == "keys revoke"


def test_a_whole_log_is_proven(acme: CommandLine) -> None:
    """Exit code 0; records that no gateway has taken up yet are counted apart."""
    acme("keys", "create", "acme")
    waiting = len(acme("audit", "export").json_lines)
    result = acme("audit", "verify", "--json")
    assert result.code == 0
    told = result.json
    assert (told["records"], told["waiting"], told["problems"]) == (0, waiting, [])


def test_a_touched_log_is_found_out(acme: CommandLine, tmp_path: Path) -> None:
    """A record that was changed in the database is named, exit code 1."""
    acme("keys", "create", "acme")
    log_id = acme("audit", "list", "--json").json_lines[-1]["log_id"]
    with sqlite3.connect(tmp_path / "gateway.db") as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(audit_events)")]
        for column in columns:
            connection.execute(
                f"UPDATE audit_events SET {column} = replace({column}, 'keys create', 'harmless') "  # noqa: S608
                f"WHERE typeof({column}) = 'text'"
            )
    connection.close()
    result = acme("audit", "verify")
    assert result.code == 1
    assert f"{log_id} #1: changed" in result.out


def test_a_wrong_environment_is_named(local: CommandLine) -> None:
    """A setting that cannot be is told by its name, and a database by what names it."""
    wrong = CommandLine({**local.environment, "GATEWAY_PLATFORM": "pots"})("keys", "list")
    assert wrong.code == 1
    assert "GATEWAY_PLATFORM" in wrong.err
    away = CommandLine({"GATEWAY_DATABASE_URL": "sqlite:////nowhere/x.db"})("keys", "list")
    assert away.code == 1
    assert "GATEWAY_DATABASE_URL" in away.err
