"""Frozen records that flow between plan, stages, store, claims and report."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from harness.canon import Address, address

JSON = dict[str, Any]
Kind = Literal["pretrain", "intermediate", "finetune", "evaluate", "trivial", "corpus", "similarity"]
KINDS: tuple[Kind, ...] = ("pretrain", "intermediate", "finetune", "evaluate", "trivial", "corpus", "similarity")
OUTCOMES = ("reproduced", "contradicted", "inconclusive", "not_comparable", "not_run")


@dataclass(frozen=True)
class Stage:
    """The unit of work. `params` is everything that can change its result, `inputs` the keys of its parents.

    `label` is for people and not part of the key.
    """

    kind: Kind
    params: JSON
    inputs: tuple[Address, ...] = ()
    label: str = field(default="", compare=False)

    @cached_property
    def key(self) -> Address:
        """The address of this stage: equal keys, equal results."""
        return address({"kind": self.kind, "params": self.params, "inputs": list(self.inputs)})

    def to_json(self) -> JSON:
        """Returns the stage as JSON-able data; `from_json` reverses it."""
        return {"kind": self.kind, "params": self.params, "inputs": list(self.inputs), "label": self.label}

    @staticmethod
    def from_json(data: JSON) -> Stage:
        """Returns the stage that `to_json` wrote."""
        return Stage(data["kind"], data["params"], tuple(data["inputs"]), data["label"])


@dataclass(frozen=True)
class Manifest:
    """What happened when a stage was computed; never part of its key. `outputs` maps file to sha256.

    `doubts` are scientific warnings of the stage: truncated examples, a score at the majority class.
    """

    key: Address
    stage: Stage
    outputs: dict[str, Address]
    code: JSON
    environment: JSON
    device: str
    started: str
    seconds: float
    image: JSON | None = None
    doubts: tuple[str, ...] = ()

    def to_json(self) -> JSON:
        """Returns the manifest as JSON-able data; the store adds a digest of the text."""
        return {
            "schema_version": 2,
            "key": self.key,
            "stage": self.stage.to_json(),
            "status": "done",
            "outputs": self.outputs,
            "code": self.code,
            "environment": self.environment,
            "image": self.image,
            "device": self.device,
            "started": self.started,
            "seconds": self.seconds,
            "doubts": list(self.doubts),
        }

    @staticmethod
    def from_json(data: JSON) -> Manifest:
        """Returns the manifest that `to_json` wrote."""
        return Manifest(
            key=data["key"],
            stage=Stage.from_json(data["stage"]),
            outputs=data["outputs"],
            code=data["code"],
            environment=data["environment"],
            device=data["device"],
            started=data["started"],
            seconds=data["seconds"],
            image=data["image"],
            doubts=tuple(data["doubts"]),
        )


@dataclass(frozen=True)
class Success:
    """A stage is in the store. `computed` is false if it was there already."""

    key: Address
    computed: bool
    seconds: float
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failure:
    """A stage raised. The traceback is in `log`."""

    stage: Stage
    message: str
    traceback: str
    log: str


Outcome = Success | Failure


@dataclass(frozen=True)
class Score:
    """One number with all that it needs to be compared: a value never travels without its signature.

    `value` is none where the metric had nothing to count.
    """

    task: str
    language: str
    split: str
    attack: str
    metric: str
    value: float | None
    n: int
    signature: str
    key: Address

    def to_json(self) -> JSON:
        """Returns the score as JSON-able data."""
        return dict(self.__dict__)


# Of a score, in their order; the metric's name says which scorer.
SIGNATURE_FIELDS = (
    "task",
    "metric",
    "lang",
    "split",
    "attack",
    "maxlen",
    "context",
    "layer",
    "pool",
    "centre",
    "sample",
    "select",
    "data",
    "v",
)


def fields(signature: str) -> dict[str, str]:
    """Returns the fields of a signature: `key:value` pairs joined by `|`."""
    return dict(pair.split(":", 1) for pair in signature.split("|"))


@dataclass(frozen=True)
class PartVerdict:
    """The judgement of one part of a claim. `next` says what would change it."""

    kind: str
    outcome: str
    fidelity: str
    expected: JSON
    estimate: float | None = None
    interval: tuple[float, float] | None = None
    p: float | None = None
    p_adjusted: float | None = None
    n_seeds: int = 0
    n_examples: int = 0
    signature: str = ""
    evidence: tuple[Address, ...] = ()
    next: str = ""
    note: str = ""
    details: JSON = field(default_factory=dict)

    def to_json(self) -> JSON:
        """Returns the part as JSON-able data, in the order of the contract."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in self.__dict__.items()}


@dataclass(frozen=True)
class Verdict:
    """The judgement of a claim: that of its parts, the least certain first."""

    id: str
    statement: str
    source: JSON
    kind: str
    parts: tuple[PartVerdict, ...]
    outcome: str
    fidelity: str

    def to_json(self) -> JSON:
        """Returns the verdict as JSON-able data."""
        return {**self.__dict__, "parts": [part.to_json() for part in self.parts]}
