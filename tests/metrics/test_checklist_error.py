"""A test case of MultiCheckList passes only as a whole, and its answers are compared after little cleaning."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metrics import checklist_error

answers = st.sampled_from(["the cat", "cat", "Cat", "a cat.", "cat, ", "in the  house", "house", "", "the", "in a house"])
groups = st.lists(st.lists(st.tuples(answers, answers), min_size=1, max_size=4), min_size=1, max_size=5)


def slow_clean(text: str) -> str:
    """Clean an English answer: whole words go one by one, then the ends are eaten."""
    out, run = "", ""
    for c in text + "\0":
        if c.isalnum():
            run += c
            continue
        out += (" " if run in ("a", "an", "the", "in", "at") else run) + c
        run = ""
    out = out[:-1]
    while out and out[0] in " ,.":
        out = out[1:]
    while out and out[-1] in " ,.":
        out = out[:-1]
    return out


@given(groups)
def test_one_wrong_answer_fails_its_group(rows: list[list[tuple[str, str]]]) -> None:
    gold, predicted = [[[a] for a, _ in row] for row in rows], [[p for _, p in row] for row in rows]
    n_failed = 0
    for row in rows:
        for answer, prediction in row:
            if slow_clean(answer) != slow_clean(prediction):
                n_failed += 1
                break
    statistics = checklist_error.statistics(gold, predicted, language="en")
    assert statistics.sum(0).tolist() == [n_failed, len(rows)]
    assert checklist_error.aggregate(statistics.sum(0)) == pytest.approx(100 * n_failed / len(rows), abs=1e-9)


@pytest.mark.parametrize(
    ("language", "answer", "prediction", "is_equal"),
    [
        ("en", "the bus", "bus.", True),
        ("en", "the bus", "The bus", False),  # nothing is put into lower case
        ("en", "the red bus", "red  bus", False),  # white space inside stays
        ("de", "ein Bus", "Bus", True),
        ("de", "der Bus", "Bus", False),  # not one of the script's articles
        ("ar", "الحافلة", "حافلة", True),
        ("bn", "একটিবাস", "বাস", True),  # the article may be written in one with its word
        ("pl", "„autobus”", "autobus", True),
        ("en", "„bus”", "bus", False),
        ("ur", "بس\u200f", "بس", True),
        ("sw", "basi,", "basi", True),
    ],
)
def test_what_is_cleaned(language: str, answer: str, prediction: str, is_equal: bool) -> None:
    failed = checklist_error.statistics([[[answer]]], [[prediction]], language=language)[0, 0]
    assert failed == float(not is_equal)


def test_groups_of_other_sizes_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"differ|shorter"):
        checklist_error.statistics([[["a"], ["b"]]], [["a"]], language="en")
