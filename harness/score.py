"""Folders of predictions and of gold → the benchmark's numbers: what XTREME's `evaluate.py` gives, under the same names.

Tasks that a folder lacks are left out; the score of a group, and that of all tasks, is there only where all of its tasks
are. Source: google-research/xtreme, `evaluate.py` at 838c13b69daafb9328785d16caae2711e4012123.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import plugin
from harness.errors import SpecError
from harness.leaderboard import Matched, match, place
from harness.records import JSON
from harness.spec.benchmark import BenchmarkSpec, Scoring

METRICS = "harness.metrics"
UPOS = "upos_f1"
POS_SCORERS = {"seqeval-1.2.2": UPOS, "seqeval-0.0.12": "upos_f1_v0", "accuracy": "token_accuracy"}
# What evaluate.py calls each metric's value.
NAMES = {
    "accuracy": "accuracy",
    "token_accuracy": "accuracy",
    "squad_exact_match": "exact_match",
    "squad_f1": "f1",
    "mlqa_exact_match": "exact_match",
    "mlqa_f1": "f1",
    "mean_average_precision": "map@20",
    "chunk_f1": "f1",
    "upos_f1": "f1",
    "upos_f1_v0": "f1",
    "bitext_f1": "f1",
}
# Metrics of tp, fp and fn; precision and recall stand beside them.
COUNTS = ("chunk_f1", "upos_f1", "upos_f1_v0", "bitext_f1")


@dataclass(frozen=True)
class Request:
    """What to score. `partial` takes the languages that the predictions have, and averages no group over such a task."""

    predictions: Path
    labels: Path
    pos_scorer: str = "seqeval-1.2.2"
    partial: bool = False


def score(benchmark: BenchmarkSpec, request: Request, notes: Callable[[str], None]) -> JSON:
    """Returns the document of `harness score --json`. `notes` gets what is worth a line but no error.

    Raises:
        SpecError: a folder or file is missing or wrong, or the two folders share no task of the benchmark.
    """
    if request.pos_scorer not in POS_SCORERS:
        raise SpecError(f"--pos-scorer {request.pos_scorer}: {plugin.near(request.pos_scorer, POS_SCORERS)}")
    present = _present(benchmark, request, notes)
    tasks: dict[str, JSON] = {}
    signatures: dict[str, JSON] = {}
    incomplete: dict[str, list[str]] = {}
    for task in present:
        metrics = [POS_SCORERS[request.pos_scorer] if m == UPOS else m for m in benchmark.scoring[task].metrics]
        languages, missing = _languages(task, benchmark.scoring[task], request)
        if missing:
            incomplete[task] = missing
        tasks[task] = _task(task, benchmark.scoring[task], metrics, languages, request, notes)
        signatures[task] = {NAMES[m]: _signature(benchmark.name, task, m) for m in metrics}
    whole = {task: scores["avg_metric"] for task, scores in tasks.items() if task not in incomplete}
    document: JSON = {
        "schema_version": 1,
        "benchmark": benchmark.name,
        "tasks": tasks,
        "groups": {
            group: _mean([whole[t] for t in own]) for group, own in benchmark.groups.items() if set(own) <= set(whole)
        },
    }
    if set(benchmark.tasks) <= set(whole):
        document["all_task"] = _mean([whole[task] for task in benchmark.tasks])
    if benchmark.rule:
        document["rule"] = f"{benchmark.name} v{benchmark.rule.version}: {benchmark.rule.statement}"
    if incomplete:
        document["incomplete"] = incomplete
    return {**document, "pos_scorer": request.pos_scorer, "signatures": signatures}


def _present(benchmark: BenchmarkSpec, request: Request, notes: Callable[[str], None]) -> list[str]:
    """Returns the tasks that both folders have, in the benchmark's order."""
    if not benchmark.scoring:
        raise SpecError(f"{benchmark.name} does not say how it is scored: give its spec a field `scoring`")
    names = []
    for option, folder in (("--predictions", request.predictions), ("--labels", request.labels)):
        if not folder.is_dir():
            raise SpecError(
                f"{option} {folder}: no such folder; it holds a folder for each task, such as {_example(benchmark)}"
            )
        names.append({path.name for path in folder.iterdir() if path.is_dir()})
    present = [task for task in benchmark.scoring if task in names[0] & names[1]]
    if not present:
        raise SpecError(
            f"{request.predictions} and {request.labels} share no task of {benchmark.name}: folders are named "
            f"{', '.join(benchmark.scoring)}, and hold files such as {_example(benchmark)}"
        )
    for name in sorted(names[0] - set(present)):
        why = "has no gold in --labels" if name in benchmark.scoring else f"is no task of {benchmark.name}"
        notes(f"left out: {request.predictions / name} {why}")
    return present


