"""Batches: every index once, within the budget, and the same for the same seed in any process."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.spec.training import TrainingSpec
from harness.training.batching import WINDOW, epoch_batches

lengths = st.lists(st.integers(1, 300), min_size=1, max_size=400)
seeds = st.lists(st.integers(0, 2**32), min_size=1, max_size=3)


def by_examples(n: int) -> TrainingSpec:
    return TrainingSpec(learning_rate=1.0, epochs=1, batch_examples=n)


def by_tokens(n: int) -> TrainingSpec:
    return TrainingSpec(learning_rate=1.0, epochs=1, batch_tokens=n)


@given(lengths, seeds, st.integers(1, 40))
def test_every_example_comes_once(sizes, seed, n) -> None:
    batches = epoch_batches(sizes, by_examples(n), seed)
    assert sorted(i for batch in batches for i in batch) == list(range(len(sizes)))
    assert all(0 < len(batch) <= n for batch in batches)
    # Only the last batch of a window may be short, and only the last window is.
    assert len(batches) == -(-len(sizes) // n)


@given(lengths, seeds, st.integers(1, 2000))
def test_padded_tokens_stay_within_the_budget(sizes, seed, budget) -> None:
    batches = epoch_batches(sizes, by_tokens(budget), seed)
    assert sorted(i for batch in batches for i in batch) == list(range(len(sizes)))
    for batch in batches:
        assert batch
        # One example that is longer than the budget has a batch of its own.
        assert len(batch) * max(sizes[i] for i in batch) <= budget or len(batch) == 1


@given(lengths, seeds, st.booleans())
def test_the_same_seed_gives_the_same_batches(sizes, seed, tokens) -> None:
    training = by_tokens(500) if tokens else by_examples(8)
    assert epoch_batches(sizes, training, seed) == epoch_batches(sizes, training, list(seed))


def test_another_epoch_has_other_batches() -> None:
    sizes = [1 + i * 7 % 50 for i in range(500)]
    epochs = [epoch_batches(sizes, by_examples(8), (1, 0, epoch)) for epoch in range(3)]
    assert len({str(epoch) for epoch in epochs}) == 3
    assert len({str(sorted(map(sorted, epoch))) for epoch in epochs}) == 3


def test_like_lengths_lie_side_by_side() -> None:
    sizes = [1 + i * 37 % 200 for i in range(4000)]
    batches = epoch_batches(sizes, by_examples(16), (1,))
    padded = sum(len(batch) * max(sizes[i] for i in batch) for batch in batches)
    at_random = sum(16 * max(sizes[i : i + 16]) for i in range(0, 4000, 16))
    assert padded < 1.05 * sum(sizes) < at_random / 1.5
    # But not the whole epoch in one order: the first and the last batch are no extremes.
    assert [len(b) for b in batches] == [16] * 250
    assert len(sizes) > WINDOW * 16


@pytest.mark.parametrize("hash_seed", ["0", "1", "random"])
def test_batches_depend_on_no_hash_seed(hash_seed, repository) -> None:
    program = (
        "from harness.spec.training import TrainingSpec; from harness.training.mixture import schedule\n"
        "training = TrainingSpec(learning_rate=1.0, max_steps=50, batch_tokens=100)\n"
        "print(schedule([[5, 9, 30] * 9, [7] * 20], training, 3, probabilities=[0.5, 0.5]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(repository)},
    )
    from harness.training.mixture import schedule

    training = TrainingSpec(learning_rate=1.0, max_steps=50, batch_tokens=100)
    assert done.stdout.strip() == str(schedule([[5, 9, 30] * 9, [7] * 20], training, 3, probabilities=[0.5, 0.5]))
