"""Which gateway delivers: the webhooks that nobody delivers to any more, however many."""

from datetime import timedelta

from gateway.domain.tenant import Config
from gateway.service.deliveries.dispatch import TAKEN_AT_ONCE
from tests.stands.waiting import until
from tests.webhooks.conftest import OpenCourier
from tests.webhooks.delivering import config

URL = "http://127.0.0.1/"


def names(count: int) -> list[str]:
    """In the order in which they are taken."""
    return [f"crm_{number:04}" for number in range(count)]


def of(names: list[str]) -> Config:
    """A configuration with these webhooks."""
    return config(*((name, URL) for name in names))


async def test_all_that_nobody_delivers_to_is_taken_over_at_once(courier: OpenCourier) -> None:
    """However many webhooks there are, a gateway has them all with its first look."""
    many = names(2 * TAKEN_AT_ONCE + 50)
    one = await courier(of(many)).start(look=timedelta(hours=1))
    await one.attends(*many)


async def test_a_gateway_that_is_not_alive_goes_on_looking(courier: OpenCourier) -> None:
    """One that others may take everything from does not take the same webhooks for ever."""
    one = await courier(of([])).start()
    await one.store.transact(lambda tx: tx.leave("gateway_1"))
    one.config = of(names(TAKEN_AT_ONCE + 50))
    await one.attends(*names(TAKEN_AT_ONCE))
    looks = len(one.ages)
    await until(lambda: len(one.ages) > looks + 2)
