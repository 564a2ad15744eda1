"""Which traces are recorded."""

from collections.abc import Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    DEFAULT_OFF,
    DEFAULT_ON,
    ParentBased,
    ParentBasedTraceIdRatio,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
)
from opentelemetry.trace import Link, SpanKind, TraceState
from opentelemetry.util.types import Attributes

from gateway.telemetry.settings import TracesSampler


def sampler_of(named: TracesSampler, ratio: float) -> Sampler:
    """The sampler of this name. `ratio`: between 0 and 1."""
    table: dict[TracesSampler, Sampler] = {
        TracesSampler.ALWAYS_ON: ALWAYS_ON,
        TracesSampler.ALWAYS_OFF: ALWAYS_OFF,
        TracesSampler.RATIO: TraceIdRatioBased(ratio),
        TracesSampler.PARENT_ALWAYS_ON: DEFAULT_ON,
        TracesSampler.PARENT_ALWAYS_OFF: DEFAULT_OFF,
        TracesSampler.PARENT_RATIO: ParentBasedTraceIdRatio(ratio),
    }
    sampler = table[named]
    return LinkBased(sampler) if isinstance(sampler, ParentBased) else sampler


class LinkBased(Sampler):
    """A trace that only has links to others is recorded if one of those is.

    So all that becomes of a request is recorded, or none of it.
    """

    def __init__(self, otherwise: Sampler) -> None:
        self._otherwise = otherwise

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """See Sampler."""
        sampler = self._otherwise
        if links and not parent_context:
            recorded = any(link.context.trace_flags.sampled for link in links)
            sampler = ALWAYS_ON if recorded else ALWAYS_OFF
        return sampler.should_sample(
            parent_context, trace_id, name, kind, attributes, links, trace_state
        )

    def get_description(self) -> str:
        """See Sampler."""
        return f"LinkBased{{{self._otherwise.get_description()}}}"
