"""What every metric must keep: its shape, additive statistics, 100 for perfection, nan for nothing."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metrics import (
    accuracy,
    bitext_f1,
    checklist_error,
    chunk_f1,
    mean_average_precision,
    mlqa_exact_match,
    mlqa_f1,
    squad_exact_match,
    squad_f1,
    token_accuracy,
    upos_f1,
    upos_f1_v0,
)

CASES: dict[ModuleType, tuple[int, list[Any], list[Any]]] = {
    accuracy: (2, ["x", "y", "z", "x"], ["x", "x", "z", "z"]),
    token_accuracy: (2, [["A", "B"], [], ["C"]], [["A", "A"], [], ["C"]]),
    chunk_f1: (3, [["B-P", "I-P"], ["O"], ["B-L"]], [["B-P", "O"], ["B-P"], ["B-L"]]),
    upos_f1: (3, [["NOUN", "VERB"], ["DET"], ["ADJ"]], [["NOUN", "NOUN"], ["DET"], ["ADV"]]),
    upos_f1_v0: (3, [["NOUN", "VERB"], ["DET"], ["X"]], [["NOUN", "NOUN"], ["DET"], ["ADV"]]),
    squad_f1: (2, [["red cat"], [], ["1999", "in 1999"]], ["cat", "", "about 1999"]),
    squad_exact_match: (2, [["red cat"], [], ["1999", "in 1999"]], ["the red cat", "", "about 1999"]),
    mlqa_f1: (2, [["red cat"], [], ["1999", "in 1999"]], ["cat", "", "about 1999"]),
    mlqa_exact_match: (2, [["red cat"], [], ["1999", "in 1999"]], ["the red cat", "", "about 1999"]),
    mean_average_precision: (2, [["a"], ["b", "c"], ["d"]], [["x", "a"], ["b", "x"], ["y"]]),
    bitext_f1: (3, [["a"], [], ["c"]], [["a"], ["b"], []]),
    checklist_error: (2, [[["cat"], ["dog"]], [["red"]], [["one"]]], [["a cat", "dog"], ["blue"], ["one"]]),
}
every_metric = pytest.mark.parametrize("metric", CASES, ids=[metric.__name__.rsplit(".", 1)[-1] for metric in CASES])


def perfect(gold: list[Any]) -> list[Any]:
    if isinstance(gold[0][0], list):
        return [[accepted[0] for accepted in group] for group in gold]
    is_answers = any(isinstance(item, list) and item and " " in item[0] for item in gold)
    return [item[0] if item else "" for item in gold] if is_answers else gold


@every_metric
def test_shape_and_version(metric: ModuleType) -> None:
    k, gold, predicted = CASES[metric]
    statistics = metric.statistics(gold, predicted, language="en")
    assert statistics.shape == (len(gold), k)
    assert statistics.dtype == np.float64
    assert isinstance(metric.VERSION, int)
    assert metric.aggregate(np.ones((5, 4, k))).shape == (5, 4)


@every_metric
def test_perfect_predictions_give_100_and_no_error(metric: ModuleType) -> None:
    gold = CASES[metric][1]
    totals = metric.statistics(gold, perfect(gold), language="en").sum(axis=0)
    assert metric.aggregate(totals) == (0.0 if metric is checklist_error else 100.0)


@every_metric
def test_nothing_counted_gives_nan(metric: ModuleType) -> None:
    k = CASES[metric][0]
    empty = metric.statistics([], [], language="en")
    assert empty.shape == (0, k)
    assert np.isnan(metric.aggregate(empty.sum(axis=0)))
    mixed = metric.aggregate(np.stack([np.zeros(k), np.ones(k)]))
    assert np.isnan(mixed[0])
    assert 0.0 <= mixed[1] <= 100.0


@every_metric
@given(data=st.data())
def test_order_does_not_matter(metric: ModuleType, data: st.DataObject) -> None:
    _, gold, predicted = CASES[metric]
    order = data.draw(st.permutations(range(len(gold))))
    shuffled = metric.statistics([gold[i] for i in order], [predicted[i] for i in order], language="en")
    statistics = metric.statistics(gold, predicted, language="en")
    np.testing.assert_allclose(shuffled, statistics[list(order)], atol=1e-12)
    assert metric.aggregate(shuffled.sum(axis=0)) == pytest.approx(metric.aggregate(statistics.sum(axis=0)), abs=1e-9)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1))
def test_accuracy_counts_matches(pairs: list[tuple[str, str]]) -> None:
    gold, predicted = [g for g, _ in pairs], [p for _, p in pairs]
    n_correct = 0
    for g, p in pairs:
        n_correct += g == p
    value = accuracy.aggregate(accuracy.statistics(gold, predicted, language="en").sum(axis=0))
    assert value == pytest.approx(100 * n_correct / len(pairs), abs=1e-9)


def test_accuracy_of_other_lengths_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"differ|shorter"):
        accuracy.statistics(["a"], [], language="en")
