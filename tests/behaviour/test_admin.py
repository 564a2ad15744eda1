"""AdminService: the configuration, who may administer, and what is recorded of it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gateway.build import Gateway
from gateway.telephony.v1 import admin_pb2, calls_pb2
from tests.stands.administering import (
    BOTH,
    apply,
    create_key,
    everything,
    get_config,
    keys,
    message,
    records,
    settled,
)
from tests.stands.phones import ANSWERS, BUSY
from tests.stands.stand import NUMBERS, Client, Stand, configuration, reason_name, refusal
from tests.stands.waiting import eventually


async def test_running_gateways_follow_and_drop_no_call(stand: Stand) -> None:
    """A change counts at every gateway of the database; open calls go on as they were placed."""
    operator = await stand.client("")
    call = await stand.acme.place(ANSWERS, wait_until_answered=True)
    other = Gateway(stand.settings())
    await other.start()
    elsewhere = Client(stand.connect(other), stand.acme.token)
    only = configuration(stand.trunk)
    only["trunks"] = [each for each in only["trunks"] if each["trunk_id"] != "acme-main"]
    applied = await apply(operator, message(only))

    async def rerouted() -> bool:
        request = calls_pb2.PlaceCallRequest(to=ANSWERS, validate_only=True)
        route = (await elsewhere.call("PlaceCall", request)).route
        return bool(route.candidates[0].trunk_id == "acme-mute")

    await eventually(rerouted)
    assert [change.path for change in applied.changes] == ["trunks[acme-main]"]
    assert (await stand.acme.get(call.call_id)).state == calls_pb2.CALL_STATE_ACTIVE
    assert reason_name(await stand.acme.hang_up(call.call_id)) == "COMPLETED"
    await other.stop()


async def test_ten_mistakes_are_ten_violations_and_nothing_is_applied(stand: Stand) -> None:
    """Every mistake has its path, and the version in force stays."""
    operator = await stand.client("")
    before = await get_config(operator)
    wrong = configuration(stand.trunk)
    acme, globex = wrong["tenants"]
    acme |= {"rooms": ["a*b"], "default_country": "XX", "limits": {"max_calls_per_day": -1}}
    acme["routes"] = [
        {"route_id": "r", "targets": [{"trunk_id": "berln", "weight": -1}], "max_attempts": 99}
    ]
    globex["tenant_id"] = "Globex Inc."
    wrong["trunks"][0] |= {"failover_sip_codes": [486], "transfer_mode": "TRUNK_TRANSFER_MODE_SIP"}
    refused = await refusal(apply(operator, message(wrong)))
    assert (refused.code, refused.reason) == ("invalid_argument", "CONFIG_INVALID")
    assert sorted(refused.fields) == [
        "tenants[0].default_country",
        "tenants[0].limits.max_calls_per_day",
        "tenants[0].rooms[0]",
        "tenants[0].routes[0].max_attempts",
        "tenants[0].routes[0].targets[0].trunk_id",
        "tenants[0].routes[0].targets[0].weight",
        "tenants[1].tenant_id",
        "trunks[0].failover_sip_codes[0]",
        "trunks[0].transfer_host",
        "trunks[3].tenant_ids[0]",
    ]
    assert await get_config(operator) == before


async def test_a_dry_run_stores_nothing(stand: Stand) -> None:
    """It answers the same differences, and the version stays."""
    operator = await stand.client("")
    before = await get_config(operator)
    changed = configuration(stand.trunk, timeouts={"ringing_timeout": "25s"})
    dry = await apply(operator, message(changed), dry_run=True)
    assert [(one.path, one.before, one.after) for one in dry.changes] == [
        ("tenants[acme].timeouts", "", '{"ringing_timeout": "25s"}')
    ]
    assert await get_config(operator) == before
    assert dry.version == before.version
    real = await apply(operator, message(changed))
    assert (real.version, list(real.changes)) == (before.version + 1, list(dry.changes))


async def test_a_change_made_for_another_version_is_refused(stand: Stand) -> None:
    """CONFIG_CONFLICT names both versions; of two changes for one version only one is applied."""
    operator = await stand.client("")
    version = (await get_config(operator)).version
    config = message(configuration(stand.trunk))
    refused = await refusal(apply(operator, config, expected_version=version - 1))
    assert (refused.code, refused.reason) == ("aborted", "CONFIG_CONFLICT")
    assert refused.metadata["version"] == str(version)
    assert refused.metadata["expected_version"] == str(version - 1)
    both = (apply(operator, config, expected_version=version) for _ in range(2))
    results = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == [
        "ApplyConfigResponse",
        "RefusedError",
    ]


async def test_what_was_applied_is_what_is_read(stand: Stand) -> None:
    """GetConfig answers the configuration, its version and its time; of passwords the place."""
    operator = await stand.client("")
    config = configuration(stand.trunk)
    config["trunks"][3]["livekit_trunk_id"] = ""
    config["trunks"][3]["inline"] = {
        "hostname": "sip.example.com",
        "username": "globex",
        "password_from": "env:GLOBEX_PASSWORD",
    }
    applied = await apply(operator, message(config), expected_version=1)
    read = await get_config(operator)
    assert (read.config, read.version) == (message(config), applied.version)
    assert read.HasField("apply_time")


async def test_secrets_are_in_their_directories(stand: Stand, tmp_path: Path) -> None:
    """A reference to another file is CONFIG_INVALID, with its path and the directories."""
    operator = await stand.client("")
    config = configuration(stand.trunk)
    crm = {"webhook_id": "crm", "url": "https://crm.example/", "secret_from": ""}
    config["tenants"][0]["webhooks"] = [crm]
    for wrong in ("/etc/passwd", f"{tmp_path}-2/secret", str(tmp_path), "/run/secrets/hook"):
        crm["secret_from"] = f"file:{wrong}"
        told = await refusal(apply(operator, message(config), expected_version=1, dry_run=True))
        assert (told.reason, told.fields) == (
            "CONFIG_INVALID",
            ("tenants[0].webhooks[0].secret_from",),
        )
        assert str(tmp_path) in told.message
        assert "GATEWAY_SECRET_DIRECTORIES" in told.message
    for wrong in ("file:/proc/self/environ", "env:GATEWAY_MASTER_KEY", "env:PATH"):
        crm["secret_from"] = wrong
        told = await refusal(apply(operator, message(config), expected_version=1))
        assert (told.reason, told.fields) == (
            "CONFIG_INVALID",
            ("tenants[0].webhooks[0].secret_from",),
        )
    crm["secret_from"] = f"file:{tmp_path}/secret"
    assert (await apply(operator, message(config), expected_version=1)).version == 2


async def test_a_start_with_the_same_file_undoes_no_change(stand: Stand, tmp_path: Path) -> None:
    """What ApplyConfig changed stays, as long as the file of GATEWAY_CONFIG stays as it was."""
    operator = await stand.client("")
    applied = await apply(operator, message(configuration(stand.trunk, default_country="DE")))
    file = tmp_path / "config.yaml"
    restarted = Gateway(stand.settings(GATEWAY_CONFIG=file))
    await restarted.start()
    assert (await get_config(operator)).version == applied.version
    await restarted.stop()
    file.write_text(f"# another text\n{file.read_text()}")
    restarted = Gateway(stand.settings(GATEWAY_CONFIG=file))
    await restarted.start()
    assert (await get_config(operator)).version == applied.version + 1
    await restarted.stop()


async def test_a_replay_tells_which_calls_would_have_gone_elsewhere(stand: Stand) -> None:
    """Each of the newest calls is ranked again: another trunk, or why it would be refused."""
    operator = await stand.client("")
    moved = await stand.acme.place(BUSY, wait_until_answered=True)
    kept = await stand.acme.place(BUSY, wait_until_answered=True, trunk_id="acme-mute")
    blocked = await stand.globex.place(BUSY, wait_until_answered=True)
    config = configuration(stand.trunk)
    config["trunks"][0]["enabled"] = False
    config["tenants"][1]["routes"] = [{"route_id": "none", "block": True}]
    response = await apply(operator, message(config), dry_run=True, replay_calls=100)
    assert response.replayed_calls == 3
    assert [
        (one.call_id, one.trunk_id, one.new_trunk_id, one.reason) for one in response.reroutes
    ] == [
        (blocked.call_id, "globex-main", "", "DESTINATION_NOT_ALLOWED"),
        (moved.call_id, "acme-main", "acme-mute", ""),
    ]
    assert kept.call_id not in str(response)
    newest = await apply(operator, message(config), dry_run=True, replay_calls=1)
    assert [one.call_id for one in newest.reroutes] == [blocked.call_id]
    refused = await refusal(apply(operator, message(config), dry_run=True, replay_calls=1001))
    assert refused.fields == ("replay_calls",)


ASKED: dict[str, Any] = {
    "ApplyConfig": admin_pb2.ApplyConfigRequest(config=admin_pb2.Config()),
    "GetConfig": admin_pb2.GetConfigRequest(),
    "ResetTrunk": admin_pb2.ResetTrunkRequest(trunk_id="acme-main"),
    "CreateApiKey": admin_pb2.CreateApiKeyRequest(),
    "RevokeApiKey": admin_pb2.RevokeApiKeyRequest(key="GWnone"),
    "ListApiKeys": admin_pb2.ListApiKeysRequest(),
    "ListTrunkHealth": admin_pb2.ListTrunkHealthRequest(),
}
OPERATORS_ALONE = ("ApplyConfig", "GetConfig", "ResetTrunk")


@pytest.mark.parametrize("method", ASKED)
async def test_who_may_not_ask_is_refused(stand: Stand, method: str) -> None:
    """A key that places calls administers nothing, nor does any token for one room."""
    clients = [stand.acme, await stand.client("acme", *BOTH, room="acme-1")]
    if method in OPERATORS_ALONE:
        clients.append(await stand.client("acme", *BOTH))
    for client in clients:
        refused = await refusal(client.call(method, ASKED[method]))
        assert (refused.code, refused.reason) == ("permission_denied", "PERMISSION_DENIED")
    assert (await get_config(await stand.client(""))).config.tenants


async def test_every_change_is_recorded_without_secrets(stand: Stand) -> None:
    """Who changed what stands in the audit log, once, and never a secret."""
    operator = await stand.client("")
    key = (await keys(operator))[-1].key
    made = await create_key(operator, tenant_id="acme")
    await operator.call("RevokeApiKey", admin_pb2.RevokeApiKeyRequest(key=made.key.key))
    changed = configuration(stand.trunk, default_country="DE")
    applied = await apply(operator, message(changed))
    await operator.call("ResetTrunk", ASKED["ResetTrunk"])
    (created,) = await records(stand, "CreateApiKey")
    assert (created["actor"], created["tenant_id"], created["code"]) == (key, "acme", "OK")
    assert created["request"] == {"key": made.key.key, "rights": ["CALL"]}
    (revoked,) = await records(stand, "RevokeApiKey")
    assert (revoked["actor"], revoked["request"]) == (
        key,
        {"key": made.key.key, "rights": ["CALL"]},
    )
    (put,) = await records(stand, "ApplyConfig")
    assert put["request"]["changes"] == [{"path": "tenants[acme].default_country", "after": '"DE"'}]
    assert put["request"]["version"] == applied.version
    (reset,) = await records(stand, "ResetTrunk")
    assert reset["request"] == {
        "trunk_id": "acme-main",
        "before": "HEALTHY",
        "after": "HEALTHY",
    }
    assert made.secret not in str(await everything(stand))


async def test_reads_and_refusals_are_recorded(stand: Stand) -> None:
    """Who read the configuration or was refused stands in the log; a proposal itself does not."""
    operator = await stand.client("")
    await get_config(operator)
    await refusal(apply(operator, message(configuration(stand.trunk)), expected_version=99))
    await apply(operator, message(configuration(stand.trunk)), dry_run=True)
    assert [each["kind"] for each in await records(stand, "GetConfig")] == ["DONE"]
    refused, dry = await settled(stand, "ApplyConfig", 2)
    assert (refused["kind"], refused["code"]) == ("REFUSED", "CONFIG_CONFLICT")
    assert refused["request"] == {"expected_version": 99, "replay_calls": 0}
    assert dry["request"] == {"dry_run": True, "replay_calls": 0}
    assert NUMBERS[0] not in str([refused, dry])
