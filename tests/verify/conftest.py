"""A laboratory: a tiny catalogue and a store that is filled by hand, with truths that the tests decide. No torch."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness import plugin
from harness.evidence import Arm, Evidence
from harness.plan import Plan, PlannedRun, make_plan
from harness.records import Manifest, PartVerdict, Stage, Verdict
from harness.spec.catalog import Catalog
from harness.spec.claim import ClaimsSpec
from harness.store import Store
from harness.verify import judge

Array = NDArray[np.float64]
Truth = Callable[[PlannedRun, str], Array]  # a run and a language → statistics [N, K]
Validation = Callable[[PlannedRun], float]

SHA = "0123456789abcdef" * 4
PAPERS_ENCODER = "FacebookAI/xlm-roberta-large"
TRAINING = {"learning_rate": 0.001, "epochs": 1, "batch_examples": 8}
FAMILIES = {
    "sequence_classification": {"labels": ["yes", "no"], "metrics": ["accuracy"]},
    "extractive_qa": {"metrics": ["squad_f1"]},
    "token_classification": {"labels": ["O", "B-X"], "metrics": ["chunk_f1"]},
    "sentence_retrieval": {"metrics": ["accuracy"], "train_language": None},
    "masked_lm": {"role": "pretraining"},
}
BENCHMARK = {"classification": ["xnli", "pawsx"], "qa": ["xquad"], "retrieval": ["tatoeba"]}
SOURCE = {"paper": "none", "url": "https://example.org", "licence": "Apache-2.0", "citation": "none"}


class Lab:
    """Specs and a store under one folder; `claims`, `fill` and `judge` work on them."""

    training = TRAINING

    def __init__(self, root: Path) -> None:
        self.root = root
        self.specs = root / "specs"
        self.store = Store(root / "store")
        self._write("benchmarks", "bench", title="Bench", groups=BENCHMARK, citation="none")

    @property
    def catalog(self) -> Catalog:
        """The catalogue as it is on disk now."""
        return Catalog(self.specs)

    def _write(self, folder: str, name: str, **fields: Any) -> None:
        path = self.specs / folder / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"name": name, **fields}, indent=1), encoding="utf-8")

    def task(
        self,
        name: str,
        *proxy: str,
        family: str = "sequence_classification",
        languages: tuple[str, ...] = ("en", "la"),
        **fields: Any,
    ) -> None:
        """Writes a task that stands in for `proxy`."""
        defaults = {"version": 1, "title": name, "role": "both", "family": family, "source": SOURCE, **FAMILIES[family]}
        rows = [{"files": [{"generated": f"{name}.jsonl", "sha256": SHA}], "n": 100}]
        splits: dict[str, Any] = {"test": dict.fromkeys(languages, rows)}
        if family != "sentence_retrieval":
            splits |= {"train": {"en": rows, **dict.fromkeys(languages, rows)}, "validation": {"en": rows}}
        more = {"languages": list(languages), "proxy_for": list(proxy), "reader": {"name": "jsonl_rows"}, "splits": splits}
        self._write("tasks", name, **{**defaults, **more, **fields})

    def model(self, name: str, hub: str = "example/tiny") -> None:
        """Writes an encoder from a hub."""
        self._write("models", name, title=name, n_parameters=1000, hub={"id": hub, "revision": SHA[:40]})

    def study(
        self,
        name: str = "small",
        *,
        arms: dict[str, Any],
        targets: Iterable[str],
        seeds: Iterable[int] = (1, 2, 3),
        **fields: Any,
    ) -> None:
        """Writes a study. `arms` maps an arm to its tasks, or to the fields of its intermediate training."""
        specs = {n: a if isinstance(a, dict) else {"tasks": a} for n, a in arms.items() if n != "none"}
        trained = [t for t in targets if self.catalog.task(t).family != "sentence_retrieval"]
        vary = {
            "encoder": fields.pop("encoder", ["tiny"]),
            "intermediate": list(arms),
            "target": list(targets),
            "seed": list(seeds),
        }
        defaults = {"title": name, "description": name, "training": dict.fromkeys(trained, TRAINING)}
        intermediate = {n: {"training": TRAINING, **spec} for n, spec in specs.items()}
        self._write("studies", name, **{**defaults, "vary": vary, "intermediate": intermediate, **fields})

    def plan(self, study: str = "small") -> Plan:
        """Returns the plan of a study."""
        catalog = self.catalog
        return make_plan(catalog.study(study), catalog)

    def evidence(self, study: str = "small") -> Evidence:
        """Returns what the store has of a study."""
        catalog = self.catalog
        return Evidence(make_plan(catalog.study(study), catalog), self.store, catalog)

    def claims(
        self, *parts: dict[str, Any], encoder: str = PAPERS_ENCODER, training: Any = None, **claims: Any
    ) -> ClaimsSpec:
        """Returns a claims file: a claim P0, P1, … of each of `parts`, and named ones of lists of parts."""
        named = {**{f"P{i}": [part] for i, part in enumerate(parts)}, **claims}
        source = {"document": "a paper", "quote": "a quote"}
        listed = [{"id": i, "statement": i, "source": source, "parts": own} for i, own in named.items()]
        top = {"schema_version": 1, "paper": "a paper", "benchmark": "bench", "encoder": encoder, "training": training or {}}
        return ClaimsSpec.model_validate_json(json.dumps({**top, "claims": listed}))

    def simulate(self, truth: Truth, study: str = "small", validation: Validation = lambda run: 50.0) -> Simulated:
        """Returns complete evidence of a study, out of nothing but a truth."""
        catalog = self.catalog
        return Simulated(make_plan(catalog.study(study), catalog), catalog, truth, validation)

    def judge(self, claims: ClaimsSpec, *evidence: Evidence) -> list[Verdict]:
        """Returns the verdicts on claims from evidence; from what the store has of all studies if none is given."""
        return judge(claims, evidence or [self.evidence(name) for name in self.catalog.names("studies")])

    def part(self, part: dict[str, Any], *evidence: Evidence, **claims: Any) -> PartVerdict:
        """Returns the verdict on a file of one part."""
        return self.judge(self.claims(part, **claims), *evidence)[0].parts[0]

    def fill(
        self,
        truth: Truth,
        study: str = "small",
        *,
        validation: Validation = lambda run: 50.0,
        skip: Callable[[Stage], bool] = lambda stage: False,
    ) -> Plan:
        """Publishes every stage of a study but those to skip, with statistics from `truth`. Returns the plan."""
        plan = self.plan(study)
        for run in plan.runs:
            for stage in (run.pretrain, run.intermediate, run.finetune):
                if stage and not self.store.has(stage) and not skip(stage):
                    self.publish(stage, {"validation": validation(run), "metric": "accuracy", "n": 10})
            for language, stage in run.evaluate.items():
                if not self.store.has(stage) and not skip(stage):
                    self.publish(stage, *evaluation(stage, truth(run, language)))
        return plan

    def publish(self, stage: Stage, scores: Any, arrays: dict[str, Any] | None = None) -> None:
        """Publishes a stage with these scores and statistics."""
        folder = self.store.work(stage) / "out"
        folder.mkdir()
        if arrays is not None:
            np.savez(folder / "statistics.npz", **arrays)
        (folder / "scores.json").write_text(json.dumps(scores), encoding="utf-8")
        self.store.publish(Manifest(stage.key, stage, {}, {}, {}, "cpu", "2026-01-01T00:00:00+00:00", 1.0), folder)


def evaluation(stage: Stage, counts: Array) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Returns the scores and the arrays of an evaluation, as its stage writes them."""
    params = stage.params
    name = params["metrics"][0]["name"]
    value = float(plugin.load("harness.metrics", name).aggregate(counts.sum(0)))
    where = {"task": params["task"]["name"], "language": params["language"], "split": params["split"], "attack": "none"}
    more = {"value": value, "n": len(counts), "key": stage.key}
    names = [metric["name"] for metric in params["metrics"]]
    signed = {metric: f"metric:{metric}|split:{params['split']}|attack:none" for metric in names}
    scores = [{**where, **more, "metric": metric, "signature": signature} for metric, signature in signed.items()]
    arrays = {metric["name"]: counts for metric in params["metrics"]}
    return scores, {**arrays, "ids": np.asarray([f"x{i:05d}" for i in range(len(counts))])}


