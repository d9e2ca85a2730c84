"""RunSpec → stages. Pure: reads specs, never the store, never data, never torch.

What goes into a stage's params, and so into its key: everything that can change its result (data digests, readers,
options, training, seed, versions, what the parents are) and nothing else (no run name, no URL, no device, no engine).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from harness import plugin
from harness.canon import Address
from harness.data import Description, describe
from harness.records import JSON, Stage
from harness.spec.attack import ATTACKS, label
from harness.spec.catalog import Catalog
from harness.spec.data import Split
from harness.spec.model import ModelSpec
from harness.spec.run import IntermediateSpec, RunSpec
from harness.spec.study import BASELINE, StudySpec
from harness.spec.task import TaskSpec
from harness.spec.training import TrainingSpec

# One draw for all arms and seeds: they are compared on the same attacked rows.
ATTACK_SEED = 1
SIMILARITY_RESAMPLES = 200


@dataclass(frozen=True)
class PlannedRun:
    """The stages of one run. `evaluate` maps a language to its stage, `attacked` an attack's label to such a map."""

    encoder_name: str
    arm: str
    spec: RunSpec
    pretrain: Stage | None
    intermediate: Stage | None
    finetune: Stage | None
    evaluate: dict[str, Stage]
    attacked: dict[str, dict[str, Stage]] = field(default_factory=dict)

    @property
    def evaluations(self) -> list[Stage]:
        """All evaluations of the run: on the rows as they are, then on attacked ones."""
        return [stage for by_language in (self.evaluate, *self.attacked.values()) for stage in by_language.values()]


@dataclass(frozen=True)
class Plan:
    """A study's stages, each once, parents before children; its runs; what stands beside them.

    `trivial` maps a target to its trivial baselines, `similarity` an encoder, an arm and a target to what is alike in their
    texts.
    """

    study: StudySpec
    stages: tuple[Stage, ...]
    runs: tuple[PlannedRun, ...]
    trivial: dict[str, Stage] = field(default_factory=dict)
    similarity: dict[tuple[str, str, str], Stage] = field(default_factory=dict)

    def parents(self, stage: Stage) -> tuple[Stage, ...]:
        """Returns the stages whose outputs a stage reads."""
        return tuple(self._by_key[key] for key in stage.inputs)

    @cached_property
    def _by_key(self) -> dict[Address, Stage]:
        return {stage.key: stage for stage in self.stages}


def make_plan(study: StudySpec, catalog: Catalog, *, limit: int | None = None) -> Plan:
    """Returns the plan of a study. `limit` cuts every stage down to that many rows and steps."""
    if limit:
        study = study.limited(limit)
    catalog = catalog.for_study(study)
    planner = _Planner(catalog, limit)
    languages = languages_of(study, catalog)
    trainers = {name: catalog.trainer(catalog.task(name)).name for name in study.vary.target}
    runs = tuple(planner.run(study, spec) for spec in study.runs(languages, trainers))
    trivial = {}
    for name in study.vary.target:
        stage = planner.trivial(name, study.split, languages[name], study.max_test_examples.get(name))
        if stage:
            trivial[name] = stage
    similarity = {}
    baselines = {(r.encoder_name, r.spec.target, r.spec.seed): r.finetune for r in runs if r.arm == BASELINE}
    for run in runs if study.similarity else ():
        place = (run.encoder_name, run.arm, run.spec.target)
        if run.intermediate and place not in similarity:
            alone = baselines.get((run.encoder_name, run.spec.target, run.spec.seed))
            similarity[place] = planner.similarity(study, run, alone, languages[run.spec.target])
    return Plan(study, tuple(planner.stages.values()), runs, trivial, similarity)


def languages_of(study: StudySpec, catalog: Catalog) -> dict[str, tuple[str, ...]]:
    """Returns the languages in which a study evaluates each target: that it has rows of, and benchmark and study name."""
    catalog = catalog.for_study(study)
    scoring = catalog.benchmark(study.benchmark).scoring if study.benchmark else {}
    found = {}
    for name in study.vary.target:
        task = catalog.task(name)
        wanted = scoring[name].languages if name in scoring else task.languages
        here = [x for x in task.languages if x in wanted and task.rows(study.split, x)]
        found[name] = tuple(x for x in here if not study.languages or x in study.languages)
    return found


