"""A study's predictions as a leaderboard's folder: `<task>/test-<language>` files of one encoder, arm and seed.

Examples stand in the order of the store's predictions. For retrieval by index that order is the numbering too: the
answer to a line is the number, from 0, of a foreign line in the same order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from harness import plugin
from harness.errors import EvidenceMissing, HarnessError, SpecError
from harness.evidence import Arm, Evidence
from harness.leaderboard import place, write_gold, write_predictions
from harness.plan import PlannedRun
from harness.records import JSON, Stage
from harness.spec.benchmark import FITTING, Format
from harness.spec.catalog import Catalog
from harness.spec.task import TaskSpec

RECORD = "submission.json"
FORMATS: dict[str, Format] = {
    "sequence_classification": "labels",
    "multiple_choice": "choices",
    "token_classification": "tags",
    "extractive_qa": "squad",
    "sentence_retrieval": "labels",
    "bitext_mining": "pairs",
    "passage_retrieval": "rankings",
}
T = TypeVar("T", str, int)


@dataclass(frozen=True)
class Choice:
    """Which runs of a study are handed in; what is none is the study's first."""

    encoder: str | None = None
    arm: str | None = None
    seed: int | None = None


@dataclass(frozen=True)
class Table:
    """The predictions of one finished evaluation."""

    ids: list[str]
    gold: list[Any]
    predicted: list[Any]


def choose(evidence: Evidence, choice: Choice) -> tuple[Arm, int]:
    """Returns the arm and the seed that are asked for. Raises SpecError, with what there is, for one the study lacks."""
    vary = evidence.plan.study.vary
    encoder = _one("encoder", choice.encoder, vary.encoder)
    arm = _one("arm", choice.arm, vary.intermediate)
    return Arm(encoder, arm), _one("seed", choice.seed, vary.seed)


def write(evidence: Evidence, out: Path, choice: Choice, *, labels: Path | None = None, command: str = "") -> list[Path]:
    """Writes the files of every target and language, and the gold beside them if `labels` is given. Returns the files.

    Args:
        evidence: the study and its store.
        out: a folder that is empty or not there yet; likewise `labels`.
        choice: encoder, arm and seed.
        labels: where the gold goes, in the same layout.
        command: what runs the study, for the message if something is not finished.

    Raises:
        EvidenceMissing: a target or a language is not finished.
        SpecError: a folder has something in it or is given twice, or there is no such arm or seed.
    """
    arm, seed = choose(evidence, choice)
    if labels and labels.resolve() == out.resolve():
        raise SpecError(f"{out}: predictions and gold have the same names; give the gold another folder")
    runs = [evidence.run(arm, target, seed) for target in evidence.targets]
    _all_finished(evidence, runs, command)
    for folder in (out, labels):
        if folder and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise SpecError(f"{folder}: there is something in it already; give a new folder, or empty this one")
    written: list[Path] = []
    files: JSON = {}
    for run in runs:
        task = evidence.targets[run.spec.target]
        form = format_of(task, evidence.catalog)
        for language, stage in run.evaluate.items():
            table = _read(evidence, stage, task, form)
            path = place(out, task.name, language, form)
            write_predictions(path, form, table.ids, table.predicted)
            written.append(path)
            if labels:
                gold = place(labels, task.name, language, form)
                write_gold(gold, form, table.ids, table.gold)
                written.append(gold)
            scores = evidence.read(stage, "scores.json")
            signatures = {s["metric"]: s["signature"] for s in scores}
            files[path.relative_to(out).as_posix()] = {"stage": stage.key, "n": len(table.ids), "signatures": signatures}
    study = evidence.plan.study.name
    record = {"schema_version": 1, "study": study, "encoder": arm.encoder, "arm": arm.name, "seed": seed, "files": files}
    (out / RECORD).write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return [*written, out / RECORD]


def format_of(task: TaskSpec, catalog: Catalog) -> Format:
    """Returns the format of a task's files: that of a benchmark which scores it alike, else that of its family.

    Raises:
        SpecError: no leaderboard's format fits the family.
    """
    for name in catalog.names("benchmarks"):
        scoring = catalog.benchmark(name).scoring.get(task.name)
        if scoring and task.metric in FITTING[scoring.format]:
            return scoring.format
    if task.metric == "bitext_f1":
        return "pairs"
    if task.family not in FORMATS:
        raise SpecError(f"{task.name}: a task of {task.family} has no place on a leaderboard")
    return FORMATS[task.family]


def _one(what: str, wanted: T | None, there: Sequence[T]) -> T:
    if wanted is None:
        return there[0]
    if wanted not in there:
        raise SpecError(f"--{what} {wanted}: the study has no such {what}: {plugin.near(str(wanted), map(str, there))}")
    return wanted


def _all_finished(evidence: Evidence, runs: Iterable[PlannedRun], command: str) -> None:
    missing = [stage for run in runs for stage in run.evaluate.values() if stage.key not in evidence.done]
    if missing:
        shown = "".join(f"\n  {stage.label}" for stage in missing[:5])
        more = f"\n  and {len(missing) - 5} more" if len(missing) > 5 else ""
        only = f" --only '{missing[0].label}'" if len(missing) == 1 else ""
        many = f"{len(missing)} evaluations are" if len(missing) > 1 else "an evaluation is"
        raise EvidenceMissing(f"{many} not finished:{shown}{more}\nnext: {command}{only}")


def _read(evidence: Evidence, stage: Stage, task: TaskSpec, form: Format) -> Table:
    """Returns the predictions of a finished evaluation, as the metrics took them."""
    import pyarrow.parquet

    path = evidence.store.path(stage) / "predictions.parquet"
    columns = pyarrow.parquet.read_table(path).to_pydict()
    ids, gold, predicted = columns["id"], columns["gold"], columns["prediction"]
    if len(set(ids)) != len(ids):
        raise HarnessError(f"{path}: an id stands in two rows, so no file by id can be made of it")
    if form in ("tags", "pairs", "rankings"):
        gold, predicted = _lists(gold, path), _lists(predicted, path)
    elif form == "squad":
        gold = _lists(gold, path)
    elif task.family == "sentence_retrieval":
        number = {name: str(i) for i, name in enumerate(ids)}
        gold, predicted = ([number[name] for name in names] for names in (gold, predicted))
    return Table(ids, gold, predicted)


def _lists(texts: Sequence[str], path: Path) -> list[list[str]]:
    """Returns a column of lists, which the store keeps as JSON."""
    try:
        return [json.loads(text) for text in texts]
    except ValueError:
        raise HarnessError(
            f"{path}: no lists in it, as a file of this task's format needs; see harness.leaderboard"
        ) from None
