"""What the phases share: the encoder they start from, rows, events, and doubts worth a sentence."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from harness import data, encoders, packaged_encoder, plugin
from harness.data import DataFolder
from harness.encoders import Encoder
from harness.errors import SpecError
from harness.families import Feature, Row, Setup
from harness.records import JSON
from harness.stages import Job

ENCODER = "encoder"
EVENTS = "events.jsonl"
TRUNCATED_DOUBT = 0.01


def device() -> torch.device:
    """Returns the accelerator if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def load_encoder(job: Job) -> Encoder:
    """Returns the encoder a stage starts from: its parent's, or a published one."""
    start = job.params["encoder"]
    if start["from"] == "parent":
        encoder = encoders.load(job.inputs[0] / ENCODER)
    elif start["from"] == "hub":
        encoder = encoders.load_hub(start["id"], start["revision"])
    else:
        folder = job.work / "packaged"
        weights, tokenizer = (job.data.checked(start[name]) for name in ("weights", "tokenizer"))
        packaged_encoder.convert(weights, tokenizer, folder, n_layers=start["n_layers"])
        encoder = encoders.load(folder)
    encoder.precision = job.params["precision"]
    encoder.model.to(device())
    encoder.model.eval()
    return encoder


def family(task: JSON) -> Any:
    """Returns the module of a task's family."""
    return plugin.load("harness.families", task["family"])


def setup(task: JSON, pooling: str) -> Setup:
    """Returns what the family needs beside rows and encoder."""
    module = plugin.load("harness.spec.options", task["family"])
    options = module.Options.model_validate_json(json.dumps(task["options"]))
    return Setup(options, tuple(task["labels"]), pooling)


def load_rows(described: Mapping[str, Any], folder: DataFolder, limit: int | None = None) -> list[Row]:
    """Returns the rows of all languages of a split, in the order of the languages' names; `limit` of them."""
    rows = [row for language in sorted(described) for row in data.load(described[language], language, folder)]
    return data.sample(rows, limit)


def write_events(path: Path, events: Sequence[JSON]) -> None:
    """Writes a training's events, one JSON object a line."""
    lines = (json.dumps(event, sort_keys=True) for event in events)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def truncation(name: str, features: Sequence[Feature], rows: Sequence[Row]) -> list[str]:
    """Returns a doubt if more than 1 % of the rows lost text to the length limit."""
    n = len({f["row"] for f in features if f["truncated"]})
    share = n / max(1, len(rows))
    return [f"{name}: {n} of {len(rows)} rows ({share:.1%}) lost text to max_length"] if share > TRUNCATED_DOUBT else []


def count(
    metric: Any, rows: Sequence[Row], gold: Sequence[Any], predicted: Sequence[Any], language: str
) -> tuple[list[str], NDArray[np.float64]]:
    """Returns the ids [N] of what a metric's module takes as an example, rows or groups of rows, and statistics [N, K].

    Raises SpecError if it takes groups and the rows are in none.
    """
    if not getattr(metric, "GROUPED", False):
        return [row["id"] for row in rows], metric.statistics(gold, predicted, language=language)
    groups: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        if "group" not in row:
            raise SpecError(f"{metric.__name__} scores groups of rows, but row {row['id']!r} names no group")
        groups.setdefault(row["group"], []).append(i)
    grouped = [[[values[i] for i in members] for members in groups.values()] for values in (gold, predicted)]
    return list(groups), metric.statistics(*grouped, language=language)


def finite(score: float) -> float | None:
    """Returns a score, or none where a metric had nothing to count: NaN is not JSON."""
    return score if math.isfinite(score) else None


def collapse(name: str, predicted: Sequence[Any]) -> list[str]:
    """Returns a doubt if every prediction is the same."""
    if len(predicted) < 20 or not all(isinstance(p, str) for p in predicted):
        return []
    label, n = Counter(predicted).most_common(1)[0]
    return [f"{name}: every prediction is {label!r}: the model has collapsed"] if n == len(predicted) else []