def _draws_labels(family: str) -> bool:
    """Tells whether a family's Fisher information can be taken: it draws labels from its own predictions, row by row."""
    options = plugin.load("harness.spec.options", family)
    return getattr(options, "TRAINED", True) and not getattr(options, "POOLED", False) and family != "masked_lm"


class _Planner:
    """Makes stages and keeps each once, in the order in which they are first needed."""

    def __init__(self, catalog: Catalog, limit: int | None) -> None:
        self.catalog = catalog
        self.limit = limit
        self.stages: dict[Address, Stage] = {}
        self._described: dict[tuple[str | None, str, Split, str], Description] = {}

    def _describe(self, task: TaskSpec, split: Split, language: str, catalog: Catalog | None = None) -> Description:
        catalog = catalog or self.catalog
        place = (catalog.edition, task.name, split, language)
        if place not in self._described:
            self._described[place] = describe(task, split, language, catalog.task)
        return self._described[place]

    def _add(self, stage: Stage) -> Stage:
        return self.stages.setdefault(stage.key, stage)

    def run(self, study: StudySpec, spec: RunSpec) -> PlannedRun:
        model = self.catalog.model(spec.encoder)
        task = self.catalog.task(spec.target)
        arm = next((n for n, a in study.intermediate.items() if a is spec.intermediate), BASELINE)
        pretrain = self.pretrain(model) if model.trained else None
        intermediate = self.intermediate(model, pretrain, arm, spec.intermediate, spec.seed) if spec.intermediate else None
        parent = intermediate or pretrain
        finetune = None
        if spec.training:
            finetune = self.finetune(model, parent, arm, self.catalog.trainer(task), spec.training, spec.seed)
            parent = finetune
        evaluate = {language: self.evaluate(model, parent, arm, task, language, spec) for language in spec.evaluate}
        attacked = {
            label(name, strength): {x: self.attacked(stage, name, strength, study, task, x) for x, stage in evaluate.items()}
            for name, strengths in study.attacks.items()
            if task.family in self.catalog.attack(name).families()
            for strength in strengths
        }
        return PlannedRun(spec.encoder, arm, spec, pretrain, intermediate, finetune, evaluate, attacked)

    def attacked(self, clean: Stage, name: str, strength: float, study: StudySpec, task: TaskSpec, language: str) -> Stage:
        """Returns the same evaluation on attacked rows; a row that the attack leaves as it is keeps its prediction."""
        spec = self.catalog.attack(name)
        attack: JSON = {
            "name": name,
            "kind": spec.kind,
            "version": plugin.version(ATTACKS, spec.kind),
            "options": spec.resolved_options().data(),
            "strength": strength,
            "seed": ATTACK_SEED,
        }
        if spec.needs_lexicon():
            parallel = self.catalog.task(study.lexicon or "")
            there = language in parallel.languages and parallel.rows(study.split, language)
            pairs = self._describe(parallel, study.split, language) if there else None
            attack["lexicon"] = {"version": plugin.version("harness", "lexicons"), "pairs": pairs} if pairs else None
        what, rest = clean.label.split(" · ", 1)
        shown = f"{what} {label(name, strength)} · {rest}"
        return self._add(Stage("evaluate", {**clean.params, "attack": attack}, (*clean.inputs, clean.key), shown))

    def pretrain(self, model: ModelSpec) -> Stage:
        trained = model.trained
        assert trained is not None
        task = self.catalog.task(trained.task)
        training = trained.training.limited(self.limit) if self.limit else trained.training
        params = {
            "version": plugin.version("harness.stages", "pretrain"),
            "loop": plugin.version("harness.training", "loop"),
            "precision": model.precision,
            "model_type": trained.model_type,
            "architecture": trained.architecture,
            "tokenizer": trained.tokenizer.data(),
            "task": self._task(task),
            "data": self._data(task, ("train", "validation"), (task.train_language or "en",)),
            "training": training.data(),
            "seed": trained.seed,
        }
        return self._add(Stage("pretrain", params, (), f"pretrain {model.name}"))

    def _encoder(self, model: ModelSpec, parent: Stage | None) -> tuple[JSON, tuple[Address, ...]]:
        """Returns what identifies the encoder a stage starts from: its parent's key, or the published files."""
        if parent:
            return {"from": "parent"}, (parent.key,)
        if model.hub:
            return {"from": "hub", **model.hub.data()}, ()
        packaged = model.packaged
        assert packaged is not None
        return {
            "from": "packaged",
            "weights": packaged.weights.identity,
            "tokenizer": packaged.tokenizer.identity,
            "n_layers": packaged.n_layers,
        }, ()

    def _task(self, task: TaskSpec) -> JSON:
        return {
            "name": task.name,
            "version": task.version,
            "family": task.family,
            "family_version": plugin.version("harness.families", task.family),
            "options": task.resolved_options().data(),
            "labels": list(task.labels),
        }

    def _data(
        self, task: TaskSpec, splits: Iterable[Split], languages: Iterable[str], catalog: Catalog | None = None
    ) -> JSON:
        languages = tuple(languages)
        return {
            split: {x: self._describe(task, split, x, catalog) for x in languages if task.rows(split, x)} for split in splits
        }

    def intermediate(self, model: ModelSpec, parent: Stage | None, arm: str, spec: IntermediateSpec, seed: int) -> Stage:
        encoder, inputs = self._encoder(model, parent)
        tasks = []
        catalog = self.catalog.for_arm(spec)
        for name in spec.tasks:
            task = catalog.task(name)
            split: Split = "intermediate" if task.splits.get("intermediate") else "train"
            languages = spec.translate_to or (task.train_language or "en",)
            data = self._data(task, (split,), languages, catalog)[split]
            tasks.append({"task": self._task(task), "train": data})
        mlm = None
        if spec.mlm:
            task = self.catalog.task(spec.mlm.task)
            train = self._data(task, ("train",), (task.train_language or "en",))["train"]
            mlm = {"task": self._task(task), "train": train, "fraction": spec.mlm.fraction}
        params = {
            "version": plugin.version("harness.stages", "intermediate"),
            "loop": plugin.version("harness.training", "loop"),
            "encoder": encoder,
            "pooling": model.pooling,
            "precision": model.precision,
            "tasks": tasks,
            "mlm": mlm,
            "sampling": spec.sampling,
            "temperature": spec.temperature,
            "training": spec.training.data(),
            "seed": seed,
        }
        return self._add(Stage("intermediate", params, inputs, f"intermediate {arm} · {model.name} · seed {seed}"))

    def finetune(
        self,
        model: ModelSpec,
        parent: Stage | None,
        arm: str,
        task: TaskSpec,
        training: TrainingSpec,
        seed: int,
    ) -> Stage:
        encoder, inputs = self._encoder(model, parent)
        params = {
            "version": plugin.version("harness.stages", "finetune"),
            "loop": plugin.version("harness.training", "loop"),
            "encoder": encoder,
            "pooling": model.pooling,
            "precision": model.precision,
            "task": self._task(task),
            "data": self._data(task, ("train", "validation"), (task.train_language or "en",)),
            "metric": self._metric(task.metric),
            "training": training.data(),
            "seed": seed,
        }
        return self._add(Stage("finetune", params, inputs, f"finetune {task.name} · {arm} · {model.name} · seed {seed}"))

    def _metric(self, name: str) -> JSON:
        return {"name": name, "version": plugin.version("harness.metrics", name)}

    def evaluate(
        self, model: ModelSpec, parent: Stage | None, arm: str, task: TaskSpec, language: str, spec: RunSpec
    ) -> Stage:
        encoder, inputs = self._encoder(model, parent)
        params = {
            "version": plugin.version("harness.stages", "evaluate"),
            "encoder": encoder,
            "precision": model.precision,
            "task": self._task(task),
            "language": language,
            "split": spec.split,
            "attack": "none",
            "data": self._describe(task, spec.split, language),
            "max_examples": spec.max_test_examples,
            "metrics": [self._metric(name) for name in task.metrics],
        }
        if spec.training:
            params["pooling"] = model.pooling
        else:
            params["retrieval"] = model.retrieval.data()
        needs = plugin.load("harness.spec.options", task.family)
        if getattr(needs, "POOLED", False):
            params["pool"] = self._data(task, (spec.split,), task.languages)[spec.split]
            if task.splits.get("candidates"):
                params |= self._data(task, ("candidates",), task.splits["candidates"])
        if getattr(needs, "TUNED", False):
            params["tuning"] = self._describe(task, "validation", language)
        label = f"evaluate {task.name} {language} · {arm} · {model.name} · seed {spec.seed}"
        return self._add(Stage("evaluate", params, inputs, label))

    def similarity(self, study: StudySpec, run: PlannedRun, alone: Stage | None, languages: tuple[str, ...]) -> Stage:
        """Returns what holds an arm's texts against a target's. `alone` is the target's fine-tuning without the arm."""
        assert run.intermediate
        model, task = self.catalog.model(run.encoder_name), self.catalog.task(run.spec.target)
        source, split = task.train_language or "en", study.split
        trained = [{"task": entry["task"], "rows": entry["train"]} for entry in run.intermediate.params["tasks"]]
        rows = {"task": self._task(task), "rows": self._data(task, (split,), languages)[split]}
        corpora = [
            self._corpus(run.arm, model, run.pretrain, "intermediate", trained, study.similarity_texts, source),
            self._corpus(task.name, model, run.pretrain, split, [rows], study.similarity_texts),
        ]
        package = "harness.similarity"
        chosen = [m for m in study.similarity if plugin.load(package, m).NEEDS != "fisher"]
        if chosen != list(study.similarity) and alone and all(_draws_labels(e["task"]["family"]) for e in (*trained, rows)):
            chosen, n_rows = list(study.similarity), -(-study.similarity_texts // 5)
            with_heads = [{**entry, "head": f"heads/{entry['task']['name']}.safetensors"} for entry in trained]
            corpora += [
                self._corpus(run.arm, model, run.intermediate, "intermediate", with_heads, n_rows, source),
                self._corpus(task.name, model, alone, split, [{**rows, "head": "head.safetensors"}], n_rows),
            ]
        params = {
            "version": plugin.version("harness.stages", "similarity"),
            "measures": [{"name": m, "version": plugin.version(package, m)} for m in chosen],
            "source": source,
            "n_resamples": SIMILARITY_RESAMPLES,
            "seed": 0,
        }
        keys = tuple(corpus.key for corpus in corpora)
        return self._add(Stage("similarity", params, keys, f"similarity {run.arm} · {task.name} · {model.name}"))

    def _corpus(
        self,
        name: str,
        model: ModelSpec,
        parent: Stage | None,
        split: Split,
        tasks: list[JSON],
        limit: int,
        language: str | None = None,
    ) -> Stage:
        """Returns what reads the texts of tasks: all as one corpus of a language, or a corpus for each language there is.

        Where a task names a head that the parent has, its Fisher information is taken, and else the encoder's features.
        """
        encoder, inputs = self._encoder(model, parent)
        fisher = "head" in tasks[0]
        params = {
            "version": plugin.version("harness.stages", "corpus"),
            "encoder": encoder,
            "precision": model.precision,
            "pooling": model.pooling if fisher else model.retrieval.pooling,
            "layer": None if fisher else model.retrieval.layer,
            "fisher": fisher,
            "tasks": tasks,
            "split": split,
            "language": language,
            "max_examples": limit,
            "seed": 0,
        }
        after = f"after {parent.label}" if fisher and parent else model.name
        return self._add(Stage("corpus", params, inputs, f"corpus {name} · {after}"))

    def trivial(self, name: str, split: Split, languages: tuple[str, ...], limit: int | None) -> Stage | None:
        task = self.catalog.task(name)
        if not task.trivial:
            return None
        params = {
            "version": plugin.version("harness.stages", "trivial"),
            "task": self._task(task),
            "split": split,
            "attack": "none",
            "baselines": [{"name": b, "version": plugin.version("harness.trivial", b)} for b in task.trivial],
            "train": self._data(self.catalog.trainer(task), ("train",), (task.train_language or "en",))["train"],
            "data": self._data(task, (split,), languages)[split],
            "max_examples": limit,
            "metrics": [self._metric(metric) for metric in task.metrics],
        }
        return self._add(Stage("trivial", params, (), f"trivial baselines {name}"))
