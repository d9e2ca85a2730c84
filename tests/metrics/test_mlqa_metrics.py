"""MLQA's metrics against a character-by-character reading of the rules in its official script."""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metrics import mlqa_exact_match, mlqa_f1, squad_f1

ARTICLES = {
    "en": "a an the",
    "es": "un una unos unas el la los las",
    "vi": "của là cái chiếc những",
    "de": "ein eine einen einem eines einer der die das den dem des",
    "hi": "",
    "zh": "",
}
PIECES = ["a", "The", "theme", "el", "Las", "của", "là", "DER", "einen", "U.S.", "-", "«", "été", "，", "北京", "龥", "龦"]
PIECES += ["ال", "السلام", "१", "।", "\u0661", " ", "\u00a0", "5%", "$", "’"]
texts = st.lists(st.sampled_from(PIECES), max_size=6).flatmap(lambda p: st.sampled_from(["".join(p), " ".join(p)]))
questions = st.lists(st.tuples(st.lists(texts, max_size=3), texts), min_size=1, max_size=6)
languages = st.sampled_from(sorted([*ARTICLES, "ar"]))


def slow_words(text: str, language: str) -> list[str]:
    kept = [c for c in text.lower() if unicodedata.category(c)[0] != "P" and c not in set(string.punctuation)]
    # Runs of word characters: an article is a whole run, except in Arabic, where it goes wherever it stands.
    out, run = "", ""
    for c in [*kept, "\0"]:
        if c.isalnum() or c == "_":
            run += c
            continue
        out += (" " if run in ARTICLES.get(language, "").split() else run) + c
        run = ""
    out = out[:-1]
    if language == "ar":
        while "ال" in out:
            before, _, after = out.partition("ال")
            out = f"{before} {after}"
    words = [""]
    for c in out:
        if c.isspace():
            words.append("")
        elif language == "zh" and 0x4E00 <= ord(c) <= 0x9FA5:
            words += [c, ""]
        else:
            words[-1] += c
    return [word for word in words if word]


def slow_f1(answer: list[str], prediction: list[str]) -> float:
    rest, shared = list(prediction), 0
    for word in answer:
        if word in rest:
            rest.remove(word)
            shared += 1
    if not shared:
        return 0.0
    precision, recall = shared / len(prediction), shared / len(answer)
    return 2 * precision * recall / (precision + recall)


def best(rows: list[tuple[list[str], str]], language: str, compare: Callable[[list[str], list[str]], float]) -> list[float]:
    found = []
    for accepted, prediction in rows:
        guess = slow_words(prediction, language)
        scores = [float(compare(slow_words(answer, language), guess)) for answer in accepted]
        found.append(max(scores) if scores else float(not guess))
    return found


@given(questions, languages)
def test_f1_of_each_question(rows: list[tuple[list[str], str]], language: str) -> None:
    gold, predicted = [row[0] for row in rows], [row[1] for row in rows]
    statistics = mlqa_f1.statistics(gold, predicted, language=language)
    np.testing.assert_allclose(statistics[:, 0], best(rows, language, slow_f1), atol=1e-9)
    assert statistics[:, 1].tolist() == [1.0] * len(rows)


@given(questions, languages)
def test_exact_match_of_each_question(rows: list[tuple[list[str], str]], language: str) -> None:
    gold, predicted = [row[0] for row in rows], [row[1] for row in rows]
    statistics = mlqa_exact_match.statistics(gold, predicted, language=language)
    assert statistics[:, 0].tolist() == best(rows, language, lambda a, b: a == b)


@pytest.mark.parametrize(
    ("language", "prediction", "answer"),
    [("de", "der Mauer", "die Mauer"), ("es", "¿casa?", "la casa"), ("vi", "những người", "người"), ("zh", "北 京", "北京")],
)
def test_squad_rules_would_tell_these_apart(language: str, prediction: str, answer: str) -> None:
    assert mlqa_exact_match.statistics([[answer]], [prediction], language=language)[0, 0] == 1.0
    assert mlqa_f1.statistics([[answer]], [prediction], language=language)[0, 0] == 1.0
    assert squad_f1.statistics([[answer]], [prediction], language=language)[0, 0] < 1.0


@pytest.mark.parametrize("metric", [mlqa_f1, mlqa_exact_match])
def test_a_language_without_rules_is_an_error(metric: object) -> None:
    with pytest.raises(ValueError, match="no rules for 'fr'"):
        metric.statistics([["a"]], ["a"], language="fr")  # type: ignore[attr-defined]


@pytest.mark.parametrize("metric", [mlqa_f1, mlqa_exact_match])
def test_other_lengths_are_an_error(metric: object) -> None:
    with pytest.raises(ValueError, match=r"differ|shorter"):
        metric.statistics([["a"]], [], language="en")  # type: ignore[attr-defined]
