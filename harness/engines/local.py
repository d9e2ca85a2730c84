"""Processes on this machine: each computes one stage at a time."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from harness import provenance
from harness.canon import Address, dumps
from harness.compute import compute
from harness.engines import Function, Options, outcome
from harness.records import KINDS, Failure, Outcome, Stage, Success

TICK_SECONDS = 0.5


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    stage: Stage | None = None
    last_inputs: tuple[Address, ...] = ()


class LocalEngine:
    """`jobs` worker processes, started with spawn. A worker that dies fails its own stage only."""

    compute = staticmethod(compute)

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self._context = multiprocessing.get_context("spawn")

    def map(
        self,
        function: Function,
        stages: Sequence[Stage],
        watch: Callable[[Sequence[Stage]], None] | None = None,
    ) -> Iterator[Outcome]:
        """Yields outcomes as they come; earlier phases first, then in the order given.

        A worker takes a stage with the same first parent as its last one first: it may still hold what it read of it.
        """
        open_keys = {stage.key for stage in stages}
        waiting = sorted(stages, key=lambda s: KINDS.index(s.kind))
        workers = [self._start(function) for _ in range(min(self.jobs, len(stages)))]
        try:
            while True:
                for worker in workers:
                    if worker.stage is None:
                        ready = [s for s in waiting if not open_keys.intersection(s.inputs)]
                        if not ready:
                            break
                        kin = (s for s in ready if s.kind == ready[0].kind and s.inputs[:1] == worker.last_inputs[:1])
                        chosen = next(kin, ready[0])
                        waiting.remove(chosen)
                        worker.stage, worker.last_inputs = chosen, chosen.inputs
                        with suppress(OSError):  # a worker that has died is found out below
                            worker.pipe.send(dumps(chosen.to_json()))
                running = [w.stage for w in workers if w.stage]
                if not running:
                    return
                if watch:
                    watch(running)
                for i, result in self._results(workers):
                    stage = workers[i].stage
                    assert stage is not None
                    workers[i].stage = None
                    if isinstance(result, Success):
                        open_keys.discard(stage.key)
                    elif not workers[i].process.is_alive():
                        workers[i] = self._start(function)
                    yield result
        finally:
            for worker in workers:
                worker.pipe.close()
                if worker.stage:
                    worker.process.terminate()
            for worker in workers:
                worker.process.join()

    def _start(self, function: Function) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_work, args=(function, theirs), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def _results(self, workers: Sequence[_Worker]) -> Iterator[tuple[int, Outcome]]:
        busy: dict[Any, int] = {w.pipe: i for i, w in enumerate(workers) if w.stage}
        for pipe in wait(list(busy), timeout=TICK_SECONDS):
            worker = workers[busy[pipe]]
            assert worker.stage is not None
            try:
                yield busy[pipe], outcome(worker.stage, worker.pipe.recv())
            except (EOFError, OSError):
                # Reset, not ended, if it died before it read its stage.
                worker.process.join()
                yield busy[pipe], Failure(worker.stage, _death(worker.process.exitcode), "", "")


def make(jobs: int, options: Options) -> LocalEngine:
    """Returns the engine for `jobs` stages at once."""
    return LocalEngine(jobs)


def _death(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name
        hint = ": out of memory? try fewer `--jobs`" if name == "SIGKILL" else ""
        return f"its process was ended by {name}{hint}; the same command goes on from the last checkpoint"
    return f"its process ended with exit status {code}; the same command goes on from the last checkpoint"


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _work(function: Function, pipe: Connection) -> None:
    """What a worker process does: deaf to Ctrl-C (the parent decides), gone when the parent is gone."""
    provenance.quiet_libraries()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    while True:
        try:
            text = pipe.recv()
        except EOFError:
            return
        pipe.send(function(text))