class Simulated(Evidence):
    """Evidence whose statistics come from a truth and not from a store: many simulations in a short time."""

    def __init__(self, plan: Plan, catalog: Catalog, truth: Truth, validation: Validation) -> None:
        super().__init__(plan, Store(Path("nowhere")), catalog)
        self._validation = validation
        self.pretend(truth)

    def pretend(self, truth: Truth) -> None:
        """Draws all statistics anew."""
        self._drawn.clear()
        self._means.clear()
        self._counts = {s.key: truth(run, x) for run in self.plan.runs for x, s in run.evaluate.items()}

    @cached_property
    def done(self) -> frozenset[str]:
        return frozenset(stage.key for stage in self.plan.stages)

    def statistics(self, stage: Stage, metric: str) -> tuple[Array, NDArray[np.str_]]:
        counts = self._counts[stage.key]
        return counts, np.array([f"x{i:05d}" for i in range(len(counts))])

    def validation(self, arm: Arm, target: str) -> Array | None:
        return np.array([self._validation(self.run(arm, target, seed)) for seed in self.seeds])


def generator(*names: object) -> np.random.Generator:
    """Returns a generator that depends on `names` alone."""
    return np.random.default_rng(list(json.dumps(names, default=str).encode()))


def counted(right: Array) -> Array:
    """Returns the statistics [N, 2] of a metric that counts right answers."""
    return np.stack([right, np.ones_like(right)], axis=-1).astype(np.float64)


