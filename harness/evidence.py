"""What a study has in the store: its finished stages as scores and aligned statistics. Torch-free, read-only.

Evidence is found by the plan's keys, so a spec that has changed since has no evidence until it is run again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import plugin
from harness.errors import SpecError
from harness.estimate import BASIS, estimate
from harness.plan import Plan, PlannedRun
from harness.records import JSON, Manifest, Stage
from harness.spec.catalog import Catalog
from harness.spec.task import TaskSpec
from harness.stats.bootstrap import Cell, resample
from harness.store import Store

N_RESAMPLES = 2000

# R replicates, S seeds, N examples, K statistics


@dataclass(frozen=True)
class Arm:
    """One way to train: an encoder and an intermediate arm of a study."""

    encoder: str
    name: str


@dataclass(frozen=True, eq=False)
class Resampled:
    """An arm's score on a target, mean over languages: the point, its replicates [R], and by seed [S]."""

    point: float
    replicates: NDArray[np.float64]
    by_seed: NDArray[np.float64]
    n_examples: int


class Evidence:
    """A plan's results, as far as the store has them."""

    def __init__(self, plan: Plan, store: Store, catalog: Catalog) -> None:
        self.plan = plan
        self.store = store
        self.catalog = catalog.for_study(plan.study)
        self._statistics: dict[tuple[str, str], tuple[NDArray[np.float64], tuple[str, ...]]] = {}
        self._resampled: dict[tuple[Arm, str], Resampled] = {}

    @cached_property
    def done(self) -> frozenset[str]:
        """The keys of the plan's stages that are finished."""
        return frozenset(stage.key for stage in self.plan.stages if self.store.has(stage))

    @property
    def arms(self) -> tuple[Arm, ...]:
        """Encoder × intermediate arm, in the study's order."""
        vary = self.plan.study.vary
        return tuple(Arm(encoder, name) for encoder in vary.encoder for name in vary.intermediate)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The study's seeds."""
        return self.plan.study.vary.seed

    @cached_property
    def targets(self) -> dict[str, TaskSpec]:
        """The study's target tasks by name, in order."""
        return {name: self.catalog.task(name) for name in self.plan.study.vary.target}

    @cached_property
    def _runs(self) -> dict[tuple[Arm, str, int], PlannedRun]:
        return {(Arm(r.encoder_name, r.arm), r.spec.target, r.spec.seed): r for r in self.plan.runs}

    def run(self, arm: Arm, target: str, seed: int) -> PlannedRun:
        """Returns one run of the plan."""
        return self._runs[arm, target, seed]

    def languages(self, target: str) -> tuple[str, ...]:
        """The languages that a target is evaluated in."""
        return next(run.spec.evaluate for run in self.plan.runs if run.spec.target == target)

    def is_trained(self, target: str) -> bool:
        """Returns whether a target is fine-tuned; one that is not is evaluated with the encoder as it is."""
        return self.run(self.arms[0], target, self.seeds[0]).finetune is not None

    def evaluations(self, arms: Iterable[Arm], targets: Iterable[str]) -> list[Stage]:
        """Returns the evaluations of arms on targets with all seeds, each once."""
        runs = [self.run(arm, target, seed) for arm, target, seed in product(arms, targets, self.seeds)]
        return list({stage.key: stage for run in runs for stage in run.evaluate.values()}.values())

    def missing(self, arms: Iterable[Arm], targets: Iterable[str]) -> list[Stage]:
        """Returns the evaluations that these arms and targets need and the store has not."""
        return [stage for stage in self.evaluations(arms, targets) if stage.key not in self.done]

    def is_complete(self, arm: Arm, target: str) -> bool:
        """Returns whether an arm has been evaluated on a target in all languages with all seeds."""
        return not self.missing([arm], [target])

    def manifest(self, stage: Stage) -> Manifest:
        """Returns the manifest of a finished stage."""
        return self.store.manifest(self.store.path(stage))

    def overview(self, stages: Sequence[Stage]) -> JSON:
        """Returns the state of stages (done, ready or waiting), why, an estimate of each, and totals of what is left."""
        models = {run.encoder_name: self.catalog.model(run.encoder_name) for run in self.plan.runs}
        owner = {
            stage.key: models[run.encoder_name]
            for run in self.plan.runs
            for stage in (run.pretrain, run.intermediate, run.finetune, *run.evaluate.values())
            if stage
        }
        rows: list[JSON] = []
        for stage in stages:
            parents = [p.label for p in self.plan.parents(stage) if p.key not in self.done]
            state = "done" if stage.key in self.done else "waiting" if parents else "ready"
            why = "in the store" if state == "done" else f"needs {parents[0]}" if parents else "not in the store"
            row = {"key": stage.key, "kind": stage.kind, "label": stage.label, "state": state, "why": why}
            rows.append({**row, "estimate": estimate(stage, owner.get(stage.key))})
        left = [row["estimate"] for row in rows if row["state"] != "done"]
        totals = {
            "stages": len(rows),
            "done": len(rows) - len(left),
            "gpu_hours": round(sum(e["gpu_hours"] for e in left), 4),
            "memory_bytes": max((e["memory_bytes"] for e in left), default=0),
            "disk_bytes": sum(e["disk_bytes"] for e in left),
        }
        return {"stages": rows, "totals": totals, "basis": BASIS}

    def scores(self) -> list[JSON]:
        """Returns every score there is: the fields of a Score and `encoder`, `arm`, `seed`; in the plan's order."""
        rows = []
        for run in self.plan.runs:
            for stage in run.evaluate.values():
                if stage.key in self.done:
                    where = {"encoder": run.encoder_name, "arm": run.arm, "seed": run.spec.seed}
                    rows += [{**where, **score} for score in self.read(stage, "scores.json")]
        return rows

    def read(self, stage: Stage, name: str) -> Any:
        """Returns a JSON output of a finished stage."""
        return json.loads((self.store.path(stage) / name).read_bytes())

    def events(self, stage: Stage) -> list[JSON]:
        """Returns the training events of a finished stage."""
        text = (self.store.path(stage) / "events.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def validation(self, arm: Arm, target: str) -> float | None:
        """Returns an arm's source-language validation score on a target, mean over seeds; none if there is none."""
        stages = [self.run(arm, target, seed).finetune for seed in self.seeds]
        values = [self.read(s, "scores.json")["validation"] for s in stages if s and s.key in self.done]
        return float(np.mean(values)) if len(values) == len(self.seeds) else None

    def statistics(self, stage: Stage, metric: str) -> tuple[NDArray[np.float64], tuple[str, ...]]:
        """Returns per-example statistics [N, K] of a finished evaluation, and the examples' ids (of groups, for some)."""
        known = self._statistics.get((stage.key, metric))
        if known is None:
            with np.load(self.store.path(stage) / "statistics.npz", allow_pickle=False) as arrays:
                own = f"{metric}.ids"
                known = arrays[metric], tuple(arrays[own if own in arrays else "ids"].tolist())
            self._statistics[stage.key, metric] = known
        return known

    def resampled(self, arm: Arm, target: str) -> Resampled:
        """Returns an arm's score on a target, seeds and examples resampled: by the same draws for every arm."""
        if (arm, target) not in self._resampled:
            cells = self.cells([arm], [target])
            point, replicates = resample(cells, n_resamples=N_RESAMPLES)
            by_seed = np.mean([c.aggregate(c.statistics[0].sum(1)) for c in cells], axis=0)
            n = sum(len(c.ids) for c in cells)
            self._resampled[arm, target] = Resampled(float(point.mean()), replicates.mean((1, 2)), by_seed, n)
        return self._resampled[arm, target]

    def cells(self, arms: Sequence[Arm], targets: Sequence[str]) -> list[Cell]:
        """Returns a Cell [A, S, N, K] for each target and language, of each target's own metric, rows matched by id."""
        cells = []
        for target in targets:
            metric = self.targets[target].metric
            module = plugin.load("harness.metrics", metric)
            in_first: frozenset[str] = frozenset()
            for language in self.languages(target):
                stages = [[self.run(a, target, s).evaluate[language] for s in self.seeds] for a in arms]
                ids = self.statistics(stages[0][0], metric)[1]
                in_first = in_first or frozenset(ids)
                if self.targets[target].parallel and in_first != frozenset(ids):
                    first = self.languages(target)[0]
                    raise SpecError(f"{target} is parallel, but its ids in {language} are not those in {first}")
                counts = [[self._aligned(stage, metric, ids) for stage in row] for row in stages]
                cells.append(Cell(np.asarray(counts), ids, target, module.aggregate))
        return cells

    def _aligned(self, stage: Stage, metric: str, ids: tuple[str, ...]) -> NDArray[np.float64]:
        counts, own = self.statistics(stage, metric)
        if own == ids:
            return counts
        place = {name: i for i, name in enumerate(own)}
        return counts[[place[name] for name in ids]]
