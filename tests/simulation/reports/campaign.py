"""Runs, spread over processes."""

import gc
import multiprocessing
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Thread

from tests.simulation.judge.evidence import Violation
from tests.simulation.plan.making import make
from tests.simulation.reports.asked import Asked
from tests.simulation.reports.explaining import Explained, explain_seed
from tests.simulation.reports.playing import Played, play


@contextmanager
def processes(count: int) -> Iterator[ProcessPoolExecutor]:
    """Fresh ones; what is still to be done is dropped at the end."""
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, mp_context=spawn, initializer=_begin)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def played(pool: ProcessPoolExecutor, asked: Asked, template: Path) -> Iterator[Played]:
    """The run of each seed, in the order of the seeds, without its history."""
    seeds = map(str, range(asked.first, asked.first + asked.seeds))
    return pool.map(partial(_one, calls=asked.calls, template=template), seeds)


def explained(
    pool: ProcessPoolExecutor, asked: Asked, template: Path, failures: Mapping[Violation, str]
) -> Iterator[tuple[Explained, str]]:
    """Each of these violations, with the seed of its run."""
    tasks = [
        (
            pool.submit(explain_seed, seed, violation, asked.calls, asked.shrinking, template),
            seed,
        )
        for violation, seed in failures.items()
    ]
    for task, seed in tasks:
        yield task.result(), seed


def _begin() -> None:
    """What was imported is nothing that a collector need look at."""
    Thread(target=_end_with_parent, daemon=True).start()
    gc.collect()
    gc.freeze()


def _end_with_parent() -> None:
    """A process that nobody waits for any more would wait for work for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _one(seed: str, calls: int, template: Path) -> Played:
    try:
        done = play(make(seed, calls), template)
    except BaseException as error:
        error.add_note(f"in the run of seed {seed}")
        raise
    return replace(done, plan=replace(done.plan, doings=()), lines=(), names={})
