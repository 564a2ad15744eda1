"""What a planted bug is."""

from dataclasses import dataclass

from tests.simulation.plan.doings import Doing


@dataclass(frozen=True, slots=True)
class Change:
    """A replacement in one file of the gateway. `old` must occur in it exactly once."""

    file: str
    """As `service/following/dial.py`."""
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """A mistake as somebody might make it."""

    name: str
    breaks: str
    """In a sentence: what goes wrong."""
    changes: tuple[Change, ...]
    """Mostly one; more where several places guard the same promise."""
    rules: tuple[str, ...]
    """The rules of the judge that may find it, as `phones.rings_once`."""
    seed: int
    """The first seed whose run shows it."""
    doings: tuple[Doing, ...] = ()
    """A plan made for it, with two gateways, where those of the seeds come there too rarely."""
