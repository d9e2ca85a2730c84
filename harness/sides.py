"""What stands on either side of a comparison: the systems of a study, or one result, with their finished evaluations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from harness import plugin
from harness.canon import Address
from harness.errors import EvidenceMissing, SpecError
from harness.evidence import Arm, Evidence
from harness.records import JSON, Manifest, Stage
from harness.store import MANIFEST, Store

Chain = dict[str, Manifest]
_HAS_EVALUATIONS = ("pretrain", "intermediate", "finetune", "evaluate")


@dataclass(frozen=True, eq=False)
class System:
    """One way to train and its finished evaluations: target → language → seed → stage.

    `lacks` counts those of each target that its study plans and the store has not.
    """

    arm: Arm
    evaluations: dict[str, dict[str, dict[int, Stage]]]
    lacks: dict[str, int] = field(default_factory=dict)

    def seeds(self, target: str, languages: Sequence[str]) -> tuple[int, ...]:
        """Returns the seeds that are evaluated in all of these languages."""
        own = [self.evaluations[target][language] for language in languages]
        return tuple(seed for seed in own[0] if all(seed in found for found in own))

    def stages(self, target: str, language: str, seeds: Sequence[int]) -> tuple[Stage, ...]:
        """Returns the evaluations on a target in a language with some seeds."""
        return tuple(self.evaluations[target][language][seed] for seed in seeds)


@dataclass(frozen=True, eq=False)
class Side:
    """A study's systems, or the one that a result is. `command` fills what is missing."""

    name: str
    kind: str
    store: Store
    systems: tuple[System, ...]
    command: str

    @property
    def place(self) -> Path:
        """Where the store lies: the same key in another one is another result, of another machine perhaps."""
        return self.store.root.resolve()

    @property
    def encoders(self) -> tuple[str, ...]:
        """The encoders, in order."""
        return tuple(dict.fromkeys(system.arm.encoder for system in self.systems))

    @property
    def arms(self) -> tuple[str, ...]:
        """The names of the arms, in order."""
        return tuple(dict.fromkeys(system.arm.name for system in self.systems))

    def system(self, encoder: str, arm: str) -> System:
        """Returns the system of an encoder and an arm."""
        return next(system for system in self.systems if system.arm == Arm(encoder, arm))

    def title(self, system: System) -> str:
        """Returns what a system is called in a table."""
        return self.name if self.kind == "result" else f"{self.name} {system.arm.name}"

    def to_json(self) -> JSON:
        """Returns what the side is."""
        return {"kind": self.kind, "name": self.name, "store": str(self.store.root)}


@dataclass(frozen=True, eq=False)
class Pair:
    """Two systems to compare."""

    a: System
    b: System


def of_study(evidence: Evidence, command: str) -> Side:
    """Returns the side of a study: every arm of every encoder, with the evaluations that the store has."""
    systems = []
    for arm in evidence.arms:
        evaluations: dict[str, dict[str, dict[int, Stage]]] = {}
        lacks = {}
        for target in evidence.targets:
            found: dict[str, dict[int, Stage]] = {language: {} for language in evidence.languages(target)}
            for language, seed in product(found, evidence.seeds):
                stage = evidence.run(arm, target, seed).evaluate[language]
                if stage.key in evidence.done:
                    found[language][seed] = stage
            evaluations[target] = found
            lacks[target] = len(evidence.missing([arm], [target]))
        systems.append(System(arm, evaluations, lacks))
    return Side(evidence.plan.study.name, "study", evidence.store, tuple(systems), command)


def of_result(store: Store, folder: Path) -> Side:
    """Returns the side of a finished stage: itself if it is an evaluation, else all evaluations of what it trained.

    Raises SpecError if these are of several models that differ in more than their seed, or the stage has no evaluations
    by its nature, and EvidenceMissing if the store has none of them.
    """
    manifest = store.manifest(folder)
    if manifest.stage.kind not in _HAS_EVALUATIONS:
        raise SpecError(f"{manifest.stage.label}: a stage of kind {manifest.stage.kind} is no model to compare")
    name = f"{manifest.stage.label} ({manifest.key[:8]})"
    evaluations: dict[str, dict[str, dict[int, Stage]]] = {}
    known: dict[Address, Chain] = {}
    for found in _evaluations(store, manifest):
        params = found.stage.params
        own = evaluations.setdefault(params["task"]["name"], {}).setdefault(params["language"], {})
        trained = chain(store, found.stage, known)
        seed = next((trained[kind].stage.params["seed"] for kind in ("finetune", "intermediate") if kind in trained), 0)
        if seed in own:
            raise SpecError(
                f"{name}: several evaluations of {params['task']['name']} come from it ({own[seed].key[:8]}, "
                f"{found.key[:8]}): name the one that is meant"
            )
        own[seed] = found.stage
    command = "`harness run STUDY`, with the study that it belongs to, fills it"
    if not evaluations:
        raise EvidenceMissing(f"{name}: no evaluation of it is in {store.root}; {command}")
    ordered = {target: dict(sorted(own.items())) for target, own in sorted(evaluations.items())}
    return Side(name, "result", store, (System(Arm("", ""), ordered),), command)


