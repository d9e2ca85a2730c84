"""BenchmarkSpec: which tasks make a benchmark, how each is scored, in which groups they are averaged."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveInt, model_validator

from harness import plugin
from harness.spec.base import Lang, Name, Spec

Format = Literal["labels", "choices", "tags", "pairs", "squad", "rankings"]
# Which metrics take what stands in the files of a format.
FITTING: dict[Format, tuple[str, ...]] = {
    "labels": ("accuracy",),
    "choices": ("accuracy",),
    "tags": ("chunk_f1", "upos_f1", "upos_f1_v0", "token_accuracy"),
    "pairs": ("bitext_f1",),
    "squad": ("squad_exact_match", "squad_f1", "mlqa_exact_match", "mlqa_f1"),
    "rankings": ("mean_average_precision",),
}


class Scoring(Spec):
    """How a benchmark's own scorer treats a task: languages, files, metrics.

    `format` says what stands in `<task>/test-<language>` files (see `harness.leaderboard`). The task's number is the
    mean over `metrics` of the mean over `languages`.
    """

    languages: tuple[Lang, ...] = Field(min_length=1)
    format: Format
    metrics: tuple[Name, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_once(self) -> Scoring:
        for field in ("languages", "metrics"):
            values = getattr(self, field)
            doubled = sorted({v for v in values if values.count(v) > 1})
            if doubled:
                raise ValueError(f"{field}: given twice: {', '.join(doubled)}")
        for metric in self.metrics:
            if metric not in FITTING[self.format]:
                hint = plugin.near(metric, FITTING[self.format])
                raise ValueError(f"metrics: {metric!r} does not score {self.format}: {hint}")
        return self


class Rule(Spec):
    """How the overall score comes about, where the benchmark's own program gives none. Raise `version` with any change."""

    version: PositiveInt
    statement: str


class BenchmarkSpec(Spec):
    """`groups` maps a group (classification, tagging, …) to its tasks; a task may stand in several, once in each.

    The overall score is the mean of all tasks, each counted once. `scoring` says how `harness score` reads and scores
    them; without it a benchmark can be judged on, but not scored from files. `licence` is that of the benchmark's own
    files; every data set in it has one of its own.
    """

    name: Name
    title: str
    groups: dict[Name, tuple[Name, ...]] = Field(min_length=1)
    scoring: dict[Name, Scoring] = {}
    rule: Rule | None = None
    citation: str
    url: str | None = None
    licence: str | None = None

    @model_validator(mode="after")
    def _tasks_fit(self) -> BenchmarkSpec:
        for group, tasks in self.groups.items():
            doubled = sorted({task for task in tasks if tasks.count(task) > 1})
            if doubled:
                raise ValueError(f"groups.{group}: given twice: {', '.join(doubled)}")
            for task in tasks:
                if self.scoring and task not in self.scoring:
                    raise ValueError(f"groups.{group}: no scoring for {task!r}: {plugin.near(task, self.scoring)}")
        return self

    @property
    def tasks(self) -> tuple[str, ...]:
        """All tasks, each once: in the order of their groups, then those that stand in none."""
        grouped = (task for tasks in self.groups.values() for task in tasks)
        return tuple(dict.fromkeys((*grouped, *self.scoring)))
