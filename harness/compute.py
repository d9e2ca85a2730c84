"""One stage, computed in this process: inputs → a folder of outputs. Knows no store, so that it runs in a container too.

`python -m harness.compute about` prints which code this is; `python -m harness.compute FOLDER` computes what
FOLDER/request.json asks for and writes FOLDER/result.json.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness import plugin, provenance
from harness.data import DataFolder
from harness.errors import HarnessError
from harness.records import JSON, Stage
from harness.stages import Job

REQUEST, RESULT = "request.json", "result.json"
# Fixed by the kind of stage, never by the machine: sums in another order give other bits. Two processes beat two
# threads, but every other stage waits for a pretraining, and a second core would be idle meanwhile.
N_THREADS = {"pretrain": 2}


@dataclass(frozen=True)
class Computed:
    """What is to be told of a stage that was computed. `image` is the container image that it was computed in, if any."""

    seconds: float
    doubts: tuple[str, ...]
    environment: JSON
    device: str
    image: JSON | None = None


Compute = Callable[[Job], Computed]


def compute(job: Job) -> Computed:
    """Fills `job.out`, which is made empty first, and returns what is to be told of it."""
    import torch

    torch.set_num_threads(n_threads(job.stage))
    shutil.rmtree(job.out, ignore_errors=True)
    job.out.mkdir()
    clock = time.monotonic()
    doubts = tuple(plugin.load("harness.stages", job.stage.kind).run(job))
    seconds = time.monotonic() - clock
    processor = provenance.processor()
    return Computed(seconds, doubts, {**provenance.environment(), **processor}, processor["device"])


def n_threads(stage: Stage) -> int:
    """Returns how many threads a stage computes with."""
    return N_THREADS.get(stage.kind, 1)


def ask(job: Job, inputs: tuple[Path, ...], data: Path, work: Path) -> JSON:
    """Returns the request for a job whose folders stand at other places where it is computed."""
    places = {"inputs": [str(path) for path in inputs], "data": str(data), "work": str(work)}
    return {"stage": job.stage.to_json(), **places, "checkpoint_seconds": job.checkpoint_seconds}


def answer(folder: Path) -> None:
    """Computes what a folder's request asks for. Its result says what was computed, or what was raised."""
    asked = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
    work = Path(asked["work"])
    inputs = tuple(Path(path) for path in asked["inputs"])
    stage, data = Stage.from_json(asked["stage"]), DataFolder(Path(asked["data"]))
    try:
        done = compute(Job(stage, inputs, data, work, work / "out", asked["checkpoint_seconds"]))
        result: JSON = {"computed": {**done.__dict__, "doubts": list(done.doubts)}}
    except Exception as error:  # noqa: BLE001 - any failure of a stage becomes a record
        result = {"failed": {"message": message(error), "traceback": traceback.format_exc()}}
    (folder / RESULT).write_text(json.dumps(result), encoding="utf-8")


def message(error: Exception) -> str:
    """Returns what an error says to people."""
    return str(error) if isinstance(error, HarnessError) else f"{type(error).__name__}: {error}"


def main(arguments: list[str]) -> None:
    """Does what the docstring of this module says."""
    provenance.quiet_libraries()
    if arguments == ["about"]:
        sys.stdout.write(json.dumps({"source": provenance.source()}) + "\n")
    else:
        answer(Path(arguments[0]))


if __name__ == "__main__":
    main(sys.argv[1:])
