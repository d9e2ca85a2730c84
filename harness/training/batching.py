"""Length-bucketed batches: examples of like length side by side, in an order that depends on the seed alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.spec.training import TrainingSpec

# Sorting inside windows of this many batches keeps padding low and batches different from epoch to epoch.
WINDOW = 50


def epoch_batches(lengths: Sequence[int], training: TrainingSpec, seed: Sequence[int]) -> list[list[int]]:
    """Returns one epoch's batches as lists of indices: every index once.

    Indices are shuffled, sorted by length within windows, cut at `batch_examples` or at `batch_tokens` padded
    tokens, and the batches shuffled.
    """
    generator = np.random.default_rng(list(seed))
    order = generator.permutation(len(lengths))
    sizes = np.asarray(lengths)[order]
    mean = max(1.0, float(np.mean(lengths)))
    per_batch = training.batch_examples or max(1, int((training.batch_tokens or 1) / mean))
    window = WINDOW * per_batch
    batches: list[list[int]] = []
    for start in range(0, len(order), window):
        part = order[start : start + window]
        part = part[np.argsort(sizes[start : start + window], kind="stable")]
        batches += _cut(part.tolist(), lengths, training)
    return [batches[i] for i in generator.permutation(len(batches))]


def _cut(indices: list[int], lengths: Sequence[int], training: TrainingSpec) -> list[list[int]]:
    if training.batch_examples:
        size = training.batch_examples
        return [indices[i : i + size] for i in range(0, len(indices), size)]
    budget = training.batch_tokens
    assert budget is not None
    batches: list[list[int]] = [[]]
    for i in indices:
        # Ascending lengths: the newest is the longest, so it alone sets the padded size.
        if batches[-1] and (len(batches[-1]) + 1) * lengths[i] > budget:
            batches.append([])
        batches[-1].append(i)
    return batches
