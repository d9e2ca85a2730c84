"""What a study has in the store: its finished stages as scores and aligned statistics. Torch-free, read-only.

Evidence is found by the plan's keys, so a spec that has changed since has no evidence until it is run again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import plugin
from harness.attacked import CLEAN, Under, placed, share, worst
from harness.errors import SpecError, StoreCorrupt
from harness.estimate import BASIS, estimate
from harness.plan import Plan, PlannedRun
from harness.records import JSON, Manifest, Stage
from harness.spec.attack import FLIPS, NONE, WORST
from harness.spec.catalog import Catalog
from harness.spec.task import TaskSpec
from harness.stats.bootstrap import Cell, resample
from harness.stats.effect import Sample
from harness.store import Store

N_RESAMPLES = 2000

# R replicates, S seeds, N examples, K statistics


@dataclass(frozen=True)
class Arm:
    """One way to train: an encoder and an intermediate arm of a study."""

    encoder: str
    name: str


@dataclass(frozen=True, eq=False)
class Drawn:
    """A target's scores of those arms that are complete on it: columns are its languages, each with so many examples."""

    arms: tuple[Arm, ...]
    languages: tuple[str, ...]
    sample: Sample
    n_examples: tuple[int, ...]


class Evidence:
    """A plan's results, as far as the store has them."""

    def __init__(self, plan: Plan, store: Store, catalog: Catalog, n_resamples: int = N_RESAMPLES) -> None:
        self.plan = plan
        self.n_resamples = n_resamples
        self.store = store
        self.catalog = catalog.for_study(plan.study)
        self._drawn: dict[tuple[str, str, tuple[str, ...], Under], Drawn] = {}
        self._means: dict[tuple[object, ...], Sample] = {}
        self._sound: set[str] = set()
        self._scores: dict[str, list[JSON]] = {}

    @cached_property
    def done(self) -> frozenset[str]:
        """The keys of the plan's stages that are finished."""
        return frozenset(stage.key for stage in self.plan.stages if self.store.has(stage))

    @property
    def arms(self) -> tuple[Arm, ...]:
        """Encoder × intermediate arm, in the study's order."""
        vary = self.plan.study.vary
        return tuple(Arm(encoder, name) for encoder in vary.encoder for name in vary.intermediate)

    def arms_of(self, encoder: str) -> tuple[Arm, ...]:
        """The arms of one encoder, in the study's order."""
        return tuple(arm for arm in self.arms if arm.encoder == encoder)

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

    def attacks(self, target: str) -> tuple[str, ...]:
        """Returns the labels of the attacks that a target is evaluated under, in the study's order."""
        found = tuple(self.run(self.arms[0], target, self.seeds[0]).attacked)
        return (*found, WORST) if len(found) > 1 else found

    def evaluations(
        self, arms: Iterable[Arm], targets: Iterable[str], languages: Sequence[str] = (), attack: str = NONE
    ) -> list[Stage]:
        """Returns the evaluations of arms on targets with all seeds, each once; in some languages, or in all.

        Under an attack those on attacked rows, and those on the same rows as they were, which say what is missing.
        """
        runs = [self.run(arm, target, seed) for arm, target, seed in product(arms, targets, self.seeds)]
        sides = [side for run in runs for side in (run.evaluate, *_under(run, attack))]
        found = (stage for side in sides for x, stage in side.items() if not languages or x in languages)
        return list({stage.key: stage for stage in found}.values())

    def missing(self, arms: Iterable[Arm], targets: Iterable[str], attack: str = NONE) -> list[Stage]:
        """Returns the evaluations that these arms and targets need and the store has not."""
        return [stage for stage in self.evaluations(arms, targets, attack=attack) if stage.key not in self.done]

    def is_complete(self, arm: Arm, target: str, attack: str = NONE) -> bool:
        """Returns whether an arm has been evaluated on a target in all languages with all seeds."""
        return not self.missing([arm], [target], attack)

    def manifest(self, stage: Stage) -> Manifest:
        """Returns the manifest of a finished stage."""
        return self.store.manifest(self.store.path(stage))

    def overview(self, stages: Sequence[Stage]) -> JSON:
        """Returns the state of stages (done, ready or waiting), why, an estimate of each, and totals of what is left."""
        models = {run.encoder_name: self.catalog.model(run.encoder_name) for run in self.plan.runs}
        owner = {
            stage.key: models[run.encoder_name]
            for run in self.plan.runs
            for stage in (run.pretrain, run.intermediate, run.finetune, *run.evaluations)
            if stage
        }
        for (encoder, _, _), stage in self.plan.similarity.items():
            owner |= {corpus.key: models[encoder] for corpus in self.plan.parents(stage)}
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
            for stage in run.evaluations:
                if stage.key in self.done:
                    where = {"encoder": run.encoder_name, "arm": run.arm, "seed": run.spec.seed}
                    rows += [{**where, **score} for score in self.read(stage, "scores.json")]
        return rows

    def similarities(self) -> list[JSON]:
        """Returns every similarity there is: the fields of a Similarity, `encoder`, `arm`, `target` and `language`."""
        rows = []
        for (encoder, arm, target), stage in self.plan.similarity.items():
            if stage.key in self.done:
                where = {"encoder": encoder, "arm": arm, "target": target}
                rows += [{**where, **row} for row in self.read(stage, "similarity.json")]
        return rows

    def scores_of(self, keys: Iterable[str]) -> list[JSON]:
        """Returns the scores of those evaluations that are among some finished stages."""
        wanted = set(keys)
        stages = [stage for stage in self.plan.stages if stage.kind == "evaluate" and stage.key in wanted]
        for stage in stages:
            if stage.key not in self._scores:
                self._scores[stage.key] = self.read(stage, "scores.json")
        return [score for stage in stages for score in self._scores[stage.key]]

    def read(self, stage: Stage, name: str) -> Any:
        """Returns a JSON output of a finished stage."""
        return json.loads((self.store.checked(stage, name) / name).read_bytes())

    def events(self, stage: Stage) -> list[JSON]:
        """Returns the training events of a finished stage."""
        text = (self.store.path(stage) / "events.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def validation(self, arm: Arm, target: str) -> NDArray[np.float64] | None:
        """Returns an arm's source-language validation scores on a target, by seed [S]; none if one is not there."""
        stages = [self.run(arm, target, seed).finetune for seed in self.seeds]
        values = [self.read(s, "scores.json")["validation"] for s in stages if s and s.key in self.done]
        return np.array(values, np.float64) if len(values) == len(self.seeds) else None

    def statistics(self, stage: Stage, metric: str) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
        """Returns per-example statistics [N, K] of a finished evaluation, and the examples' ids (of groups, for some).

        Raises StoreCorrupt if any byte of the evaluation, its predictions among them, is not what was written.
        """
        if stage.key not in self._sound:
            self.store.checked(stage)
            self._sound.add(stage.key)
        found = statistics_in(self.store.path(stage), metric)
        if found is None:
            raise StoreCorrupt(f"{self.store.path(stage)}: no statistics of {metric}; delete it and run the study again")
        return found

    def drawn(self, encoder: str, target: str, metrics: Sequence[str] = (), under: Under = CLEAN) -> Drawn:
        """Returns the scores on a target of all of an encoder's arms that are complete, examples resampled.

        A score is the mean of `metrics`, each of the same draws; the target's own by default. Under an attack only the
        examples that meet its condition count, before and after, and a drop is taken of the same draws.
        """
        wanted = tuple(metrics) or (self.targets[target].metric,)
        place = encoder, target, wanted, under
        if place not in self._drawn:
            own = (arm for arm in self.arms if arm.encoder == encoder)
            arms = tuple(arm for arm in own if self.is_complete(arm, target, under.attack))
            self._drawn[place] = self._resampled(arms, target, wanted, under)
        return self._drawn[place]

    def _resampled(self, arms: tuple[Arm, ...], target: str, metrics: tuple[str, ...], under: Under) -> Drawn:
        languages, n_seeds = self.languages(target), len(self.seeds)
        if not arms or not languages:
            empty = Sample(np.empty((n_seeds, 0, 0)), np.empty((self.n_resamples, n_seeds, 0, 0)))
            return Drawn((), languages, empty, (0,) * len(languages))
        # Languages that share no examples are drawn one by one: a hundred thousand examples of all arms and seeds fill
        # the memory.
        together = [languages] if self.targets[target].parallel else [(language,) for language in languages]
        n_examples: list[int] = []
        parts = []
        for own in together:
            cells, n = self._sides(arms, target, own, metrics, under)
            n_examples += n
            drawn = resample([cell for side in cells for cell in side], n_resamples=self.n_resamples)
            sides = [a.reshape(*a.shape[:-1], len(cells), -1, len(own)).mean(-2) for a in drawn]
            parts.append([side[..., 0, :] - side[..., 1, :] if len(cells) > 1 else side[..., 0, :] for side in sides])
        by_seed, replicates = (np.concatenate(found, axis=-1) for found in zip(*parts, strict=True))
        return Drawn(arms, languages, Sample(by_seed, replicates), tuple(n_examples))

    def means(
        self,
        encoder: str,
        targets: Sequence[str],
        metrics: Mapping[str, Sequence[str]] | None = None,
        languages: Sequence[str] = (),
        under: Under = CLEAN,
    ) -> Sample:
        """Returns the scores of all of an encoder's arms in the study's order; columns are targets, means over languages.

        `metrics` are those of each target whose mean it is scored by, if not its own alone; `languages` those of the mean,
        all by default. nan where an arm is not complete on a target, or a target has none of the languages.
        """
        scored = {target: tuple((metrics or {}).get(target, ())) for target in targets}
        place = (encoder, tuple(scored.items()), tuple(languages), under)
        if place not in self._means:
            arms = self.arms_of(encoder)
            by_seed = np.full((len(self.seeds), len(arms), len(targets)), np.nan)
            replicates = np.full((self.n_resamples, *by_seed.shape), np.nan, np.float32)
            for t, target in enumerate(targets):
                drawn = self.drawn(encoder, target, scored[target], under)
                columns = [i for i, language in enumerate(drawn.languages) if not languages or language in languages]
                for a, arm in enumerate(drawn.arms if columns else ()):
                    by_seed[:, arms.index(arm), t] = drawn.sample.by_seed[:, a, columns].mean(-1)
                    replicates[..., arms.index(arm), t] = drawn.sample.replicates[:, :, a, columns].mean(-1)
            self._means[place] = Sample(by_seed, replicates)
        return self._means[place]

    def _sides(
        self, arms: Sequence[Arm], target: str, languages: Sequence[str], metrics: Sequence[str], under: Under
    ) -> tuple[list[list[Cell]], list[int]]:
        """Returns the cells [metrics × languages] whose scores count, and for a drop first those that it is taken from.

        Beside them how many examples each language has. An example that does not meet an attack's condition stays, with
        nothing to count, so that the same examples are drawn in every language.
        """
        clean = [cell for metric in metrics for cell in self.cells(arms, target, languages, metric)]
        if under.attack == NONE:
            return [clean], [len(cell.ids) for cell in clean[: len(languages)]]
        hit, found, n = [], [], []
        for i, cell in enumerate(clean):
            language, metric = languages[i % len(languages)], metrics[i // len(languages)]
            counted = FLIPS if under.quantity == "flips" else metric
            labels = [under.attack] if under.attack != WORST else self.attacks(target)[:-1]
            several = [placed(cell, *self._aligned(arms, target, language, counted, one)) for one in labels]
            counts, met = several[0]
            for other, also in several[1:]:
                counts, met = worst(counts, met, other, also, is_bad=under.quantity == "flips"), met | also
            aggregate = share if under.quantity == "flips" else cell.aggregate
            found.append(replace(cell, statistics=counts, aggregate=aggregate))
            hit.append(replace(cell, statistics=cell.statistics * met[:, None]))
            n.append(int(met.sum()))
        return ([hit, found] if under.quantity == "drop" else [found]), n[: len(languages)]

    def cells(self, arms: Sequence[Arm], target: str, languages: Sequence[str], metric: str | None = None) -> list[Cell]:
        """Returns a Cell [A, S, N, K] for each language of a target, rows matched by id; of its own metric by default.

        Raises SpecError if the target is parallel and its languages do not have the same examples.
        """
        metric = metric or self.targets[target].metric
        aggregate = plugin.load("harness.metrics", metric).aggregate
        cells: list[Cell] = []
        for language in languages:
            counts, ids = self._aligned(arms, target, language, metric)
            if self.targets[target].parallel and cells and set(ids.tolist()) != set(cells[0].ids.tolist()):
                raise SpecError(f"{target} is parallel, but its ids in {language} are not those in {languages[0]}")
            cells.append(Cell(counts, ids, target, aggregate))
        return cells

    def _aligned(
        self, arms: Sequence[Arm], target: str, language: str, metric: str, attack: str = NONE
    ) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
        """Returns statistics [A, S, N, K] and the ids [N] that they are of, rows matched by id."""
        runs = [[self.run(arm, target, seed) for seed in self.seeds] for arm in arms]
        stages = [[(r.evaluate if attack == NONE else r.attacked[attack])[language] for r in row] for row in runs]
        first, ids = self.statistics(stages[0][0], metric)
        counts = np.empty((len(arms), len(self.seeds), *first.shape))
        for a, row in enumerate(stages):
            for s, stage in enumerate(row):
                if stage is stages[0][0]:
                    counts[a, s] = first
                elif s and stage.key == row[0].key:  # untrained, one evaluation serves all seeds
                    counts[a, s] = counts[a, 0]
                else:
                    own, names = self.statistics(stage, metric)
                    counts[a, s] = own if np.array_equal(names, ids) else _in_order(own, names, ids)
        return counts, ids


def _under(run: PlannedRun, attack: str) -> list[dict[str, Stage]]:
    return list(run.attacked.values()) if attack == WORST else [run.attacked[attack]] if attack in run.attacked else []


def statistics_in(folder: Path, metric: str) -> tuple[NDArray[np.float64], NDArray[np.str_]] | None:
    """Returns the statistics [N, K] of a metric in an evaluation's folder, and the ids [N]; none if it was not scored so."""
    with np.load(folder / "statistics.npz", allow_pickle=False) as arrays:
        if metric not in arrays:
            return None
        own = next((name for name in (f"{metric}.ids", "ids") if name in arrays), None)
        return arrays[metric], arrays[own] if own else np.empty(0, np.str_)  # an attack may leave no row


def _in_order(counts: NDArray[np.float64], names: NDArray[np.str_], ids: NDArray[np.str_]) -> NDArray[np.float64]:
    place = {name: i for i, name in enumerate(names.tolist())}
    return counts[[place[name] for name in ids.tolist()]]
