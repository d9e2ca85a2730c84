"""Which task comes when: shares as asked for, a schedule that is a pure function of its arguments."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.spec.training import TrainingSpec
from harness.training.loop import _probabilities
from harness.training.mixture import schedule, shares

sizes = st.lists(st.integers(1, 10**6), min_size=1, max_size=9)


@given(sizes, st.floats(1.0, 20.0))
def test_shares_are_probabilities(counts, temperature) -> None:
    for sampling in ("proportional", "uniform", "temperature"):
        found = shares(counts, sampling, temperature)
        assert math.isclose(sum(found), 1.0)
        assert all(share > 0 for share in found)
        # Never the other way round: more examples, no smaller share.
        assert [s for _, s in sorted(zip(counts, found, strict=True))] == sorted(found)


def test_shares_by_hand() -> None:
    assert shares([300, 100], "proportional", 1.0) == [0.75, 0.25]
    assert shares([300, 100], "uniform", 1.0) == [0.5, 0.5]
    assert shares([900, 100], "temperature", 2.0) == pytest.approx([0.75, 0.25])
    assert shares([300, 100], "temperature", 1.0) == [0.75, 0.25]
    assert shares([300, 100], "temperature", 1e9) == pytest.approx([0.5, 0.5])


def training(**fields: int) -> TrainingSpec:
    return TrainingSpec(learning_rate=1.0, **{"batch_examples": 4, **fields})


def test_a_single_task_is_its_epochs() -> None:
    steps = schedule([[5] * 10], training(epochs=3), 1)
    assert [task for task, _ in steps] == [0] * 9
    for epoch in range(3):
        assert sorted(i for _, batch in steps[3 * epoch : 3 * epoch + 3] for i in batch) == list(range(10))


def test_max_steps_go_round_again() -> None:
    assert len(schedule([[5] * 10], training(max_steps=100), 1)) == 100


def test_an_epoch_of_several_tasks_has_as_many_steps_as_batches() -> None:
    steps = schedule([[5] * 40, [5] * 12], training(epochs=2), 1, probabilities=[0.5, 0.5])
    assert len(steps) == 2 * (10 + 3)


def test_each_task_goes_through_its_own_examples() -> None:
    steps = schedule([[5] * 40, [5] * 12], training(max_steps=400), 1, probabilities=[0.5, 0.5])
    for task, n in ((0, 40), (1, 12)):
        seen = Counter(i for owner, batch in steps for i in batch if owner == task)
        assert set(seen) == set(range(n))
        assert max(seen.values()) - min(seen.values()) <= 1


@given(st.integers(0, 2**32), st.integers(1, 60))
def test_a_schedule_is_pure_and_its_beginning_does_not_depend_on_its_end(seed, n) -> None:
    arguments = [[3, 8, 20] * 7, [4] * 9]
    short = schedule(arguments, training(max_steps=n), seed, probabilities=[0.3, 0.7])
    assert short == schedule(arguments, training(max_steps=n), seed, probabilities=[0.3, 0.7])
    longer = schedule(arguments, training(max_steps=n + 40), seed, probabilities=[0.3, 0.7])
    assert longer[:n] == short


def test_drawn_shares_are_those_asked_for() -> None:
    n = 4000
    for wanted in ([0.15, 0.85], [0.5, 0.3, 0.2]):
        steps = schedule([[3] * 50] * len(wanted), training(max_steps=n), 5, probabilities=wanted)
        counts = Counter(task for task, _ in steps)
        for task, share in enumerate(wanted):
            assert abs(counts[task] - n * share) < 4 * math.sqrt(n * share * (1 - share))


def test_a_fixed_fraction_is_taken_first_and_the_rest_shared(member, make_encoder) -> None:
    encoder = make_encoder()
    members = [
        member("tiny_nli", encoder, n=30),
        member("tiny_choice", encoder, n=10),
        member("tiny_text", encoder, n=90, fraction=0.2),
    ]
    assert _probabilities(members, "proportional", 1.0) == pytest.approx([0.6, 0.2, 0.2])
    assert _probabilities(members, "uniform", 1.0) == pytest.approx([0.4, 0.4, 0.2])
    assert _probabilities(members[:1], "uniform", 1.0) == [1.0]
