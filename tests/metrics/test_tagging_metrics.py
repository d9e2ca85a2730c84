"""Tagging metrics against seqeval itself, and against a token-by-token re-implementation."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics import accuracy_score, f1_score

from harness.metrics import chunk_f1, token_accuracy, upos_f1, upos_f1_v0

Sentences = list[list[str]]

IOB = [f"{prefix}-{kind}" for prefix in "BI" for kind in ("PER", "LOC", "ORG")] + ["O"]
ODD = ["B", "I", "E", "S", "O", "E-PER", "S-PER", "B-", "I-", "O-PER", ".", "B-a-b", "PER", "_"]
UPOS = [
    "ADJ",
    "ADP",
    "ADV",
    "AUX",
    "CCONJ",
    "DET",
    "INTJ",
    "NOUN",
    "NUM",
    "PART",
    "PRON",
    "PROPN",
    "PUNCT",
    "SCONJ",
    "SYM",
    "VERB",
    "X",
    "_",
]


@st.composite
def corpora(draw: st.DrawFn, tags: Sequence[str]) -> tuple[Sentences, Sentences]:
    """Gold and predicted sentences of the same lengths; predictions are gold with some tags replaced."""
    gold = draw(st.lists(st.lists(st.sampled_from(tags), max_size=8), min_size=1, max_size=6))
    predicted = [[draw(st.sampled_from([tag, tag, *tags[:4], *tags[-3:]])) for tag in sentence] for sentence in gold]
    return gold, predicted


def seqeval_f1(gold: Sentences, predicted: Sentences) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return 100.0 * float(f1_score(gold, predicted))


def score(metric: object, gold: Sentences, predicted: Sentences) -> float:
    totals = metric.statistics(gold, predicted, language="xx").sum(axis=0)  # type: ignore[attr-defined]
    return float(metric.aggregate(totals))  # type: ignore[attr-defined]


def slow_iob_chunks(tags: list[str]) -> set[tuple[str, int, int]]:
    """Chunks of one sentence of well-formed or lenient IOB tags, written as a person would read them."""
    chunks: set[tuple[str, int, int]] = set()
    i = 0
    while i < len(tags):
        if tags[i] == "O":
            i += 1
            continue
        kind, start = tags[i][2:], i
        i += 1
        while i < len(tags) and tags[i] == f"I-{kind}":
            i += 1
        chunks.add((kind, start, i - 1))
    return chunks


@given(corpora(IOB))
def test_chunk_f1_is_seqeval_f1(corpus: tuple[Sentences, Sentences]) -> None:
    ours, theirs = score(chunk_f1, *corpus), seqeval_f1(*corpus)
    assert (np.isnan(ours) and theirs == 0.0) or ours == pytest.approx(theirs, abs=1e-9)


@given(corpora(IOB))
def test_chunk_counts_of_each_sentence(corpus: tuple[Sentences, Sentences]) -> None:
    expected = []
    for tags, guesses in zip(*corpus, strict=True):
        gold, predicted = slow_iob_chunks(tags), slow_iob_chunks(guesses)
        expected.append([len(gold & predicted), len(predicted - gold), len(gold - predicted)])
    assert chunk_f1.statistics(*corpus, language="xx").tolist() == expected


@given(corpora(UPOS))
def test_upos_f1_is_seqeval_f1(corpus: tuple[Sentences, Sentences]) -> None:
    ours, theirs = score(upos_f1, *corpus), seqeval_f1(*corpus)
    assert (np.isnan(ours) and theirs == 0.0) or ours == pytest.approx(theirs, abs=1e-9)


def slow_upos_chunks(tags: list[str]) -> set[tuple[str, int, int]]:
    """Chunks of bare UPOS tags as seqeval 0.0.12 reads them: runs of equal tags; SCONJ and SYM stand alone."""
    chunks: set[tuple[str, int, int]] = set()
    for i, tag in enumerate(tags):
        if i and tags[i - 1] == tag and tag[0] != "S":
            continue
        end = i
        while tag[0] != "S" and end + 1 < len(tags) and tags[end + 1] == tag:
            end += 1
        chunks.add((tag, i, end))
    return chunks


@given(corpora(UPOS))
def test_upos_counts_of_each_sentence_in_the_old_reading(corpus: tuple[Sentences, Sentences]) -> None:
    expected = []
    for tags, guesses in zip(*corpus, strict=True):
        gold, predicted = slow_upos_chunks(tags), slow_upos_chunks(guesses)
        expected.append([len(gold & predicted), len(predicted - gold), len(gold - predicted)])
    assert upos_f1_v0.statistics(*corpus, language="xx").tolist() == expected


@given(corpora(ODD))
def test_odd_tags_are_read_as_seqeval_reads_them(corpus: tuple[Sentences, Sentences]) -> None:
    ours, theirs = score(chunk_f1, *corpus), seqeval_f1(*corpus)
    assert (np.isnan(ours) and theirs == 0.0) or ours == pytest.approx(theirs, abs=1e-9)


def test_upos_f1_at_size() -> None:
    rng = np.random.default_rng(0)
    gold = [[UPOS[i] for i in rng.integers(len(UPOS), size=rng.integers(1, 40))] for _ in range(500)]
    predicted = [[t if rng.random() < 0.8 else "X" for t in sentence] for sentence in gold]
    assert score(upos_f1, gold, predicted) == pytest.approx(seqeval_f1(gold, predicted), abs=1e-9)


@given(corpora(IOB))
def test_token_accuracy_is_seqeval_accuracy(corpus: tuple[Sentences, Sentences]) -> None:
    gold, predicted = corpus
    ours = score(token_accuracy, gold, predicted)
    if any(gold):
        assert ours == pytest.approx(100.0 * accuracy_score(gold, predicted), abs=1e-9)
    else:
        assert np.isnan(ours)


@pytest.mark.parametrize("metric", [chunk_f1, upos_f1, upos_f1_v0, token_accuracy])
@pytest.mark.parametrize(("gold", "predicted"), [([["O"]], []), ([["O", "O"]], [["O"]])])
def test_other_lengths_are_an_error(metric: object, gold: Sentences, predicted: Sentences) -> None:
    with pytest.raises(ValueError, match=r"differ|shorter"):
        score(metric, gold, predicted)


def test_an_empty_tag_is_an_error() -> None:
    with pytest.raises(ValueError, match="empty string"):
        chunk_f1.statistics([["B-PER", ""]], [["O", "O"]], language="en")
