"""Phase (iii), second half: one task in one language. Gold and predictions meet here, once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harness import attacks, data, encoders, plugin
from harness.attacks._texts import text_of
from harness.canon import address
from harness.encoders import Encoder
from harness.families import Setup
from harness.lexicons import bilingual_lexicon
from harness.records import JSON, Score
from harness.spec.attack import ATTACKS, FLIPS, NONE, label
from harness.spec.base import options
from harness.spec.model import Retrieval
from harness.stages import Job
from harness.stages._parts import collapse, count, device, family, finite, load_encoder, setup, truncation
from harness.stages.finetune import HEAD

VERSION = 2
_LAST: dict[str, tuple[str, Any]] = {}
PREDICTIONS, STATISTICS, SCORES = "predictions.parquet", "statistics.npz", "scores.json"
TUNED, ATTACKED, EXAMPLES = "tuned.json", "attacked.json", "examples.json"
N_EXAMPLES = 3
DROPPED_DOUBT = 0.2


@torch.no_grad()
def run(job: Job) -> list[str]:
    """Writes predictions by example id, per-example statistics of each metric, scores, and what was tuned before."""
    params = job.params
    task, language = params["task"], params["language"]
    module, prepared = family(task), setup(task, params.get("pooling", "first"))
    encoder = _encoder(job)
    rows = _rows(job, params["data"], language)
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
    name, doubts = f"{task['name']} {language}", []

    def predict(asked: list[data.Row]) -> list[Any]:
        features = module.features(asked, encoder, prepared)
        found: list[Any] = module.predict(encoder, head, features, asked, prepared)
        doubts.extend(truncation(name, features, asked) + (collapse(name, found) if "retrieval" not in params else []))
        return found

    examples = getattr(module, "examples", lambda every: every)
    if params["attack"] == NONE:
        scored, gold, predicted, beside = examples(rows), module.gold(rows, prepared), predict(rows), {}
    else:
        attacked, kept = attacked_rows(job, rows)
        if "pool" in params:
            prepared = replace(prepared, index=module.harder(prepared.index, encoder, head, attacked, prepared))
        scored, gold = examples(attacked), module.gold(attacked, prepared)
        before = read_predictions(job.inputs[-1] / PREDICTIONS, [row["id"] for row in scored])
        if {"retrieval", "pool", "tuning"} & params.keys():
            predicted = predict(attacked)
        else:  # a row's prediction is its own affair
            predicted = _changed(rows, attacked, before, predict)
        after = as_texts(predicted)
        flips = [new != old for new, old in zip(after, before, strict=True)]
        shown = _examples(task["family"], rows, attacked, [r["id"] for r in scored], as_texts(gold), before, after)
        text = json.dumps(shown, indent=1, ensure_ascii=False)
        (job.out / EXAMPLES).write_text(text + "\n", encoding="utf-8")
        is_kept = [row["id"] in kept for row in scored]
        scored, gold, predicted, flips = (list(compress(x, is_kept)) for x in (scored, gold, predicted, flips))
        beside = {FLIPS: np.array([[flip, 1] for flip in flips], np.float64).reshape(-1, 2)}
        n_changed = sum(new != old for new, old in zip(attacked, rows, strict=True))
        counts = {"n_rows": len(rows), "n_kept": len(kept), "n_changed": n_changed, "n_flips": sum(flips)}
        (job.out / ATTACKED).write_text(json.dumps(counts) + "\n", encoding="utf-8")
        # Without parallel sentences in its language no row can be switched, which is no fault of the rows.
        doubts += _dropped(name, len(rows), len(kept)) if params["attack"].get("lexicon", True) else []
    write_predictions(job.out / PREDICTIONS, [row["id"] for row in scored], language, gold, predicted)
    write_scores(job.out, params, job.stage.key, scored, {"": (language, gold, predicted)}, beside)
    return doubts


def _examples(
    family: str,
    rows: list[data.Row],
    attacked: list[data.Row],
    ids: list[str],
    gold: list[str],
    before: list[str],
    after: list[str],
) -> list[JSON]:
    """Returns a few attacked rows as they were and as they are, with predictions; first those whose prediction changed."""
    changed = {old["id"]: (old, new) for old, new in zip(rows, attacked, strict=True) if new != old}
    places = [i for i, name in enumerate(ids) if name in changed]
    chosen = sorted(places, key=lambda i: before[i] == after[i])[:N_EXAMPLES]
    return [
        {
            "id": ids[i],
            "gold": gold[i],
            "before": {"text": text_of(changed[ids[i]][0], family), "prediction": before[i]},
            "after": {"text": text_of(changed[ids[i]][1], family), "prediction": after[i]},
        }
        for i in chosen
    ]


def _changed(
    rows: list[data.Row], attacked: list[data.Row], before: list[str], predict: Callable[[list[data.Row]], list[Any]]
) -> list[Any]:
    """Returns predictions for attacked rows: new ones where a row has changed, and those from before for all others."""
    again = [i for i, (old, new) in enumerate(zip(rows, attacked, strict=True)) if new != old] or [0]
    new = predict([attacked[i] for i in again])
    known = before if isinstance(new[0], str) else [json.loads(text) for text in before]
    found = list(known)
    for i, prediction in zip(again, new, strict=True):
        found[i] = prediction
    return found


def attacked_rows(job: Job, clean: list[data.Row]) -> tuple[list[data.Row], set[str]]:
    """Returns the rows as the stage's attack leaves them, and the ids of those that meet its condition.

    The others stand there unchanged: a pool that is searched must not shrink. They are not scored.
    """
    params, attack = job.params, job.params["attack"]
    lexicon = {}
    if attack.get("lexicon"):
        rows = data.load(attack["lexicon"]["pairs"], params["language"], job.data)
        pairs = [(row["target"], row["source"]) for row in rows]
        lexicon = bilingual_lexicon([(a, b) for a, b in pairs if a is not None and b is not None])
    prepared = attacks.Setup(
        attack=attack["name"],
        family=params["task"]["family"],
        language=params["language"],
        strength=attack["strength"],
        seed=attack["seed"],
        options=options(ATTACKS, attack["kind"], attack["options"]),
        labels=tuple(params["task"]["labels"]),
        lexicon=lexicon,
    )
    found = plugin.load(ATTACKS, attack["kind"]).attack(clean, prepared)
    kept = {row["id"] for row in found if row is not None}
    return [new if new is not None else old for new, old in zip(found, clean, strict=True)], kept


def _dropped(name: str, n: int, n_kept: int) -> list[str]:
    share = 1 - n_kept / max(1, n)
    said = f"{name}: {n - n_kept} of {n} rows ({share:.1%}) do not meet the attack's condition and are left out"
    return [said] if share > DROPPED_DOUBT else []


def _rows(job: Job, described: data.Description, language: str) -> list[data.Row]:
    """Returns rows of one language, sampled alike in all: of parallel sets that keeps each row's counterparts."""
    return data.sample(data.load(described, language, job.data), job.params["max_examples"])


