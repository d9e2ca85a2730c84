"""BenchmarkSpec: which tasks make a benchmark, in which groups they are averaged."""

from __future__ import annotations

from pydantic import Field, model_validator

from harness.spec.base import Lang, Name, Spec


class BenchmarkSpec(Spec):
    """`groups` maps a group (classification, tagging, …) to its tasks. The overall score is the mean of all tasks."""

    name: Name
    title: str
    groups: dict[Name, tuple[Name, ...]] = Field(min_length=1)
    languages: dict[Name, tuple[Lang, ...]] = {}
    citation: str

    @model_validator(mode="after")
    def _tasks_once(self) -> BenchmarkSpec:
        if len(set(self.tasks)) != len(self.tasks):
            raise ValueError("groups: a task stands in two groups")
        return self

    @property
    def tasks(self) -> tuple[str, ...]:
        """All tasks, in the order of their groups."""
        return tuple(task for tasks in self.groups.values() for task in tasks)
