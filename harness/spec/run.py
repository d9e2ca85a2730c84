"""RunSpec: one encoder, one intermediate training or none, one target, one seed."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from harness.spec.base import Lang, Name, Spec
from harness.spec.data import Split
from harness.spec.training import TrainingSpec


class MlmSpec(Spec):
    """Masked LM continued during intermediate training: its text, and the fraction of batches that it gets."""

    task: Name
    fraction: float = Field(gt=0, lt=1)


class IntermediateSpec(Spec):
    """Phase (ii): one task or several at once, optionally with masked LM, or on translated data.

    `sampling` draws the task of each batch in proportion to its examples, uniformly, or in proportion to
    examples ** (1 / temperature). `translate_to` trains on the task's rows in these languages instead of English.
    `edition` names the sources of this arm's tasks, where they are not those of the study.
    """

    tasks: tuple[Name, ...] = Field(min_length=1)
    sampling: Literal["proportional", "uniform", "temperature"] = "proportional"
    temperature: PositiveFloat = 1.0
    mlm: MlmSpec | None = None
    translate_to: tuple[Lang, ...] = ()
    edition: Name | None = None
    training: TrainingSpec

    @model_validator(mode="after")
    def _distinct(self) -> IntermediateSpec:
        if len(set(self.tasks)) != len(self.tasks):
            raise ValueError("tasks: each task once")
        if self.temperature != 1.0 and self.sampling != "temperature":
            raise ValueError("temperature: only with sampling: temperature")
        return self


class RunSpec(Spec):
    """A run. No name, no device, no engine inside: nothing that cannot change a score.

    `training` is none for targets that are evaluated with the phase-(ii) encoder as it is (retrieval).
    `max_test_examples` takes a sample of each test set.
    """

    encoder: Name
    intermediate: IntermediateSpec | None
    target: Name
    training: TrainingSpec | None
    evaluate: tuple[Lang, ...]
    split: Split = "test"
    seed: int
    max_test_examples: PositiveInt | None = None
