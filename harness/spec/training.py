"""TrainingSpec: everything that the training loop is told."""

from __future__ import annotations

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from harness.spec.base import Spec


class EarlyStopping(Spec):
    """Stop once the source-language validation score no longer rises.

    It is taken every `every_steps`; after `patience` scores without gain training stops and the best weights are kept.
    `max_examples` takes a sample of the validation set.
    """

    every_steps: PositiveInt
    patience: PositiveInt
    max_examples: PositiveInt | None = 500


class TrainingSpec(Spec):
    """AdamW with linear warm-up and decay. Give `epochs` or `max_steps`, and `batch_examples` or `batch_tokens`.

    `batch_tokens` bounds the padded tokens of a batch. `accumulate` splits each batch into that many parts.
    `max_examples` takes a sample of each task (`data.sample`).
    `layer_decay` multiplies the rate once a layer downwards from the head. `freeze_layers` counts from the bottom.
    """

    learning_rate: PositiveFloat
    epochs: PositiveInt | None = None
    max_steps: PositiveInt | None = None
    batch_examples: PositiveInt | None = None
    batch_tokens: PositiveInt | None = None
    accumulate: PositiveInt = 1
    max_examples: PositiveInt | None = None
    warmup_fraction: float = Field(default=0.1, ge=0, lt=1)
    layer_decay: float = Field(default=1.0, gt=0, le=1)
    weight_decay: float = Field(default=0.01, ge=0)
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: PositiveFloat = 1e-8
    clip_norm: PositiveFloat = 1.0
    dropout: float = Field(default=0.1, ge=0, lt=1)
    freeze_embeddings: bool = False
    freeze_layers: NonNegativeInt = 0
    early_stopping: EarlyStopping | None = None

    @model_validator(mode="after")
    def _one_of_each(self) -> TrainingSpec:
        if (self.epochs is None) == (self.max_steps is None):
            raise ValueError("give exactly one of epochs, max_steps")
        if (self.batch_examples is None) == (self.batch_tokens is None):
            raise ValueError("give exactly one of batch_examples, batch_tokens")
        return self

    def limited(self, n: int) -> TrainingSpec:
        """Returns the same training on at most n rows and, where it counts steps, n steps."""
        return self.model_copy(
            update={
                "max_examples": min(n, self.max_examples or n),
                "max_steps": min(n, self.max_steps) if self.max_steps else None,
            }
        )