def _evaluations(store: Store, manifest: Manifest) -> list[Manifest]:
    """Returns the finished evaluations that a stage is or leads to."""
    if manifest.stage.kind == "evaluate":
        return [manifest]
    found, parents = [], {manifest.key}
    for folder in store.entries():  # parents before children
        # A manifest that does not mention a parent is not worth parsing: a store has thousands.
        text = (folder / MANIFEST).read_text(encoding="utf-8")
        if not any(key in text for key in parents):
            continue
        child = store.manifest(folder)
        if parents.isdisjoint(child.stage.inputs):
            continue
        if child.stage.kind == "evaluate":
            found.append(child)
        else:
            parents.add(child.key)
    return found


def chain(store: Store, stage: Stage, known: dict[Address, Chain] | None = None) -> Chain:
    """Returns the manifests of a finished stage and of all its ancestors that the store has, by kind.

    `known` keeps what was found, for the next stage with the same ancestors.
    """
    known = {} if known is None else known
    if stage.key not in known:
        found: Chain = {}
        for key, kind in product(stage.inputs, _HAS_EVALUATIONS):
            folder = store.root / kind / key
            if (folder / MANIFEST).exists():
                found |= chain(store, store.manifest(folder).stage, known)
        known[stage.key] = {**found, stage.kind: store.manifest(store.path(stage))}
    return known[stage.key]


def match(a: Side, b: Side, arm: str | None, over: str | None) -> tuple[list[Pair], list[str]]:
    """Returns the systems to compare, and a line for each encoder and arm that has no counterpart.

    Encoders are matched by name, those that are left by position; arms by name, unless `arm` (of A) and `over` (of B) say
    otherwise. A result is compared as it is.

    Raises SpecError if a name is wrong, an arm has to be named, or nothing has a counterpart.
    """
    _check(a, "--arm", arm)
    _check(b, "--over", over)
    if a.kind == b.kind == "result":
        return [Pair(a.systems[0], b.systems[0])], []
    if "result" in (a.kind, b.kind):
        study, named = (b, over) if a.kind == "result" else (a, arm)
        if named is None and len(study.arms) > 1:
            option = "--over" if study is b else "--arm"
            raise SpecError(f"{study.name} has the arms {', '.join(study.arms)}: name one by {option}")
        chosen = [system for system in study.systems if named in (None, system.arm.name)]
        return [Pair(a.systems[0], s) if study is b else Pair(s, b.systems[0]) for s in chosen], []
    encoders, unmatched = _encoders(a, b)
    if arm or over:
        arms = [(own, over or own) for own in ([arm] if arm else a.arms) if a is not b or own != over]
    else:
        arms = [(name, name) for name in a.arms if name in b.arms]
        for own, other in ((a, b), (b, a)):
            unmatched += [f"arm {name} of {own.name}: not in {other.name}" for name in own.arms if name not in other.arms]
    if not arms:
        raise SpecError(f"{a.name} and {b.name} have no arm of the same name: name two by --arm and --over")
    for _, other_arm in arms:
        _check(b, "--over", other_arm)
    return [Pair(a.system(x, own), b.system(y, other)) for x, y in encoders for own, other in arms], unmatched


def _encoders(a: Side, b: Side) -> tuple[list[tuple[str, str]], list[str]]:
    """Returns the encoders that are compared, and a line for each that is matched by position or not at all."""
    rest_a = [name for name in a.encoders if name not in b.encoders]
    rest_b = [name for name in b.encoders if name not in a.encoders]
    beside = dict(zip(rest_a, rest_b, strict=False))
    lines = [f"encoder {x} of {a.name}: compared with {y} of {b.name}, by position" for x, y in beside.items()]
    lines += [f"encoder {x} of {a.name}: not in {b.name}" for x in rest_a[len(beside) :]]
    lines += [f"encoder {y} of {b.name}: not in {a.name}" for y in rest_b[len(beside) :]]
    return [(x, beside.get(x, x)) for x in a.encoders if x in beside or x in b.encoders], lines


def _check(side: Side, option: str, arm: str | None) -> None:
    if arm is None:
        return
    if side.kind == "result":
        raise SpecError(f"{option} {arm}: {side.name} is a result, not a study with arms")
    if arm not in side.arms:
        raise SpecError(f"{option} {arm!r} is no arm of {side.name}: {plugin.near(arm, side.arms)}")
