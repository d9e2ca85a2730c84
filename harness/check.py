"""Deep checks of specs: names resolve, families accept what they are given, claims ask for arms that a study has.

`document.load` sees one file; here a file is held against the catalogue. Every problem is found, not only the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness import data, fillable, plugin, reference
from harness.errors import Problem, SpecError
from harness.evidence import Evidence
from harness.plan import Plan
from harness.selection import View
from harness.spec import document
from harness.spec.attack import ATTACKS, AttackSpec
from harness.spec.base import Spec
from harness.spec.benchmark import BenchmarkSpec
from harness.spec.catalog import FOLDERS, Catalog
from harness.spec.claim import ClaimsSpec
from harness.spec.data import Rows, Split
from harness.spec.document import Loc
from harness.spec.model import ModelSpec
from harness.spec.reference import ReferenceSpec
from harness.spec.run import IntermediateSpec
from harness.spec.study import StudySpec
from harness.spec.task import TaskSpec
from harness.store import Store

Found = Iterator[tuple[Loc, str, str]]
KINDS: dict[str, type[Spec]] = {
    "study": StudySpec,
    "task": TaskSpec,
    "model": ModelSpec,
    "attack": AttackSpec,
    "benchmark": BenchmarkSpec,
    "reference": ReferenceSpec,
    "claims": ClaimsSpec,
}
# A field that only one kind of file has, for files that lie outside `specs/`.
MARKS = {
    "claims": "claims",
    "vary": "study",
    "family": "task",
    "groups": "benchmark",
    "systems": "reference",
    "n_parameters": "model",
    "kind": "attack",
}
FITTING = {
    "sequence_classification": ("accuracy",),
    "multiple_choice": ("accuracy",),
    "sentence_retrieval": ("accuracy",),
    "bitext_mining": ("bitext_f1",),
    "passage_retrieval": ("mean_average_precision",),
    "token_classification": ("chunk_f1", "token_accuracy", "upos_f1", "upos_f1_v0"),
    "extractive_qa": ("squad_f1", "squad_exact_match", "mlqa_f1", "mlqa_exact_match", "checklist_error"),
    "masked_lm": (),
}


def is_trained(family: str) -> bool:
    """Tells whether a family has a loss; one that has none is evaluated with the phase-(ii) encoder as it is."""
    return bool(getattr(plugin.load("harness.spec.options", family), "TRAINED", True))


def check_all(paths: Sequence[Path], catalog: Catalog) -> int:
    """Checks files; returns how many. Raises SpecError with every problem in all of them."""
    problems: list[Problem] = []
    for path in paths:
        try:
            problems += check(path, catalog)
        except SpecError as error:
            problems += error.problems or [Problem(str(path), None, "", str(error))]
    if problems:
        raise SpecError(dict.fromkeys(problems))
    return len(paths)


def kind_of(path: Path) -> str:
    """Returns what kind of spec a file is, by its folder or by its fields. Raises SpecError if neither tells."""
    models = {model: kind for kind, model in KINDS.items()}
    if path.parent.name in FOLDERS:
        return models[FOLDERS[path.parent.name]]
    found, _ = document.read(path)
    known = [kind for mark, kind in MARKS.items() if isinstance(found, dict) and mark in found]
    if known:
        return known[0]
    if path.stem.startswith("claims"):
        return "claims"
    hint = f"a {', '.join(KINDS)} lies under specs/ or has one of the fields {', '.join(MARKS)}"
    raise SpecError([Problem(str(path), 1, "", "cannot tell what kind of spec this is", hint)])


def check(path: Path, catalog: Catalog) -> list[Problem]:
    """Returns what is wrong with a file beyond its form. Raises SpecError if its form is wrong."""
    kind = kind_of(path)
    spec = document.load(path, KINDS[kind])
    _, lines = document.read(path)
    rules: dict[str, Callable[[Any, Catalog], Found]] = {
        "study": _study,
        "task": _task,
        "model": _model,
        "attack": _attack,
        "benchmark": lambda *_: iter(()),
        "reference": reference.faults,
        "claims": _claims,
    }
    found = list(rules[kind](spec, catalog))
    name = getattr(spec, "name", path.stem)
    if name != path.stem:
        found.append((("name",), f"{name!r} is not the file's name", f"rename the file to {name}.yaml, or the field"))
    return [Problem(str(path), document.line_of(loc, lines), document.dotted(loc), *rest) for loc, *rest in found]


def _known(loc: Loc, kind: str, name: str, names: Sequence[str]) -> Found:
    if name not in names:
        yield loc, f"no {kind} {name!r}", plugin.near(name, names)


def _task(task: TaskSpec, catalog: Catalog) -> Found:
    for field in ("benchmarks", "languages", "labels", "metrics", "trivial", "proxy_for"):
        values = getattr(task, field)
        doubled = [i for i, value in enumerate(values) if value in values[:i]]
        yield from (((field, i), f"{values[i]!r} stands here twice", "") for i in doubled)
    for i, metric in enumerate(task.metrics):
        yield from _known(("metrics", i), "metric", metric, plugin.names("harness.metrics"))
        if metric in plugin.names("harness.metrics") and metric not in FITTING.get(task.family, (metric,)):
            fitting = ", ".join(FITTING[task.family]) or "none"
            yield ("metrics", i), f"{metric!r} does not score {task.family}", f"it takes {fitting}"
    for i, baseline in enumerate(task.trivial):
        yield from _known(("trivial", i), "trivial baseline", baseline, plugin.names("harness.trivial"))
    needs_labels = task.family in ("sequence_classification", "token_classification")
    if needs_labels and len(task.labels) < 2:
        yield ("labels",), f"{task.family} needs at least two labels", "list them in a fixed order"
    yield from _finetuned_as(task, catalog)
    yield from _splits(task, (), catalog)
    for name in task.editions:
        yield from _splits(task.in_edition(name), ("editions", name), catalog.in_edition(name))


def _finetuned_as(task: TaskSpec, catalog: Catalog) -> Found:
    loc: Loc = ("finetuned_as",)
    if task.finetuned_as is None:
        return
    yield from _trainable(loc, task.finetuned_as, catalog, family=task.family)
    if task.finetuned_as in catalog.names("tasks") and catalog.trainer(task).labels != task.labels:
        yield loc, f"{task.finetuned_as!r} has other labels", "one head serves both: the same labels in the same order"


def _splits(task: TaskSpec, above: Loc, catalog: Catalog) -> Found:
    """Checks the sources of a task, or of one of its editions, which stand in the file under `above`."""
    train = _training_rows(task)
    if task.role in ("both", "intermediate", "pretraining") and not train:
        yield (*above, "splits"), f"a task of role {task.role} needs a train split", ""
    if train and task.train_language not in train:
        there = f"there is {', '.join(sorted(train))}"
        yield ("train_language",), f"no training rows in {task.train_language!r}", there
    is_tuned = getattr(plugin.load("harness.spec.options", task.family), "TUNED", False)
    for language in task.splits.get("test", {}):
        loc = (*above, "splits", "test", language)
        yield from _known(loc, "language", language, task.languages)
        if is_tuned and not task.rows("validation", language):
            yield loc, f"no validation rows in {language!r}", f"{task.family} is tuned on them"
    if task.reader:
        yield from _reader((*above, "reader"), task.reader)
    for split, languages in task.splits.items():
        for language, parts in languages.items():
            for i, rows in enumerate(parts):
                yield from _rows((*above, "splits", split, language, i), rows)
            apart = next((i for i, rows in enumerate(parts) if rows.disjoint_from), None)
            if apart is not None:
                kept: Loc = (*above, "splits", split, language, apart, "disjoint_from")
                yield from _kept_apart(kept, task, split, language, catalog)


def _training_rows(task: TaskSpec) -> Mapping[str, Any]:
    """Returns what a task gives to intermediate training, by language; empty if it has nothing to train on."""
    return task.splits.get("intermediate") or task.splits.get("train") or {}


def _kept_apart(loc: Loc, task: TaskSpec, split: Split, language: str, catalog: Catalog) -> Found:
    """Follows `disjoint_from` to its end, which must be there and must not be where it began."""
    try:
        data.describe(task, split, language, lambda name: task if name == task.name else catalog.task(name))
    except SpecError as error:
        yield loc, str(error), ""


def _reader(loc: Loc, reader: Any) -> Found:
    names = plugin.names("harness.readers")
    if reader.name not in names:
        yield from _known((*loc, "name"), "reader", reader.name, names)
        return
    try:
        data.reader_options(reader)
    except SpecError as error:
        yield (*loc, "options"), str(error), ""


def _rows(loc: Loc, rows: Rows) -> Found:
    stop = rows.n if rows.stop is None else rows.stop
    if stop is not None and (rows.start >= stop or (rows.n or stop) < stop):
        yield loc, f"no slice {rows.start}:{rows.stop} of {rows.n or 'these'} rows", ""
    if rows.reader:
        yield from _reader((*loc, "reader"), rows.reader)
    for i, file in enumerate(rows.files):
        if file.generated:
            from harness.generator import FILES

            yield from _known((*loc, "files", i, "generated"), "generated file", file.generated, FILES)


def _seed(loc: Loc, seed: int) -> Found:
    if seed < 0:
        yield loc, f"{seed} is no seed", "seeds are whole numbers from 0"


def _model(model: ModelSpec, catalog: Catalog) -> Found:
    if not model.trained:
        return
    yield from _seed(("trained", "seed"), model.trained.seed)
    yield from _trainable(("trained", "task"), model.trained.task, catalog, family="masked_lm")
    layers = model.trained.architecture.get("num_hidden_layers")
    layer = model.retrieval.layer
    if isinstance(layers, int) and layer is not None and layer > layers:
        yield ("retrieval", "layer"), f"layer {layer} of an encoder with {layers} layers", f"0 to {layers}"


def _attack(attack: AttackSpec, catalog: Catalog) -> Found:
    yield from _known(("kind",), "attack", attack.kind, plugin.names(ATTACKS))
    if attack.kind in plugin.names(ATTACKS):
        try:
            attack.resolved_options()
        except SpecError as error:
            yield ("options",), str(error).removeprefix("options."), ""


def _trainable(loc: Loc, name: str, catalog: Catalog, family: str | None = None) -> Found:
    yield from _known(loc, "task", name, catalog.names("tasks"))
    if name not in catalog.names("tasks"):
        return
    task = catalog.task(name)
    if family and task.family != family:
        yield loc, f"{name!r} is a task of {task.family}", f"here a {family} task is needed"
    elif not is_trained(task.family):
        yield loc, f"{name!r} is {task.family}: it has no loss and cannot be trained on", ""
    elif not _training_rows(task):
        yield loc, f"{name!r} has no training rows", f"see {catalog.path('tasks', name)}"


def _study(study: StudySpec, catalog: Catalog) -> Found:
    catalog = catalog.for_study(study)
    if study.edition:
        editions = {name for task in catalog.tasks for name in catalog.editions(task.name)}
        yield from _known(("edition",), "edition of any task", study.edition, sorted(editions))
    if study.benchmark:
        yield from _known(("benchmark",), "benchmark", study.benchmark, catalog.names("benchmarks"))
    for name in study.options:
        yield from _known(("options", name), "task of this study", name, catalog.read_by(study))
        if name in catalog.names("tasks") and (problem := catalog.task(name).options_problem()):
            yield ("options", name), problem, ""
    for i, seed in enumerate(study.vary.seed):
        yield from _seed(("vary", "seed", i), seed)
    for i, encoder in enumerate(study.vary.encoder):
        yield from _known(("vary", "encoder", i), "encoder", encoder, catalog.names("models"))
    yield from _targets(study, catalog)
    for arm in study.intermediate:
        yield from _arm(("intermediate", arm), study.intermediate[arm], catalog)
    yield from _attacks(study, catalog)
    yield from _similarity(study, catalog)


def _similarity(study: StudySpec, catalog: Catalog) -> Found:
    for i, name in enumerate(study.similarity):
        loc: Loc = ("similarity", i)
        yield from _known(loc, "measure", name, plugin.names("harness.similarity"))


def _attacks(study: StudySpec, catalog: Catalog) -> Found:
    families = {catalog.task(name).family for name in study.vary.target if name in catalog.names("tasks")}
    if study.lexicon:
        yield from _known(("lexicon",), "task", study.lexicon, catalog.names("tasks"))
    for name in study.attacks:
        loc: Loc = ("attacks", name)
        yield from _known(loc, "attack", name, catalog.names("attacks"))
        if name not in catalog.names("attacks") or catalog.attack(name).kind not in plugin.names(ATTACKS):
            continue
        attack = catalog.attack(name)
        if not families & set(attack.families()):
            yield loc, f"{name!r} attacks no target of this study", f"it takes {', '.join(attack.families())}"
        if attack.needs_lexicon() and not study.lexicon:
            yield loc, f"{name!r} takes words from a lexicon", "name the task of parallel sentences under `lexicon`"


def _targets(study: StudySpec, catalog: Catalog) -> Found:
    known: set[str] = set()
    trainers: list[str] = []
    for i, name in enumerate(study.vary.target):
        loc: Loc = ("vary", "target", i)
        yield from _known(loc, "task", name, catalog.names("tasks"))
        if name not in catalog.names("tasks"):
            continue
        task = catalog.task(name)
        if task.role not in ("target", "both"):
            yield loc, f"{name!r} has the role {task.role}", "it cannot be evaluated"
        trainer = catalog.trainer(task).name
        trainers.append(trainer)
        if is_trained(task.family) and trainer not in study.training:
            yield loc, f"{trainer!r} has no entry under `training`", f"say how {name} is fine-tuned"
        if trainer in study.training:
            yield from _trainable(("training", trainer), trainer, catalog)
        there = [language for language in task.languages if task.rows(study.split, language)]
        known.update(there)
        if not there:
            yield loc, f"{name!r} has no {study.split} rows", f"it has {', '.join(task.splits)}"
        elif study.languages and not set(study.languages) & set(there):
            yield ("languages",), f"none of these is a language of {name!r}", f"it has {', '.join(there)}"
    for name in study.training:
        if name not in trainers:
            yield ("training", name), "not a target, nor what one is fine-tuned as", plugin.near(name, trainers)
    for i, language in enumerate(study.languages if known else ()):
        yield from _known(("languages", i), "language of any target", language, sorted(known))


def _arm(loc: Loc, spec: IntermediateSpec, catalog: Catalog) -> Found:
    if spec.edition:
        editions = {edition for n in spec.tasks if n in catalog.names("tasks") for edition in catalog.editions(n)}
        yield from _known((*loc, "edition"), "edition of its tasks", spec.edition, sorted(editions))
        catalog = catalog.for_arm(spec)
    for i, name in enumerate(spec.tasks):
        yield from _trainable((*loc, "tasks", i), name, catalog)
        rows = _training_rows(catalog.task(name)) if name in catalog.names("tasks") else spec.translate_to
        there = ", ".join(sorted(rows))
        for j, language in enumerate(spec.translate_to):
            if language not in rows:
                yield (*loc, "translate_to", j), f"{name!r} has no {language} translation", f"there is {there}"
    if spec.training.early_stopping:
        where = (*loc, "training", "early_stopping")
        yield where, "intermediate training has no early stopping", "give its length by epochs or max_steps"
    if spec.mlm:
        yield from _trainable((*loc, "mlm", "task"), spec.mlm.task, catalog, family="masked_lm")


def _claims(claims: ClaimsSpec, catalog: Catalog) -> Found:
    yield from _known(("benchmark",), "benchmark", claims.benchmark, catalog.names("benchmarks"))
    if claims.benchmark not in catalog.names("benchmarks"):
        return
    benchmark = catalog.benchmark(claims.benchmark)
    try:
        views = _views(claims, benchmark, catalog)
    except SpecError:
        return  # reported for its own file; what a broken study could fill cannot be told
    yield from fillable.faults(claims, views, catalog)


def _views(claims: ClaimsSpec, benchmark: BenchmarkSpec, catalog: Catalog) -> list[View]:
    """Returns a view of every study. Raises SpecError if one of them is wrong."""
    views = []
    for name in catalog.names("studies"):
        study = catalog.study(name)
        for loc, message, _ in _study(study, catalog):
            raise SpecError(f"{catalog.path('studies', name)}: {document.dotted(loc)}: {message}")
        views.append(View(Evidence(Plan(study, (), ()), Store(Path()), catalog), study.vary.encoder[0], claims, benchmark))
    return views
