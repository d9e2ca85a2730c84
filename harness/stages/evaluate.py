"""Phase (iii), second half: one task in one language. Gold and predictions meet here, once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harness import data, encoders, plugin
from harness.canon import address
from harness.encoders import Encoder
from harness.families import Setup
from harness.records import JSON, Score
from harness.spec.model import Retrieval
from harness.stages import Job
from harness.stages._parts import collapse, count, device, family, finite, load_encoder, setup, truncation
from harness.stages.finetune import HEAD

VERSION = 2
_LAST: dict[str, tuple[str, Any]] = {}
PREDICTIONS, STATISTICS, SCORES = "predictions.parquet", "statistics.npz", "scores.json"
TUNED = "tuned.json"


@torch.no_grad()
def run(job: Job) -> list[str]:
    """Writes predictions by example id, per-example statistics of each metric, scores, and what was tuned before."""
    params = job.params
    task, language = params["task"], params["language"]
    module, prepared = family(task), setup(task, params.get("pooling", "first"))
    encoder = _encoder(job)
    rows = _rows(job, params["data"], language)
    features = module.features(rows, encoder, prepared)
    head: Any
    if "retrieval" in params:
        head = Retrieval.model_validate_json(json.dumps(params["retrieval"]))
    else:
        head = module.Head(encoder, prepared).to(device())
        encoders.load_head(head, job.inputs[0] / HEAD)
    if "pool" in params:
        prepared = replace(prepared, index=_index(job, encoder, head, prepared))
    if "tuning" in params:
        tuned = module.tune(encoder, head, _rows(job, params["tuning"], language), prepared)
        (job.out / TUNED).write_text(json.dumps(tuned) + "\n", encoding="utf-8")
        prepared = replace(prepared, tuned=tuned)
    predicted = module.predict(encoder, head, features, rows, prepared)
    gold = module.gold(rows, prepared)
    scored = module.examples(rows) if hasattr(module, "examples") else rows
    write_predictions(job.out / PREDICTIONS, [row["id"] for row in scored], language, gold, predicted)
    write_scores(job.out, params, job.stage.key, scored, {"": (language, gold, predicted)})
    name = f"{task['name']} {language}"
    return truncation(name, features, rows) + (collapse(name, predicted) if "retrieval" not in params else [])


def _rows(job: Job, described: data.Description, language: str) -> list[data.Row]:
    """Returns rows of one language, sampled alike in all: of parallel sets that keeps each row's counterparts."""
    return data.sample(data.load(described, language, job.data), job.params["max_examples"])


def _encoder(job: Job) -> Encoder:
    """Returns the stage's encoder, the last one again if it is the same: the languages of a checkpoint follow each other."""
    encoder: Encoder = _last("encoder", _checkpoint(job), lambda: load_encoder(job))
    return encoder


def _checkpoint(job: Job) -> list[Any]:
    return [job.params["encoder"], job.params["precision"], *job.stage.inputs]


def _index(job: Job, encoder: Encoder, head: Any, prepared: Setup) -> Any:
    """Returns what the family makes of the pool, the last one again if it is the same: it serves all languages.

    A limit of rows does not cut the candidates that belong to no question: an answer may be among them.
    """
    params = job.params

    def make() -> Any:
        rows = [row for x, own in sorted(params["pool"].items()) for row in _rows(job, own, x)]
        rows += [row for x, own in sorted(params.get("candidates", {}).items()) for row in data.load(own, x, job.data)]
        return family(params["task"]).index(encoder, head, rows, prepared)

    made_of = [params.get(name) for name in ("task", "pool", "candidates", "max_examples", "pooling", "retrieval")]
    return _last("index", [*_checkpoint(job), *made_of], make)


def _last(what: str, made_of: list[Any], make: Callable[[], Any]) -> Any:
    identity = address(made_of)
    if what not in _LAST or _LAST[what][0] != identity:
        _LAST.pop(what, None)  # before making: two large ones at once may not fit
        _LAST[what] = (identity, make())
    return _LAST[what][1]


def write_predictions(path: Path, ids: list[str], language: str, gold: list[Any], predicted: list[Any]) -> None:
    """Writes the columns id, language, gold, prediction; lists as JSON text."""
    import pyarrow
    import pyarrow.parquet

    def text(values: list[Any]) -> list[str]:
        return [v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for v in values]

    columns = {
        "id": ids,
        "language": [language] * len(ids),
        "gold": text(gold),
        "prediction": text(predicted),
    }
    pyarrow.parquet.write_table(pyarrow.table(columns), path)


def write_scores(
    folder: Path, params: JSON, key: str, rows: list[data.Row], sets: dict[str, tuple[str, list[Any], list[Any]]]
) -> None:
    """Writes `statistics.npz` ([N, K] a metric, and the ids) and `scores.json` for sets of gold and predictions.

    `sets` maps a prefix of the arrays' names to (language, gold, predicted). A metric of groups has ids of its own.
    """
    arrays: dict[str, Any] = {}
    scores = []
    for prefix, (language, gold, predicted) in sets.items():
        for metric in params["metrics"]:
            module = plugin.load("harness.metrics", metric["name"])
            ids, counts = count(module, rows, gold, predicted, language)
            arrays[prefix + metric["name"]] = counts
            if getattr(module, "GROUPED", False):
                arrays[f"{metric['name']}.ids"] = np.asarray(ids)
            value = finite(float(module.aggregate(counts.sum(0))))
            scores.append(
                Score(
                    task=params["task"]["name"],
                    language=language,
                    split=params["split"],
                    attack=params["attack"],
                    metric=metric["name"],
                    value=value,
                    n=len(ids),
                    signature=signature(params, metric, language),
                    key=key,
                )
            )
    if rows:
        arrays["ids"] = np.asarray([row["id"] for row in rows])
    np.savez(folder / STATISTICS, **arrays)
    text = json.dumps([score.to_json() for score in scores], indent=1, ensure_ascii=False)
    (folder / SCORES).write_text(text + "\n", encoding="utf-8")


def signature(params: JSON, metric: JSON, language: str) -> str:
    """Returns all that could change a score, as `key:value` pairs in a fixed order, versions last."""
    task, described = params["task"], params["data"]
    own = described if isinstance(described, list) else described[language]
    beside = [params[name] for name in ("pool", "candidates", "tuning") if name in params]
    pairs = [
        ("task", task["name"]),
        ("metric", metric["name"]),
        ("lang", language),
        ("split", params["split"]),
        ("attack", params["attack"]),
        ("maxlen", task["options"].get("max_length")),
    ]
    if task["options"].get("context", "paragraph") != "paragraph":
        pairs.append(("context", task["options"]["context"]))
    if "retrieval" in params:
        how = params["retrieval"]
        pairs += [("layer", how["layer"]), ("pool", how["pooling"]), ("centre", str(how["centre"]).lower())]
    if params["max_examples"]:
        pairs.append(("sample", params["max_examples"]))
    pairs += [
        ("select", "source"),
        ("data", f"sha256-{address([own, *beside] if beside else own)[:8]}"),
        ("v", f"{task['version']}.{task['family_version']}.{metric['version']}"),
    ]
    return "|".join(f"{key}:{'last' if value is None else value}" for key, value in pairs)