def steady(level: Callable[[PlannedRun, str], float], n: int = 60) -> Truth:
    """A truth without seed variance: an item is right where its difficulty, the same for all, is below the level."""

    def truth(run: PlannedRun, language: str) -> Array:
        difficulty = generator(run.spec.target, language).permutation(n) / n
        return counted(difficulty < level(run, language))

    return truth


def noisy(level: Callable[[PlannedRun, str], float], n: int = 60) -> Truth:
    """A truth in which every run answers every item by the toss of a coin."""

    def truth(run: PlannedRun, language: str) -> Array:
        rng = generator(run.encoder_name, run.arm, run.spec.target, run.spec.seed, language)
        return counted(rng.random(n) < level(run, language))

    return truth


def levels(own: dict[str, float], *, target: str = "") -> Callable[[PlannedRun, str], float]:
    """Returns the level of each arm, on one target or on all; 0.5 elsewhere."""
    return lambda run, language: own[run.arm] if target in ("", run.spec.target) else 0.5


@pytest.fixture(autouse=True)
def _quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what protects a store from a power cut: it takes most of the time of filling one."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture
def empty_lab(tmp_path: Path) -> Lab:
    """Return a laboratory with an encoder and without tasks and studies."""
    made = Lab(tmp_path)
    made.model("tiny")
    return made


@pytest.fixture
def lab(empty_lab: Lab) -> Lab:
    """Return tasks that stand in for the paper's, an encoder that is not the paper's, and a study `small` of them."""
    empty_lab.task("my_nli", "xnli", "mnli")
    empty_lab.task("my_pairs", "pawsx")
    empty_lab.task("my_qa", "xquad", "squad_v1", family="extractive_qa")
    empty_lab.task("my_search", "tatoeba", family="sentence_retrieval", languages=("la",))
    arms = {"none": [], "a": ["my_nli"], "b": ["my_qa"], "c": ["my_nli", "my_qa"]}
    empty_lab.study(arms=arms, targets=["my_nli", "my_pairs", "my_qa", "my_search"])
    return empty_lab


@pytest.fixture
def exact_lab(tmp_path: Path) -> Lab:
    """Return tasks that bear the paper's names, its encoder, and a study `small` on all targets of the benchmark."""
    made = Lab(tmp_path / "exact")
    for name in ("xnli", "pawsx", "mnli"):
        made.task(name)
    for name in ("xquad", "squad_v1"):
        made.task(name, family="extractive_qa")
    made.task("tatoeba", family="sentence_retrieval", languages=("la",))
    made.model("tiny", PAPERS_ENCODER)
    arms = {"none": [], "a": ["mnli"], "b": ["squad_v1"], "c": ["mnli", "squad_v1"]}
    made.study(arms=arms, targets=["xnli", "pawsx", "xquad", "tatoeba"])
    return made


@pytest.fixture(scope="session")
def truths() -> SimpleNamespace:
    """Return the makers of truths: `levels`, `steady`, `noisy`, `counted` and `generator`."""
    return SimpleNamespace(np=np, levels=levels, steady=steady, noisy=noisy, counted=counted, generator=generator)
