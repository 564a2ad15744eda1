"""Whether a number is on a do-not-call list, as calls and transfers ask it."""

import pytest

from gateway.errors import GatewayError, Reason
from gateway.ports.do_not_call import EVERY_TENANT, ListedNumber
from gateway.service.access.key_seals import DO_NOT_CALL
from gateway.service.access.seal import Seal
from gateway.service.api.admin.do_not_call import numbers_judged
from gateway.store.store import SqlStore
from tests.stands.clocks import NOON
from tests.stands.phones import ANSWERS, BUSY

OURS = Seal(["the master key of these tests is long"])
FOREIGN = Seal(["another master key, just as long as it"])


async def test_no_number_passes_if_the_key_does_not_open(store: SqlStore) -> None:
    """It may be among the hashed ones; while nothing is listed, there is nothing to miss."""
    await store.transact(lambda tx: tx.put_do_not_call_key(OURS.new_key(DO_NOT_CALL)))
    judging = numbers_judged(FOREIGN)
    await store.read(lambda tx: judging.check(tx, "acme", BUSY))
    await store.transact(lambda tx: tx.put_listed([ListedNumber(EVERY_TENANT, ANSWERS, NOON)]))
    with pytest.raises(ValueError, match="another master key"):
        await store.read(lambda tx: judging.check(tx, "acme", BUSY))


async def test_two_tenants_hash_a_number_differently(store: SqlStore) -> None:
    """What one has hashed does not show what another has, and does not refuse its calls."""
    sealed = OURS.new_key(DO_NOT_CALL)
    judging = numbers_judged(OURS)
    acme, globex = (judging.hashed(sealed, tenant, BUSY) for tenant in ("acme", "globex"))
    assert acme != globex
    await store.transact(lambda tx: tx.put_do_not_call_key(sealed))
    await store.transact(lambda tx: tx.put_listed([ListedNumber("acme", acme, NOON)]))
    await store.read(lambda tx: judging.check(tx, "globex", BUSY))
    with pytest.raises(GatewayError) as refused:
        await store.read(lambda tx: judging.check(tx, "acme", BUSY))
    assert refused.value.reason is Reason.DO_NOT_CALL
    assert refused.value.metadata == {"to": BUSY, "list": "tenant"}
