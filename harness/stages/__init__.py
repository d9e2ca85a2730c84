"""The phases, one file each. A stage reads its inputs and pinned data, writes into one folder, and knows nothing else.

Each module has `VERSION` and `run(job)`, which fills `job.out` and returns scientific doubts, one sentence each.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.data import DataFolder
from harness.records import JSON, Stage


@dataclass(frozen=True)
class Job:
    """One stage to compute: the folders of its parents, the pinned data, a work folder that survives a kill, and `out`."""

    stage: Stage
    inputs: tuple[Path, ...]
    data: DataFolder
    work: Path
    out: Path
    checkpoint_seconds: float

    @property
    def params(self) -> JSON:
        """The stage's params."""
        return self.stage.params