def _encoder(job: Job) -> Encoder:
    """Returns the stage's encoder, the last one again if it is the same: the languages of a checkpoint follow each other."""
    encoder: Encoder = _last("encoder", _checkpoint(job), lambda: load_encoder(job))
    return encoder


def _checkpoint(job: Job) -> list[Any]:
    own = job.stage.inputs if job.params["attack"] == NONE else job.stage.inputs[:-1]
    return [job.params["encoder"], job.params["precision"], *own]


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

    columns = {
        "id": ids,
        "language": [language] * len(ids),
        "gold": as_texts(gold),
        "prediction": as_texts(predicted),
    }
    pyarrow.parquet.write_table(pyarrow.table(columns), path)


def as_texts(values: list[Any]) -> list[str]:
    """Returns gold or predictions as they stand in a column of texts: lists and numbers as JSON."""
    return [value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in values]


def read_predictions(path: Path, ids: list[str]) -> list[str]:
    """Returns the predictions for these ids as `as_texts` wrote them."""
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(path, columns=["id", "prediction"])
    known = dict(zip(table["id"].to_pylist(), table["prediction"].to_pylist(), strict=True))
    return [known[i] for i in ids]


def write_scores(
    folder: Path,
    params: JSON,
    key: str,
    rows: list[data.Row],
    sets: dict[str, tuple[str, list[Any], list[Any]]],
    beside: dict[str, Any] | None = None,
) -> None:
    """Writes `statistics.npz` ([N, K] a metric, and the ids) and `scores.json` for sets of gold and predictions.

    `sets` maps a prefix of the arrays' names to (language, gold, predicted). A metric of groups has ids of its own. `beside`
    are further statistics [N, K], which are no scores.
    """
    arrays: dict[str, Any] = dict(beside or {})
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
                    attack=attack_label(params["attack"]),
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


def attack_label(attack: str | JSON) -> str:
    """Returns how a stage's attack is written in scores and signatures."""
    return attack if isinstance(attack, str) else label(attack["name"], attack["strength"])


def signature(params: JSON, metric: JSON, language: str) -> str:
    """Returns all that could change a score, as `key:value` pairs in a fixed order, versions last."""
    task, described = params["task"], params["data"]
    own = described if isinstance(described, list) else described[language]
    beside = [params[name] for name in ("pool", "candidates", "tuning") if name in params]
    beside += [params["attack"]] if params["attack"] != NONE else []
    pairs = [
        ("task", task["name"]),
        ("metric", metric["name"]),
        ("lang", language),
        ("split", params["split"]),
        ("attack", attack_label(params["attack"])),
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
