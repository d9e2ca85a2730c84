"""One stage: there already, or computed and published."""

from __future__ import annotations

import json
import shutil
import traceback
from datetime import UTC, datetime
from pathlib import Path

from harness import provenance
from harness.compute import Compute, compute, message
from harness.data import DataFolder
from harness.records import Failure, Manifest, Outcome, Stage, Success
from harness.stages import Job
from harness.store import Store


def execute(
    stage: Stage, store: Store, data: DataFolder, *, checkpoint_seconds: float = 30.0, how: Compute = compute
) -> Outcome:
    """Returns Success once the stage is in the store, or Failure with what it raised.

    Its checkpoint stays in the work folder after a kill or a failure; the same call goes on from there. `how` computes it:
    in this process, unless an engine has another way.
    """
    began = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        with store.lock(stage):
            if store.has(stage):
                return Success(stage.key, computed=False, seconds=0.0)
            work = store.work(stage)
            inputs = tuple(store.find(key) for key in stage.inputs)
            job = Job(stage, inputs, data, work, work / "out", checkpoint_seconds)
            done = how(job)
            manifest = Manifest(
                key=stage.key,
                stage=stage,
                outputs={},
                code=provenance.code(),
                environment=done.environment,
                device=done.device,
                started=began,
                seconds=round(done.seconds, 3),
                image=done.image,
                doubts=done.doubts,
            )
            store.publish(manifest, job.out)
            shutil.rmtree(work, ignore_errors=True)
            return Success(stage.key, computed=True, seconds=done.seconds, doubts=done.doubts)
    except Exception as error:  # noqa: BLE001 - the one place: any failure of a stage becomes a record
        return _failure(stage, store, error, began)


def _failure(stage: Stage, store: Store, error: Exception, started: str) -> Failure:
    text = traceback.format_exc()
    try:
        log = str(store.fail(stage, {"started": started, "error": message(error), "traceback": text.splitlines()}))
    except OSError as full:
        log = f"not written: {full}"
    return Failure(stage, message(error), text, log)


def execute_text(text: str, store: Path, data: Path, checkpoint_seconds: float, how: Compute = compute) -> str:
    """Does `execute` for a stage given as canonical JSON and returns the outcome as JSON: the wire format of engines."""
    stage = Stage.from_json(json.loads(text))
    outcome = execute(stage, Store(store), DataFolder(data), checkpoint_seconds=checkpoint_seconds, how=how)
    if isinstance(outcome, Success):
        return json.dumps({"success": {**outcome.__dict__, "doubts": list(outcome.doubts)}})
    return json.dumps({"failure": {"message": outcome.message, "traceback": outcome.traceback, "log": outcome.log}})
