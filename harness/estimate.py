"""What a stage will cost, before anything has run: a rough figure and what it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from harness.data import n_rows
from harness.records import JSON, Stage
from harness.spec.model import ModelSpec, Shape

TFLOPS = 0.4 * 312e12
BASIS = (
    "6 N T FLOPs to train, 2 N T to evaluate (N weights, T tokens, a row half of max_length long; Kaplan et al. 2020), "
    "on one A100 at 40 % of 312 TFLOP/s; memory: 16 bytes a weight in training (AdamW in float32), 4 in evaluation, and "
    "the activations of one micro-batch (Korthikanti et al. 2022, nothing recomputed, in float32); disk: 4 bytes a "
    "weight of a checkpoint, 200 bytes a prediction; a pool is encoded once for all languages of a checkpoint; rows of "
    "unknown number count as none, early stopping as never"
)
PREDICTION_BYTES, ENTRY_BYTES = 200, 8192
# Korthikanti et al. 2022, equation 1, in bytes of 16 bits; the loop keeps 32.
PER_TOKEN, PER_SCORE = 34 * 2, 5 * 2


def estimate(stage: Stage, model: ModelSpec | None) -> JSON:
    """Returns GPU-hours, bytes of memory and of disk. A stage without an encoder (`model` none) costs next to nothing."""
    training = stage.params.get("training")
    n = model.n_parameters if model else 0
    tokens, rows, longest = 0.0, 0, 0
    for task, parts in _read(stage.params):
        length = int(task["options"].get("max_length", 128))
        limit = training["max_examples"] if training else stage.params.get("max_examples")
        n_own = min(_n(parts), limit or _n(parts))
        tokens += n_own * length / 2 * ((training["epochs"] or 1) if training else 1)
        rows, longest = rows + n_own, max(longest, length)
    tokens += _beside(stage.params, longest / 2)
    if training and training["max_steps"]:
        tokens = float(training["max_steps"] * (training["batch_tokens"] or training["batch_examples"] * longest / 2))
    flops = (6 if training or stage.params.get("fisher") else 2) * n * tokens
    return {
        "gpu_hours": round(flops / TFLOPS / 3600, 6),
        "memory_bytes": (16 if training else 4) * n + _activations(model.shape if model else None, training, longest),
        "disk_bytes": 4 * n if training else ENTRY_BYTES + rows * PREDICTION_BYTES,
    }


def _read(params: JSON) -> Iterator[tuple[JSON, list[Any]]]:
    """Yields each task that a stage reads, with its parts: those it trains on, or those it is evaluated on."""
    for entry in params.get("tasks", ()):
        yield entry["task"], [part for parts in entry.get("train", entry.get("rows")).values() for part in parts]
    if "task" in params:
        data = params["data"]
        if isinstance(data, dict):
            data = [part for parts in data.get("train", data).values() for part in parts]
        yield params["task"], data


def _beside(params: JSON, length: float) -> float:
    """Returns the tokens of rows beside those that are scored: tuning rows, and a language's share of its pool."""
    limit = params.get("max_examples")
    tuning = _n(params.get("tuning", ()))
    pool = [_n(parts) for parts in params.get("pool", {}).values()]
    others = sum(_n(parts) for parts in params.get("candidates", {}).values())
    n_pool = sum(min(n, limit or n) for n in pool) + others
    return length * (min(tuning, limit or tuning) + (n_pool / len(pool) if pool else 0))


def _n(parts: Sequence[JSON]) -> int:
    return sum(n_rows([part]) or 0 for part in parts)


def _activations(shape: Shape | None, training: JSON | None, length: int) -> int:
    if shape is None or training is None:
        return 0
    batch = (training["batch_examples"] or training["batch_tokens"] / length) / training["accumulate"]
    a_layer = PER_TOKEN * length * batch * shape.width + PER_SCORE * shape.n_heads * length * length * batch
    return int(shape.n_layers * a_layer)
