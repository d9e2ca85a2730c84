"""Which task's batch comes at which step. A mixture of tasks is itself a task; of one task it is that task."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from harness.spec.training import TrainingSpec
from harness.training.batching import epoch_batches

Step = tuple[int, list[int]]


def shares(sizes: Sequence[int], sampling: str, temperature: float) -> list[float]:
    """Returns the probability of each task: by size, uniform, or by size ** (1 / temperature)."""
    exponent = {"proportional": 1.0, "uniform": 0.0, "temperature": 1.0 / temperature}[sampling]
    weights = [float(size) ** exponent for size in sizes]
    return [w / sum(weights) for w in weights]


def schedule(
    lengths: Sequence[Sequence[int]],
    training: TrainingSpec,
    seed: int,
    *,
    probabilities: Sequence[float] | None = None,
) -> list[Step]:
    """Returns all steps of a training as (task, indices into its features). A pure function of its arguments.

    `lengths` are the token counts of each task's features. Without `max_steps` an epoch has as many steps as all tasks
    have batches.
    """
    streams = [_stream(own, training, (seed, task)) for task, own in enumerate(lengths)]
    per_epoch = sum(len(epoch_batches(own, training, (seed, task, 0))) for task, own in enumerate(lengths))
    n_steps = training.max_steps or per_epoch * (training.epochs or 1)
    if len(lengths) == 1:
        return [(0, next(streams[0])) for _ in range(n_steps)]
    assert probabilities is not None
    generator = np.random.default_rng([seed, len(lengths)])
    drawn = generator.choice(len(lengths), size=n_steps, p=list(probabilities)).tolist()
    return [(task, next(streams[task])) for task in drawn]


def _stream(lengths: Sequence[int], training: TrainingSpec, seed: tuple[int, int]) -> Iterator[list[int]]:
    epoch = 0
    while True:
        yield from epoch_batches(lengths, training, (*seed, epoch))
        epoch += 1
