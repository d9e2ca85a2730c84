"""Answer metrics against a literal reading of the rules in the official SQuAD scripts."""

from __future__ import annotations

import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metrics import squad_exact_match, squad_f1

PIECES = [
    "a",
    "The",
    "cat",
    "cats",
    "theme",
    "an",
    "U.S.",
    "-",
    "«",
    "été",
    "ÉTÉ",
    "\uff0c",
    "北京",
    "\u0661",
    " ",
    "\u00a0",
    "5%",
]
texts = st.lists(st.sampled_from(PIECES), max_size=6).map(" ".join) | st.text(max_size=8)
# An accepted answer that is only articles or punctuation has rules of its own, tested below.
answers = texts.filter(lambda text: bool(slow_tokens(text)))
questions = st.lists(st.tuples(st.lists(answers, max_size=3), texts), min_size=1, max_size=6)


def slow_tokens(text: str) -> list[str]:
    kept = "".join(c for c in text.lower() if c not in set(string.punctuation))
    # An article is a whole run of word characters; other characters around it stay.
    out, run = "", ""
    for c in kept + "\0":
        if c.isalnum() or c == "_":
            run += c
            continue
        out += (" " if run in ("a", "an", "the") else run) + c
        run = ""
    return out[:-1].split()


def slow_f1(answer: str, prediction: str) -> float:
    gold, rest = slow_tokens(answer), slow_tokens(prediction)
    n_gold, n_predicted, shared = len(gold), len(rest), 0
    for token in gold:
        if token in rest:
            rest.remove(token)
            shared += 1
    if shared == 0:
        return 0.0
    precision, recall = shared / n_predicted, shared / n_gold
    return 2 * precision * recall / (precision + recall)


@given(questions)
def test_f1_of_each_question(rows: list[tuple[list[str], str]]) -> None:
    gold, predicted = [row[0] for row in rows], [row[1] for row in rows]
    expected = [max(slow_f1(a, p) for a in accepted) if accepted else float(not slow_tokens(p)) for accepted, p in rows]
    statistics = squad_f1.statistics(gold, predicted, language="en")
    np.testing.assert_allclose(statistics[:, 0], expected, atol=1e-9)
    assert statistics[:, 1].tolist() == [1.0] * len(rows)


@given(questions)
def test_exact_match_of_each_question(rows: list[tuple[list[str], str]]) -> None:
    gold, predicted = [row[0] for row in rows], [row[1] for row in rows]
    expected = [
        float(any(slow_tokens(a) == slow_tokens(p) for a in accepted) if accepted else not slow_tokens(p))
        for accepted, p in rows
    ]
    assert squad_exact_match.statistics(gold, predicted, language="en")[:, 0].tolist() == expected


@pytest.mark.parametrize(("prediction", "expected"), [("", 1.0), ("The.", 1.0), ("Berlin", 0.0)])
def test_a_question_without_an_answer(prediction: str, expected: float) -> None:
    for metric in (squad_f1, squad_exact_match):
        assert metric.statistics([[]], [prediction], language="en").tolist() == [[expected, 1.0]]


def test_an_answer_of_articles_alone_is_met_exactly_but_has_no_f1() -> None:
    assert squad_exact_match.statistics([["The"]], ["the"], language="en")[0, 0] == 1.0
    assert squad_f1.statistics([["The"]], ["the"], language="en")[0, 0] == 0.0


@pytest.mark.parametrize("metric", [squad_f1, squad_exact_match])
def test_other_lengths_are_an_error(metric: object) -> None:
    with pytest.raises(ValueError, match=r"differ|shorter"):
        metric.statistics([["a"]], [], language="en")  # type: ignore[attr-defined]
