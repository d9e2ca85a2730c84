"""One stage: there already, or computed and published."""

from __future__ import annotations

import json
import shutil
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path

from harness import plugin, provenance
from harness.data import DataFolder
from harness.errors import HarnessError
from harness.records import Failure, Manifest, Outcome, Stage, Success
from harness.stages import Job
from harness.store import Store

# Fixed by the kind of stage, never by the machine: sums in another order give other bits. Two processes beat two
# threads, but every other stage waits for a pretraining, and a second core would be idle meanwhile.
N_THREADS = {"pretrain": 2}


def execute(stage: Stage, store: Store, data: DataFolder, *, checkpoint_seconds: float = 30.0) -> Outcome:
    """Returns Success once the stage is in the store, or Failure with what it raised.

    Its checkpoint stays in the work folder after a kill or a failure; the same call goes on from there.
    """
    began = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        with store.lock(stage):
            if store.has(stage):
                return Success(stage.key, computed=False, seconds=0.0)
            return _compute(stage, store, data, checkpoint_seconds, began)
    except Exception as error:  # noqa: BLE001 - the one place: any failure of a stage becomes a record
        return _failure(stage, store, error, began)


def _compute(stage: Stage, store: Store, data: DataFolder, checkpoint_seconds: float, began: str) -> Success:
    import torch

    torch.set_num_threads(N_THREADS.get(stage.kind, 1))
    work = store.work(stage)
    out = work / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    clock = time.monotonic()
    inputs = tuple(store.find(key) for key in stage.inputs)
    job = Job(stage, inputs, data, work, out, checkpoint_seconds)
    doubts = tuple(plugin.load("harness.stages", stage.kind).run(job))
    seconds = time.monotonic() - clock
    processor = provenance.processor()
    manifest = Manifest(
        key=stage.key,
        stage=stage,
        outputs={},
        code=provenance.code(),
        environment={**provenance.environment(), **processor},
        device=processor["device"],
        started=began,
        seconds=round(seconds, 3),
        doubts=doubts,
    )
    store.publish(manifest, out)
    shutil.rmtree(work, ignore_errors=True)
    return Success(stage.key, computed=True, seconds=seconds, doubts=doubts)


def _failure(stage: Stage, store: Store, error: Exception, started: str) -> Failure:
    text = traceback.format_exc()
    message = str(error) if isinstance(error, HarnessError) else f"{type(error).__name__}: {error}"
    try:
        log = str(store.fail(stage, {"started": started, "error": message, "traceback": text.splitlines()}))
    except OSError as full:
        log = f"not written: {full}"
    return Failure(stage, message, text, log)


def execute_text(text: str, store: Path, data: Path, checkpoint_seconds: float) -> str:
    """Does `execute` for a stage given as canonical JSON and returns the outcome as JSON: the wire format of engines."""
    stage = Stage.from_json(json.loads(text))
    outcome = execute(stage, Store(store), DataFolder(data), checkpoint_seconds=checkpoint_seconds)
    if isinstance(outcome, Success):
        return json.dumps({"success": {**outcome.__dict__, "doubts": list(outcome.doubts)}})
    return json.dumps({"failure": {"message": outcome.message, "traceback": outcome.traceback, "log": outcome.log}})
