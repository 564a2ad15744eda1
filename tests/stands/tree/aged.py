"""A log of which a part is old enough to be removed."""

from datetime import timedelta

from gateway.audit.tree.notes import KeySigner
from gateway.service.ledger.retention import Retention
from gateway.service.sequencing.sequencer import PATIENCE_SECONDS
from gateway.store.store import SqlStore
from tests.stands.clocks import HandClock, RealClock
from tests.stands.tree.signed import SIGNER, checkpoints_of, sequencer_of, write
from tests.stands.values import a_record

DAY = timedelta(days=1)
KEPT = 10 * DAY
NUMBER = "+15005550177"
"""In each record."""
LOG_SIGNER: KeySigner = SIGNER


async def write_aged(store: SqlStore, count: int, age: timedelta) -> None:
    """So many records of that age."""
    time = await store.read(lambda reading: reading.now()) - age
    await write(
        store,
        0,
        [
            a_record(
                time=time, rpc_id=f"rpc-{n}", call_id=f"call_{age.days}", request={"to": NUMBER}
            )
            for n in range(count)
        ],
    )


async def sign(store: SqlStore) -> str:
    """Takes up and signs all there is; the checkpoint."""
    clock = HandClock()
    sequencer = sequencer_of(store, clock)
    for _ in range(3):
        await sequencer.take_up()
        clock.go_on(PATIENCE_SECONDS + 1)
    checkpoints = checkpoints_of(store, clock)
    await checkpoints.look()
    clock.go_on(60)
    await checkpoints.look()
    return checkpoints.newest


def retention_of(store: SqlStore) -> Retention:
    """It believes the store's clock at once."""
    return Retention(
        store=store,
        clock=RealClock(),
        keeps=KEPT,
        keeps_audit=KEPT,
        believed_after=timedelta(0),
    )


async def grow_old(store: SqlStore) -> None:
    """Removes what is older than is kept."""
    await retention_of(store).forget()
