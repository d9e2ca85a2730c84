"""ReferenceSpec: published numbers, each with where it stands, and what was looked for in vain."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from harness import plugin
from harness.spec.base import Lang, Name, Spec

AVERAGE = "avg"
GAIN = "gain"
# XTREME-R has 50 languages and XTREME 40 of them; a task of ours need not have them all.
LANGUAGES = frozenset(
    "af ar az bg bn de el en es et eu fa fi fr gu he hi ht hu id it ja jv ka kk ko lt ml mr ms my nl pa pl pt qu ro ru sw "
    "ta te th tl tr uk ur vi wo yo zh".split()
)


class System(Spec):
    """Who was measured.

    `role` says which arm of a study stands beside it: the one without intermediate training, the one with it that is best
    on validation, or none. `encoder` (a hub id), `intermediate` (tasks) and `training` (fields of TrainingSpec) are what
    is known of its set-up; evidence is exact only with them. `over` is the system, perhaps of another file, that its gains
    are counted from.
    """

    title: str
    role: Literal["baseline", "intermediate", "other"]
    encoder: str | None = None
    over: Name | None = None
    intermediate: tuple[Name, ...] = ()
    training: dict[str, float] = {}
    note: str | None = None


class Number(Spec):
    """One published number, in percent; of `metric: gain` in points over the system's `over`.

    `task` is a task, or a benchmark whose tasks (or the tasks of its `groups`) were averaged. `language` is `avg` for a
    mean over languages. Two numbers may be subtracted only if `source`, `edition`, `baseline` and `split` agree:
    `baseline` names whose run of the encoder without intermediate training the number stands beside.
    """

    system: Name
    task: Name
    groups: tuple[Name, ...] = ()
    metric: Literal["accuracy", "f1", "exact_match", "task_mean", "category_mean", "gain"]
    language: Lang
    split: Literal["test", "validation"] = "test"
    value: float = Field(ge=-100, le=100)
    edition: str | None = None
    baseline: Name
    table: str | None = None
    row: str | None = None
    column: str | None = None
    source: str
    confidence: Literal["quote_seen", "quote_seen_secondary", "derived"]
    note: str | None = None

    @model_validator(mode="after")
    def _scores_are_not_negative(self) -> Number:
        if self.value < 0 and self.metric != GAIN:
            raise ValueError(f"value: {self.value} is no score in percent")
        return self

    @property
    def place(self) -> tuple[object, ...]:
        """What is measured: two numbers of one file never share it."""
        return (self.system, self.task, frozenset(self.groups), self.metric, self.language, self.split, self.edition)


class NotFound(Spec):
    """A number that was looked for and not found: what, on which tasks, and why."""

    what: str
    tasks: tuple[Name, ...] = ()
    reason: str


class ReferenceSpec(Spec):
    """The published numbers of one source."""

    name: Name
    title: str
    url: str
    citation: str
    systems: dict[Name, System]
    numbers: tuple[Number, ...] = ()
    not_found: tuple[NotFound, ...] = ()

    @model_validator(mode="after")
    def _says_something(self) -> ReferenceSpec:
        if not (self.numbers or self.not_found):
            raise ValueError("numbers: give numbers, or say under not_found what is missing and why")
        return self

    @model_validator(mode="after")
    def _numbers_have_a_system(self) -> ReferenceSpec:
        for i, number in enumerate(self.numbers):
            if number.system not in self.systems:
                hint = plugin.near(number.system, self.systems)
                raise ValueError(f"numbers.{i}.system: no system {number.system!r} under `systems`: {hint}")
            if number.metric == GAIN and self.systems[number.system].over is None:
                raise ValueError(f"numbers.{i}.metric: a gain over what? say `over` of the system {number.system!r}")
        return self

    @model_validator(mode="after")
    def _numbers_once(self) -> ReferenceSpec:
        places = [number.place for number in self.numbers]
        for i, place in enumerate(places):
            if place in places[:i]:
                first = places.index(place)
                raise ValueError(f"numbers.{i}: the same as numbers[{first}]; tell editions apart by `edition`")
        return self
