"""A store whose records are in the tree and signed, as a gateway would have it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.audit.tree.notes import new_signer
from gateway.domain.audit_event import AuditEvent
from gateway.ports import Clock, Transaction
from gateway.ports.checkpoints import CheckpointMemory
from gateway.service.sequencing.checkpoints import CheckpointGauges, Checkpoints, Keys
from gateway.service.sequencing.cosigning import Cosigning
from gateway.service.sequencing.sequencer import Sequencer, TreeGauges
from gateway.store.store import SqlStore
from tests.stands.values import a_record

SIGNER = new_signer("example.com/audit", bytes(range(32)))
OTHER = new_signer("example.com/audit", bytes(32))
"""A key of the same name."""
KEYS = Keys(SIGNER, [SIGNER.verifier])


@dataclass
class Memory:
    """`CheckpointMemory` that a test can look into."""

    held: str = ""
    kept: list[str] = field(default_factory=list)

    async def recall(self) -> str:
        return self.held

    async def keep(self, note: str) -> None:
        self.held = note
        self.kept.append(note)


@dataclass
class Gauged:
    """What was told last."""

    records: float = 0
    waiting: float = 0
    broken: float = 0
    signed: float = 0
    time: float = 0
    refused: float = 0

    def _set(self, name: str) -> "_Set":
        return _Set(self, name)

    @property
    def tree(self) -> TreeGauges:
        return TreeGauges(self._set("records"), self._set("waiting"), self._set("broken"))

    @property
    def checkpoints(self) -> CheckpointGauges:
        return CheckpointGauges(self._set("signed"), self._set("time"), self._set("refused"))


@dataclass(frozen=True)
class _Set:
    gauged: Gauged
    name: str

    def __call__(self, value: float) -> None:
        setattr(self.gauged, self.name, value)


def sequencer_of(
    store: SqlStore, clock: Clock, gateway_id: str = "one", gauged: Gauged | None = None
) -> Sequencer:
    """The sequencer of a gateway."""
    return Sequencer(store, clock, gateway_id, (gauged or Gauged()).tree)


def checkpoints_of(
    store: SqlStore,
    clock: Clock,
    gateway_id: str = "one",
    *,
    keys: Keys = KEYS,
    memory: CheckpointMemory | None = None,
    gauged: Gauged | None = None,
    cosigning: Cosigning | None = None,
) -> Checkpoints:
    """What signs for a gateway."""
    return Checkpoints(
        store,
        clock,
        gateway_id,
        keys,
        memory or Memory(),
        cosigning or Cosigning(store),
        (gauged or Gauged()).checkpoints,
    )


async def write(store: SqlStore, count: int, events: Sequence[AuditEvent] = ()) -> None:
    """Stores so many more records, or these."""

    def append(tx: Transaction) -> None:
        for event in events or [a_record(rpc_id=f"rpc-{n}") for n in range(count)]:
            tx.append_audit(event)

    await store.transact(append)
