"""A configuration points at secrets, and at nothing else; the gateway's own stay its own."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import aiohttp
import pytest

from gateway.telephony.v1 import admin_pb2
from tests.hostile.besieged import MASTER_KEY, Besieged
from tests.hostile.conftest import Begun
from tests.hostile.livekit import HostileLiveKit
from tests.stands.administering import message
from tests.stands.phones import BUSY
from tests.stands.stand import configuration, span
from tests.stands.wires import RefusedError

OTHER_KEY = "Jx3m-Qv8Rk1Zt6Wc9Yb2Nf5Hs7Ld0Pg4"


async def test_no_reference_reaches_what_is_not_meant(
    begun: Begun, livekit: HostileLiveKit, tmp_path: Path
) -> None:
    """Passwords come from the configured directories alone; nothing else ever leaves as one."""
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "link").symlink_to("/etc/hostname")
    (tmp_path / "secrets-beside").write_text("beside")
    gateway = await begun(GATEWAY_SECRET_DIRECTORIES=str(secrets), **livekit.environment)
    database = gateway.database_url.removeprefix("sqlite:///")
    places = (
        "/proc/self/environ",
        "/proc/self/root/etc/hostname",
        "/dev/fd/0",
        f"{database}.key",
        database,
        f"{secrets}/link",
        f"{secrets}/../secrets-beside",
        f"{tmp_path}/secrets-beside",
        "/etc/hostname",
    )
    for place in places:
        await _placed_with(gateway, f"file:{place}")
    assert [dial.trunk.auth_password for dial in livekit.dials if dial.trunk.auth_password] == []
    (secrets / "good").write_text("g00d")
    await _placed_with(gateway, f"file:{secrets}/good")
    assert [dial.trunk.auth_password for dial in livekit.dials if dial.trunk.auth_password] == [
        "g00d"
    ]


async def _placed_with(gateway: Besieged, place: str) -> None:
    """Configures a trunk with this password, and calls by it if that is allowed."""
    config = configuration("ST_x")
    inline = {"hostname": "evil.example.com", "username": "u", "password_from": place}
    trunk = config["trunks"][0]
    trunk.pop("livekit_trunk_id")
    trunk["inline"] = inline
    operator, client = gateway.client(gateway.operator), gateway.client(gateway.acme)
    request = admin_pb2.ApplyConfigRequest(config=message(config))
    try:
        await operator.call("ApplyConfig", request)
    except RefusedError:
        return
    call = await client.place(BUSY, trunk_id="acme-main", ringing_timeout=span(2))
    await client.ended(call.call_id)


async def test_a_weak_master_key_is_refused(begun: Begun) -> None:
    """A gateway does not start with a master key that can be guessed."""
    for weak in ("x", "password", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"):
        with pytest.raises(AssertionError):
            await begun(GATEWAY_MASTER_KEY=weak)


async def test_open_files_are_noticed(begun: Begun) -> None:
    """A database that others may read is told of at the start, or not served from."""
    gateway = await begun()
    database = gateway.database_url.removeprefix("sqlite:///")
    await gateway.process.stop()
    os.chmod(database, 0o666)  # noqa: PTH101, S103
    before = len(gateway.logged())
    try:
        await gateway.process.start()
    except AssertionError:
        return
    assert _names(gateway.logged()[before:], database)


async def test_an_open_key_file_is_noticed(begun: Begun, tmp_path: Path) -> None:
    """A key file that others may read is told of at the start, or not used."""
    environment = {"GATEWAY_MASTER_KEY": ""}
    gateway = Besieged(f"sqlite:///{tmp_path}/own.db", tmp_path, environment)
    (tmp_path / "own.db.key").write_text(MASTER_KEY)
    (tmp_path / "own.db.key").chmod(0o644)
    try:
        await gateway.process.start()
    except AssertionError:
        return
    finally:
        await gateway.stop()
    assert _names(gateway.logged(), "own.db.key")
    del begun


def _names(logged: str, path: str) -> bool:
    told = [each for each in logged.splitlines() if path in each]
    return any('"warning"' in each or '"error"' in each for each in told)


async def test_a_changed_master_key_is_noticed(begun: Begun) -> None:
    """With a master key that opens none of the stored keys, `/readyz` says so from the start."""
    gateway = await begun()
    await gateway.process.stop()
    changed = Besieged(gateway.database_url, gateway.log.parent, {"GATEWAY_MASTER_KEY": OTHER_KEY})
    try:
        await changed.process.start()
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{changed.http}/readyz") as answer,
        ):
            assert answer.status == 503
            assert "key" in (await answer.text())
    finally:
        await changed.stop()


async def test_nothing_sealed_can_be_guessed_from_the_database(begun: Begun) -> None:
    """The database holds no secret of a key in clear text, nor the master key."""
    gateway = await begun()
    database = gateway.database_url.removeprefix("sqlite:///")
    with sqlite3.connect(database) as file:
        dump = "\n".join(file.iterdump())
    file.close()
    for secret in (gateway.acme.secret, gateway.operator.secret, MASTER_KEY):
        assert secret not in dump