def _example(benchmark: BenchmarkSpec) -> Path:
    task, scoring = next(iter(benchmark.scoring.items()))
    return place(Path(), task, scoring.languages[0], scoring.format)


def _languages(task: str, scoring: Scoring, request: Request) -> tuple[list[str], list[str]]:
    """Returns the languages to score and those that are missing. Raises SpecError for the latter unless `partial`."""
    there: list[str] = []
    missing: list[str] = []
    for language in scoring.languages:
        files = [place(folder, task, language, scoring.format) for folder in (request.predictions, request.labels)]
        absent = [str(path) for path in files if not path.is_file()]
        if absent and not request.partial:
            raise SpecError(
                f"{absent[0]}: no such file, and {task} is scored in {', '.join(scoring.languages)}; add it, take the "
                f"folder {task} away, or score what is there with --partial"
            )
        (missing if absent else there).append(language)
    if not there:
        raise SpecError(
            f"{request.predictions / task}: none of the languages {', '.join(scoring.languages)} is in both folders"
        )
    return there, missing


def _task(
    task: str,
    scoring: Scoring,
    metrics: Sequence[str],
    languages: Sequence[str],
    request: Request,
    notes: Callable[[str], None],
) -> JSON:
    """Returns a task's values by name and language, their means, and `avg_metric`."""
    values: dict[str, dict[str, float]] = {}
    folders = (request.predictions, request.labels)
    for language in languages:
        predictions, labels = (place(folder, task, language, scoring.format) for folder in folders)
        matched = match(predictions, labels, scoring.format)
        if matched.n_missing:
            n = matched.n_missing + len(matched.gold)
            notes(f"{predictions}: {matched.n_missing} of {n} have no prediction and count as wrong")
        for metric in metrics:
            for name, value in _values(metric, matched, language).items():
                values.setdefault(name, {})[language] = value
    means = {f"avg_{name}": _mean(list(by_language.values())) for name, by_language in values.items()}
    return {**values, **means, "avg_metric": _mean([means[f"avg_{NAMES[metric]}"] for metric in metrics])}


def _values(metric: str, matched: Matched, language: str) -> Mapping[str, float]:
    """Returns a metric's value by evaluate.py's name; with precision and recall where it counts chunks or pairs."""
    module = plugin.load(METRICS, metric)
    try:
        totals = module.statistics(matched.gold, matched.predicted, language=language).sum(0)
    except ValueError as error:
        raise SpecError(f"{metric} in {language!r}: {error}") from None
    if metric in COUNTS:
        found, invented, missed = totals
        precision, recall = _percent(found, found + invented), _percent(found, found + missed)
        return {"f1": _finite(module.aggregate(totals)), "precision": precision, "recall": recall}
    # All other metrics count their examples in the last column.
    unanswered = np.zeros_like(totals)
    unanswered[-1] = matched.n_missing
    return {NAMES[metric]: _finite(module.aggregate(totals + unanswered))}


def _percent(part: float, whole: float) -> float:
    return 100.0 * float(part) / float(whole) if whole else 0.0


def _finite(value: NDArray[np.float64]) -> float:
    """Returns 0 where there was nothing to count, as evaluate.py does."""
    return 0.0 if np.isnan(value) else float(value)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _signature(benchmark: str, task: str, metric: str) -> str:
    return f"task:{task}|metric:{metric}|benchmark:{benchmark}|v:{plugin.version(METRICS, metric)}"


def rows(document: JSON) -> list[list[Any]]:
    """Returns a document as rows of a table: task or group, languages, the values' means, the score."""
    found: list[list[Any]] = []
    for task, scores in document["tasks"].items():
        names = [name for name, by_language in scores.items() if isinstance(by_language, dict)]
        shown = ", ".join(f"{name} {scores[f'avg_{name}']:.2f}" for name in names)
        missing = f" (without {', '.join(document['incomplete'][task])})" if task in document.get("incomplete", {}) else ""
        found.append([task, f"{len(scores[names[0]])}{missing}", shown, f"{scores['avg_metric']:.2f}"])
    found += [[f"group {group}", "", "", f"{value:.2f}"] for group, value in document["groups"].items()]
    if "all_task" in document:
        found.append(["all tasks", "", "", f"{document['all_task']:.2f}"])
    return found
