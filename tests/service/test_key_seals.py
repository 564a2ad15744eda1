"""Keys and the master keys that open them."""

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.audit.sealing.seal import MonthSeal, owner_of
from gateway.build import Gateway
from gateway.domain.tenant import Config, Right
from gateway.ports import ApiKey, AuditQuery, Transaction
from gateway.service.access.directory import Directory
from gateway.service.access.key_seals import DO_NOT_CALL, KeySeals
from gateway.service.access.seal import Seal
from gateway.service.api.admin.service import AdminService
from gateway.settings import Settings
from gateway.store.store import SqlStore
from tests.stands.clocks import RealClock

OLD = "an old master key for these tests"
NEW = "the new master key for these tests"
OPERATOR = frozenset({Right.OPERATOR})


def sealing(store: SqlStore, *masters: str) -> tuple[AdminService, KeySeals, Seal]:
    """Whoever has these master keys."""
    seal, clock = Seal(masters), RealClock()
    directory = Directory(store, lambda _: Config())
    admin = AdminService(store=store, clock=clock, directory=directory, seal=seal)
    return admin, KeySeals(store, clock, seal), seal


async def stored(store: SqlStore) -> list[ApiKey]:
    return list(await store.read(lambda tx: tx.keys()))


async def test_a_changed_master_key_is_noticed(store: SqlStore) -> None:
    """Where no key opens it is said; where one does, or there is none, nothing is wrong."""
    admin, seals, _ = sealing(store, OLD)
    _, other, _ = sealing(store, NEW)
    assert await seals.wrong() == await other.wrong() == ""
    await admin.create_key("", OPERATOR)
    assert await seals.wrong() == ""
    assert "no stored key opens" in await other.wrong()
    newer, _, _ = sealing(store, NEW)
    made = await newer.create_key("", OPERATOR)
    assert await other.wrong() == ""
    await newer.revoke_key(made.key.key)
    assert "no stored key opens" in await other.wrong()


async def test_keys_are_sealed_anew(store: SqlStore) -> None:
    """With the first master key; then the older one can be left out. It is recorded."""
    admin, _, _ = sealing(store, OLD)
    made = await admin.create_key("", OPERATOR)
    revoked = await admin.create_key("", OPERATOR)
    await admin.revoke_key(revoked.key.key)
    _, both, _ = sealing(store, NEW, OLD)
    done = await both.reseal()
    assert (done.changed, done.closed) == ((made.key.key,), ())
    _, _, seal = sealing(store, NEW)
    (key, still) = await stored(store)
    assert seal.open(key.sealed_secret, key.key) == made.secret
    assert still.sealed_secret == revoked.key.sealed_secret
    assert (await both.reseal()).changed == ()
    (record, _) = [
        one.record
        for one in await store.read(lambda tx: tx.audit(AuditQuery()))
        if one.record["method"] == "keys reseal"
    ]
    assert record["request"] == {"keys": 1, "not_opened": []}
    assert made.secret not in json.dumps(record)


async def test_the_key_of_hashed_numbers_is_sealed_anew(store: SqlStore) -> None:
    """It hashes as before; where no master key opens it, it is named and stays as it is."""
    _, _, old = sealing(store, OLD)
    sealed = old.close("00" * 32, DO_NOT_CALL)
    await store.transact(lambda tx: tx.put_do_not_call_key(sealed))
    _, without, new = sealing(store, NEW)
    assert (await without.reseal()).closed == (DO_NOT_CALL,)
    _, both, _ = sealing(store, NEW, OLD)
    assert (await both.reseal()).changed == (DO_NOT_CALL,)
    again = (await store.read(lambda tx: tx.do_not_call_state())).sealed_key
    assert again is not None
    assert new.open(again, DO_NOT_CALL) == "00" * 32
    assert (await both.reseal()).changed == ()


async def test_what_does_not_open_is_named(store: SqlStore) -> None:
    """A key of a master key that is gone stays as it is, and the others are sealed anew."""
    admin, _, _ = sealing(store, OLD)
    lost = await admin.create_key("", OPERATOR)
    _, seals, _ = sealing(store, NEW)
    done = await seals.reseal()
    assert (done.changed, done.closed) == ((), (lost.key.key,))
    assert (await stored(store))[0].sealed_secret == lost.key.sealed_secret


async def readiness(settings: Settings) -> tuple[int, dict[str, Any]]:
    gateway = Gateway(settings)
    await gateway.start()
    try:
        url = f"http://127.0.0.1:{gateway.http_port}/readyz"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return response.status, await response.json()
    finally:
        await gateway.stop()


def told(tmp_path: Path, master_key: str) -> Settings:
    return Settings.model_validate(
        {
            "GATEWAY_DATABASE_URL": f"sqlite:///{tmp_path}/gateway.db",
            "GATEWAY_MASTER_KEY": master_key,
            "GATEWAY_GRPC_ADDRESS": "127.0.0.1:0",
            "GATEWAY_HTTP_ADDRESS": "127.0.0.1:0",
            "GATEWAY_PLATFORM": "sandbox",
        }
    )


async def test_a_gateway_with_another_master_key_is_not_ready(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It starts, says so in its log, and `/readyz` names `keys`."""
    gateway = Gateway(told(tmp_path, OLD))
    await gateway.administration.admin.create_key("", OPERATOR)
    await gateway.stop()
    assert (await readiness(told(tmp_path, OLD)))[0] == 200
    assert "keys_not_opened" not in capsys.readouterr().out
    status, shown = await readiness(told(tmp_path, NEW))
    assert (status, shown["keys"]) == (503, "no stored key opens with the present master key")
    assert "keys_not_opened" in capsys.readouterr().out
    assert (await readiness(told(tmp_path, f"{NEW},{OLD}")))[0] == 200


async def test_the_keys_of_sealed_audit_values_are_sealed_anew(store: SqlStore) -> None:
    """They open with the new master key alone; a destroyed one stays destroyed."""
    _, _, old = sealing(store, OLD)
    made = [MonthSeal(old).new_key("acme", month) for month in ("2026-10", "2026-11")]

    def put(tx: Transaction) -> None:
        for key in made:
            tx.put_month_key(key)
        tx.destroy_month_keys([("acme", "2026-10")])

    await store.transact(put)
    _, both, _ = sealing(store, NEW, OLD)
    assert (await both.reseal()).changed == (owner_of("acme", "2026-11"),)
    _, _, new = sealing(store, NEW)
    gone, kept = await store.read(lambda tx: tx.every_month_key())
    assert gone.is_destroyed
    assert new.open(kept.wrapped, owner_of("acme", "2026-11")) == old.open(
        made[1].wrapped, owner_of("acme", "2026-11")
    )
    assert (await both.reseal()).changed == ()
