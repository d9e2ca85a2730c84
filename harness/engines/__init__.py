"""Where stages run. An engine receives stages and returns outcomes, and knows nothing of machine learning."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harness.compute import Compute
from harness.records import Failure, Outcome, Stage, Success

# Stage as JSON text → outcome as JSON text.
Function = Callable[[str], str]


@dataclass(frozen=True)
class Options:
    """What an engine is told by whoever runs it. An `image` of "" is the engine's own choice; a limit of 0 is none."""

    store: Path
    image: str = ""
    memory_bytes: int = 0
    gpus: str = "none"
    timeout_seconds: float = 0.0
    verbose: bool = False


class Engine(Protocol):
    """A *where*. `map` runs stages, parents before children, and yields outcomes as they come.

    A module of an engine has `make(jobs, options)`. `compute` is how the function it is given has to compute a stage.
    """

    compute: Compute

    def map(
        self,
        function: Function,
        stages: Sequence[Stage],
        watch: Callable[[Sequence[Stage]], None] | None = None,
    ) -> Iterator[Outcome]:
        """Yields one outcome a stage; a stage whose parent failed is left out. `watch` gets the running ones."""
        ...


def outcome(stage: Stage, text: str) -> Outcome:
    """Returns the outcome that a function wrote as JSON text."""
    data = json.loads(text)
    if "success" in data:
        return Success(**{**data["success"], "doubts": tuple(data["success"]["doubts"])})
    return Failure(stage, **data["failure"])
