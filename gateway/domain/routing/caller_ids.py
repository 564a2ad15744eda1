"""Which numbers a tenant may show on a trunk, and which of them suit a callee."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from gateway.domain.numbers.callee import country_of
from gateway.domain.tenant import Trunk, TrunkNumber

EVERY_TENANT = ""

ASKED_FOR = "asked for"
SAME_COUNTRY = "of the callee's country"
IN_TURN = "next in turn"


class _Numbers:
    """Some numbers of a trunk, indexed for speed."""

    __slots__ = ("by_country", "every", "known")

    def __init__(self, shown: Iterable[TrunkNumber]) -> None:
        by_country: dict[str, list[str]] = defaultdict(list)
        every: list[str] = []
        for one in shown:
            every.append(one.number)
            by_country[one.country or country_of(one.number)].append(one.number)
        self.every = tuple(every)
        self.known = frozenset(every)
        self.by_country: Mapping[str, tuple[str, ...]] = {
            country: tuple(numbers) for country, numbers in by_country.items()
        }


_NONE = _Numbers(())


class CallerIds:
    """The numbers of one trunk by the tenant that may show them.

    A tenant's own numbers come before those of every tenant, each as configured.
    """

    __slots__ = ("_by_tenant",)

    def __init__(self, trunk: Trunk) -> None:
        by_tenant: dict[str, list[TrunkNumber]] = defaultdict(list)
        for one in trunk.numbers:
            by_tenant[one.tenant_id].append(one)
        self._by_tenant = {tenant: _Numbers(shown) for tenant, shown in by_tenant.items()}

    def may_show(self, tenant_id: str, number: str) -> bool:
        """Whether the tenant may show this very number."""
        own, common = self._of(tenant_id)
        return number in own.known or number in common.known

    def any_for(self, tenant_id: str) -> bool:
        """Whether there is a number at all that the tenant may show."""
        own, common = self._of(tenant_id)
        return bool(own.every or common.every)

    def fitting(self, tenant_id: str, asked: str, country: str) -> tuple[tuple[str, ...], str]:
        """The numbers to show in turn, and why these.

        The requested one, which the tenant must be allowed to show; else those of the callee's
        `country`; else all.
        """
        if asked:
            return (asked,), ASKED_FOR
        own, common = self._of(tenant_id)
        same = _both(own.by_country.get(country, ()), common.by_country.get(country, ()))
        if same:
            return same, SAME_COUNTRY
        return _both(own.every, common.every), IN_TURN

    def countries(self, tenant_id: str) -> frozenset[str]:
        """The countries of the numbers that the tenant may show."""
        own, common = self._of(tenant_id)
        return frozenset((*own.by_country, *common.by_country))

    def _of(self, tenant_id: str) -> tuple[_Numbers, _Numbers]:
        by_tenant = self._by_tenant
        return by_tenant.get(tenant_id, _NONE), by_tenant.get(EVERY_TENANT, _NONE)


def _both(own: tuple[str, ...], common: tuple[str, ...]) -> tuple[str, ...]:
    # Trunks may have very many numbers: if one side is empty, nothing is copied.
    if own and common:
        return own + common
    return own or common
