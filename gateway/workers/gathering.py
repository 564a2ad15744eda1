"""The metrics of all workers, as any one of them shows them."""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

LIVE = "gauge_livesum_"
"""How the file of a process begins that is there as long as the process runs."""


def gathered(folder: Path) -> CollectorRegistry:
    """What all processes with metrics in this folder have counted, also those that have ended.

    Processor time, memory and files are those of each process that runs, by its `pid`.
    """
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]
    registry.register(_Processes(folder))
    return registry


class _Processes(Collector):
    """What prometheus_client tells of its own process, of each that runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        together: dict[str, Metric] = {}
        for pid in self._running():
            for metric in ProcessCollector(pid=partial(str, pid), registry=None).collect():
                known = together.setdefault(
                    metric.name, Metric(metric.name, metric.documentation, metric.type)
                )
                for sample in metric.samples:
                    known.add_sample(sample.name, {**sample.labels, "pid": pid}, sample.value)
        return together.values()

    def _running(self) -> Iterator[str]:
        for file in sorted(self._folder.glob(f"{LIVE}*.db")):
            yield file.stem.removeprefix(LIVE)
