"""StudySpec: a grid of runs. `vary` is the only construct that expands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Annotated, Any

from pydantic import Field, PositiveInt, model_validator

from harness import plugin
from harness.spec.base import Lang, Name, Spec
from harness.spec.data import Split
from harness.spec.run import IntermediateSpec, RunSpec
from harness.spec.training import TrainingSpec

BASELINE = "none"
Strength = Annotated[float, Field(gt=0, le=1)]


class Vary(Spec):
    """The cross product that makes the runs: every encoder × intermediate arm × target × seed."""

    encoder: tuple[Name, ...] = Field(min_length=1)
    intermediate: tuple[Name, ...] = Field(min_length=1)
    target: tuple[Name, ...] = Field(min_length=1)
    seed: tuple[int, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_once(self) -> Vary:
        for field in ("encoder", "intermediate", "target", "seed"):
            values = getattr(self, field)
            if len(set(values)) != len(values):
                raise ValueError(f"{field}: each value once")
        return self


class StudySpec(Spec):
    """A study: what varies, how each arm is trained, how each target is trained, where it is evaluated.

    The arm `none` is the baseline and is never listed under `intermediate`. `training` maps a target, or the task that it
    is fine-tuned as, to its fine-tuning; a target without an entry is evaluated as it is. `edition` names the sources that
    tasks are taken from, where they have that edition. `options` changes options of a task's family, e.g. its
    `max_length`. Evaluation is in all of a task's languages, or in those that `benchmark` has for the task, or in those of
    `languages`.
    `max_test_examples` maps a target to the size of a sample of each of its test sets; a target without an entry is
    evaluated on all rows.
    `attacks` maps an attack to strengths above 0: every evaluation of a target whose family it attacks is done again on
    the attacked rows. `lexicon` is the task whose pairs of sentences give the words for attacks that switch languages.
    `similarity` names the measures by which the texts of each intermediate arm are held against those of each target, at
    most `similarity_texts` of each task and language; Fisher information, whose gradients are dear, is of a fifth as many.
    """

    name: Name
    title: str
    description: str
    edition: Name | None = None
    benchmark: Name | None = None
    options: dict[Name, dict[str, Any]] = {}
    vary: Vary
    intermediate: dict[Name, IntermediateSpec] = {}
    training: dict[Name, TrainingSpec] = {}
    languages: tuple[Lang, ...] = ()
    split: Split = "test"
    max_test_examples: dict[Name, PositiveInt] = {}
    attacks: dict[Name, tuple[Strength, ...]] = {}
    lexicon: Name | None = None
    similarity: tuple[Name, ...] = ()
    similarity_texts: int = Field(default=500, ge=50)

    @model_validator(mode="after")
    def _arms_exist(self) -> StudySpec:
        if BASELINE in self.intermediate:
            raise ValueError(f"intermediate.{BASELINE}: this name is the baseline's, without intermediate training")
        for arm in self.vary.intermediate:
            if arm != BASELINE and arm not in self.intermediate:
                hint = plugin.near(arm, (BASELINE, *self.intermediate))
                raise ValueError(f"vary.intermediate: no arm {arm!r} under `intermediate`: {hint}")
        for attack, strengths in self.attacks.items():
            if not strengths or len(set(strengths)) != len(strengths):
                raise ValueError(f"attacks.{attack}: strengths from above 0 to 1, at least one, each once")
        for target in self.max_test_examples:
            if target not in self.vary.target:
                raise ValueError(f"max_test_examples.{target}: not a target: {plugin.near(target, self.vary.target)}")
        return self

    def runs(self, languages: Mapping[str, tuple[str, ...]], trainers: Mapping[str, str]) -> Iterator[RunSpec]:
        """Yields the runs in a fixed order.

        `languages` maps each target to the languages it is evaluated in, `trainers` to the task it is fine-tuned as.
        """
        vary = self.vary
        for encoder, arm, target, seed in product(vary.encoder, vary.intermediate, vary.target, vary.seed):
            yield RunSpec(
                encoder=encoder,
                intermediate=None if arm == BASELINE else self.intermediate[arm],
                target=target,
                training=self.training.get(trainers[target]),
                evaluate=languages[target],
                split=self.split,
                seed=seed,
                max_test_examples=self.max_test_examples.get(target),
            )

    def limited(self, n: int) -> StudySpec:
        """Returns the study cut down for a quick look: n rows, n optimizer steps and n test rows at most, everywhere."""
        return self.model_copy(
            update={
                "intermediate": {
                    name: arm.model_copy(update={"training": arm.training.limited(n)})
                    for name, arm in self.intermediate.items()
                },
                "training": {name: training.limited(n) for name, training in self.training.items()},
                "similarity_texts": min(n, self.similarity_texts),
                "max_test_examples": {t: min(n, self.max_test_examples.get(t, n)) for t in self.vary.target},
            }
        )
