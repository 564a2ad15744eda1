"""Opens what is sealed in records that were found, for whoever may read them."""

from collections.abc import Sequence

from gateway.audit.sealing.seal import NOT_SEALED, MonthSeal
from gateway.domain.replacing import replace
from gateway.ports import FoundRecord, Reading


def opened(
    reading: Reading, seal: MonthSeal, found: Sequence[FoundRecord]
) -> Sequence[FoundRecord]:
    """The same records, opened as far as that is possible now."""
    each = seal.opened([one.chained.text for one in found], reading.month_keys)
    return [
        one
        if as_read is NOT_SEALED
        else replace(one, opened=as_read.record, forgotten=as_read.forgotten)
        for one, as_read in zip(found, each, strict=True)
    ]
