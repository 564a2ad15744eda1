"""How many keys are kept."""

import pytest

from gateway.domain.admin import key_rules
from gateway.domain.tenant import Config, Right
from gateway.service.access.directory import Directory
from gateway.service.access.seal import Seal
from gateway.service.api.admin.service import AdminService
from gateway.settings import Settings
from gateway.store.store import SqlStore
from tests.stands.clocks import HandClock

OPERATOR = frozenset({Right.OPERATOR})


async def test_of_revoked_keys_the_newest_are_kept(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever makes and revokes keys for ever fills no list; keys that hold stay."""
    monkeypatch.setattr(key_rules, "MAX_GONE_KEYS", 2)
    directory = Directory(store, lambda _: Config())
    seal = Seal(["tests-own-master-key-0123456789abcdef"])
    admin = AdminService(store=store, clock=HandClock(), directory=directory, seal=seal)
    kept = await admin.create_key("", OPERATOR)
    made = [await admin.create_key("", OPERATOR) for _ in range(4)]
    for each in made:
        await admin.revoke_key(each.key.key)
    newest = await admin.create_key("", OPERATOR)
    listed = {key.key for key in await admin.list_keys()}
    gone = {key.key for key in await admin.list_keys() if key.revoke_time}
    assert gone < {each.key.key for each in made}
    assert len(gone) == 2
    assert {kept.key.key, newest.key.key} < listed


async def test_what_is_shown_of_a_key_is_no_secret(store: SqlStore) -> None:
    """Neither a key nor what was made tells a secret by accident; nor do the settings."""
    seal = Seal(["tests-own-master-key-0123456789abcdef"])
    directory = Directory(store, lambda _: Config())
    admin = AdminService(store=store, clock=HandClock(), directory=directory, seal=seal)
    made = await admin.create_key("", OPERATOR)
    assert made.secret not in repr(made)
    assert repr(made.key.sealed_secret) not in repr(made)
    told = {"GATEWAY_DATABASE_URL": "postgresql://me:hush@db/x", "GATEWAY_MASTER_KEY": "hush"}
    assert "hush" not in repr(Settings.model_validate(told))
