"""What is old is deleted a part at a time, and whoever asks hears whether there is more."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from gateway.domain.limits.calls import LONGEST_WINDOW, day_of
from gateway.domain.routing.trunk_health import AttemptRecord, Result
from gateway.ports import Reading, RequestClaim, Transaction
from gateway.store.databases import pruning
from gateway.store.store import SqlStore
from tests.stands.clocks import NOON

DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
EVER = NOON - 90 * DAY
LONG_AGO = day_of(NOON) - 60


def a_claim(request_id: str, expire_time: timedelta = timedelta(0)) -> RequestClaim:
    return RequestClaim("acme", "PlaceCall", request_id, "f", "call_1", NOON + expire_time)


def put_attempt(tx: Transaction, number: int) -> None:
    tx.put_attempt(
        AttemptRecord(
            call_id=f"call_{number}",
            number=1,
            tenant_id="acme",
            trunk_id="berlin",
            destination="+49",
            result=Result.OK,
            start_time=NOON - 2 * DAY,
            end_time=NOON - 2 * DAY,
        ),
        NOON - 2 * DAY,
    )


@dataclass(frozen=True)
class Kind:
    """Something that grows old: how a piece is made, how many are left, and who forgets them."""

    name: str
    put: Callable[[Transaction, int], None]
    left: Callable[[Reading], int]
    prune: Callable[[Transaction], bool]


KINDS = (
    Kind(
        "attempts",
        put_attempt,
        lambda reading: sum(part.calls for part in reading.traffic(["berlin"], EVER)),
        lambda tx: tx.prune_limits(NOON),
    ),
    Kind(
        "starts",
        lambda tx, number: tx.put_start("s", NOON - DAY + number * MICROSECOND),
        lambda reading: reading.starts("s", EVER, 9).used,
        lambda tx: tx.prune_limits(NOON),
    ),
    Kind(
        "starts ahead",
        lambda tx, number: tx.put_start("s", NOON + DAY + number * MICROSECOND),
        lambda reading: reading.starts("s", EVER, 9).used,
        lambda tx: tx.prune_limits(NOON + LONGEST_WINDOW),
    ),
    Kind(
        "tallies",
        lambda tx, number: tx.count("s", LONG_AGO + number),
        lambda reading: sum(reading.tally("s", LONG_AGO + number) for number in range(9)),
        lambda tx: tx.prune_limits(NOON),
    ),
    Kind(
        "claims",
        lambda tx, number: tx.put_claim(a_claim(f"r-{number}")),
        lambda reading: sum(
            bool(reading.claim("acme", "PlaceCall", f"r-{number}", EVER)) for number in range(9)
        ),
        lambda tx: tx.prune_claims(NOON),
    ),
)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
async def test_much_is_forgotten_a_part_at_a_time(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    """Each transaction deletes a part, and says whether another one has something to do."""
    monkeypatch.setattr(pruning, "PART", 2)

    def put_all(tx: Transaction) -> None:
        for number in range(5):
            kind.put(tx, number)

    await store.transact(put_all)
    seen = []
    for _ in range(4):
        more = await store.transact(kind.prune)
        seen.append((await store.read(kind.left), more))
    assert seen == [(3, True), (1, True), (0, False), (0, False)]


async def test_only_claims_that_have_expired_are_forgotten(store: SqlStore) -> None:
    """A repeat of a request finds its claim until the last moment, and also one just made."""
    claims = [a_claim("r-1", -MICROSECOND), a_claim("r-2"), a_claim("r-3", MICROSECOND)]

    def put_and_prune(tx: Transaction) -> None:
        for claim in claims:
            tx.put_claim(claim)
        tx.prune_claims(NOON)

    await store.transact(put_and_prune)
    found = await store.read(
        lambda r: [r.claim("acme", "PlaceCall", f"r-{n}", EVER) for n in (1, 2, 3)]
    )
    assert found == [None, None, claims[2]]
