"""Windows that cover every token, answers that map to tokens and back, spans within their limits, null answers."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import nn

from harness.families import extractive_qa as qa

WORDS = "the small cat sees a big dog near old house runs green tree da pilu mato xylo 42 été".split()
contexts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=90)
ANSWER = {"text": "small", "start": 4}


def row(context: str, answers: Any = (), question: str = "the cat") -> dict[str, Any]:
    return {"id": "x", "question": question, "context": context, "answers": list(answers)}


def options(setup_of, **fields: Any) -> Any:
    return setup_of("extractive_qa", **{"max_length": 48, "doc_stride": 12, "max_question_length": 8, **fields})


@given(contexts, st.integers(4, 14))
def test_windows_cover_every_token_of_the_context(encoder, setup_of, words, stride) -> None:
    context = " ".join(words)
    built = qa.features([row(context)], encoder, options(setup_of, doc_stride=stride))
    whole = encoder.tokenizer(context, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    inside = [[tuple(o) for o in f["offsets"] if o] for f in built]
    assert all(len(f["ids"]) == len(f["offsets"]) <= 48 for f in built)
    assert list(dict.fromkeys(o for window in inside for o in window)) == list(dict.fromkeys(map(tuple, whole)))
    for before, after in pairwise(inside):
        assert set(before) & set(after)
        assert not set(after) <= set(before)


def test_windows_move_by_the_stride(encoder, setup_of) -> None:
    built = qa.features([row(" ".join(["cat"] * 90))], encoder, options(setup_of))
    starts = [next(o for o in f["offsets"] if o)[0] for f in built]
    tokens = encoder.tokenizer(" ".join(["cat"] * 90), add_special_tokens=False, return_offsets_mapping=True)
    places = [next(t for t, o in enumerate(tokens["offset_mapping"]) if o[0] == start) for start in starts]
    assert {b - a for a, b in pairwise(places)} == {12}


@given(contexts, st.data())
def test_an_answer_maps_to_tokens_and_back(encoder, setup_of, words, data) -> None:
    first = data.draw(st.integers(0, len(words) - 1), label="first")
    last = data.draw(st.integers(first, min(first + 4, len(words) - 1)), label="last")
    context, text = " ".join(words), " ".join(words[first : last + 1])
    start = len(" ".join([*words[:first], ""])) if first else 0
    assert context[start : start + len(text)] == text
    setup = options(setup_of, max_length=64, doc_stride=30)
    built = qa.features([row(context, [{"text": text, "start": start}])], encoder, setup)
    holding = [f for f in built if f["end"]]
    for feature in built:
        known = [o for o in feature["offsets"] if o]
        is_whole = known[0][0] <= start and known[-1][1] >= start + len(text)
        assert (feature in holding) == is_whole
        if not is_whole:
            assert (feature["start"], feature["end"]) == (0, 0)
    n_tokens = len(encoder.tokenizer(text, add_special_tokens=False)["input_ids"])
    assert holding or n_tokens > 30
    for feature in holding:
        offsets = feature["offsets"]
        assert context[offsets[feature["start"]][0] : offsets[feature["end"]][1]].strip() == text


def feature_of(n: int) -> dict[str, Any]:
    """Return a window of n one-letter words after a question of two tokens; the context's tokens are 3 to n + 2."""
    letters = "abcdefghijklmnopqrstuvwxyz"[:n]
    offsets = [None, None, None, *((2 * i, 2 * i + 1) for i in range(n)), None]
    return {"ids": [0] * len(offsets), "offsets": offsets, "context": " ".join(letters), "row": 0}


def grid(n: int, starts: dict[int, float], ends: dict[int, float]) -> Any:
    """Return logits [n + 4, 2] that are low but where told; words are counted from 0."""
    scores = np.full((n + 4, 2), -50.0, np.float32)
    for column, told in enumerate((starts, ends)):
        for word, value in told.items():
            scores[word + 3, column] = value
    return scores


def test_the_best_span_by_hand(setup_of) -> None:
    feature = feature_of(6)
    assert qa._best_span(feature, grid(6, {1: 5, 4: 4}, {2: 3, 5: 3.5}), options(setup_of)) == (8.5, "b c d e f")
    assert qa._best_span(feature, grid(6, {1: 5}, {1: 3}), options(setup_of)) == (8.0, "b")
    # An end before the start is no span, however high.
    assert qa._best_span(feature, grid(6, {4: 9}, {1: 9, 5: 1}), options(setup_of)) == (10.0, "e f")


def test_the_longest_answer_is_as_long_as_allowed(setup_of) -> None:
    scores = grid(9, {0: 9, 5: 5}, {8: 9, 2: 5, 6: 1})
    assert qa._best_span(feature_of(9), scores, options(setup_of, max_answer_length=9)) == (18.0, "a b c d e f g h i")
    assert qa._best_span(feature_of(9), scores, options(setup_of, max_answer_length=8)) == (14.0, "a b c")
    assert qa._best_span(feature_of(9), scores, options(setup_of, max_answer_length=3))[1] == "a b c"
    assert qa._best_span(feature_of(9), scores, options(setup_of, max_answer_length=2))[1] == "f g"


def test_only_the_n_best_starts_and_ends_are_tried(setup_of) -> None:
    scores = grid(6, {5: 9, 4: 8, 0: 7}, {0: 9, 1: 8, 3: 7})
    assert qa._best_span(feature_of(6), scores, options(setup_of, n_best=2)) == (-np.inf, "")
    assert qa._best_span(feature_of(6), scores, options(setup_of, n_best=3)) == (16.0, "a")


def test_the_question_and_the_padding_answer_nothing(setup_of) -> None:
    scores = grid(3, {1: 1}, {1: 1})
    scores[0] = scores[1] = scores[6] = 99
    assert qa._best_span(feature_of(3), scores, options(setup_of)) == (2.0, "b")
    nothing = {**feature_of(0), "context": ""}
    assert qa._best_span(nothing, grid(0, {}, {}), options(setup_of)) == (-np.inf, "")


@given(st.integers(1, 12), st.integers(1, 13), st.integers(1, 5), st.integers(0, 2**32))
def test_the_best_span_is_that_of_a_plain_search(setup_of, n, n_best, longest, seed) -> None:
    setup = options(setup_of, n_best=n_best, max_answer_length=longest)
    scores = np.random.default_rng(seed).normal(size=(n + 4, 2)).astype(np.float32)
    ranked = [sorted(range(3, n + 3), key=lambda t: -scores[t, column])[:n_best] for column in (0, 1)]
    spans = [(s, e) for s in ranked[0] for e in ranked[1] if 0 <= e - s < longest]
    score, text = qa._best_span(feature_of(n), scores, setup)
    if not spans:
        assert (score, text) == (-np.inf, "")
    else:
        s, e = max(spans, key=lambda span: scores[span[0], 0] + scores[span[1], 1])
        assert score == pytest.approx(float(scores[s, 0] + scores[e, 1]), abs=1e-6)
        assert text == " ".join("abcdefghijklmnopqrstuvwxyz"[s - 3 : e - 2])


class Told(nn.Module):
    """A head that is told the logits of each window of a batch."""

    def __init__(self, *scores: Any) -> None:
        super().__init__()
        self.scores = torch.stack([torch.from_numpy(s) for s in scores])

    def forward(self, hidden_BLD: torch.Tensor) -> torch.Tensor:
        assert self.scores.shape[:2] == hidden_BLD.shape[:2]
        return self.scores


@pytest.mark.parametrize(
    ("null", "threshold", "answer"), [(1.0, 0.0, "b"), (9.0, 0.0, ""), (9.0, 2.0, "b"), (4.0, -3.0, "b"), (6.0, -3.0, "")]
)
def test_no_answer_where_the_first_token_scores_higher(null, threshold, answer, encoder, setup_of) -> None:
    feature = feature_of(3)
    scores = grid(3, {1: 4}, {1: 4})
    scores[0] = null / 2
    setup = options(setup_of, null_answers=True, null_threshold=threshold)
    assert qa.predict(encoder, Told(scores), [feature], [row("a b c")], setup) == [answer]
    without = options(setup_of)
    assert qa.predict(encoder, Told(scores), [feature], [row("a b c")], without) == ["b"]


def test_the_best_of_all_windows_and_the_lowest_null_count(encoder, setup_of) -> None:
    low, high = grid(5, {0: 1}, {0: 1}), grid(5, {4: 3}, {4: 3})
    low[0], high[0] = 2.5, 50.0
    windows, rows, setup = [feature_of(5), feature_of(5)], [row("a b c d e")], options(setup_of, null_answers=True)
    # The first window's null answer is 5, below the second's span of 6: there is an answer.
    assert qa.predict(encoder, Told(low, high), windows, rows, setup) == ["e"]
    low[0] = 3.5
    assert qa.predict(encoder, Told(low, high), windows, rows, setup) == [""]
    assert qa.predict(encoder, Told(low, high), windows, rows, options(setup_of)) == ["e"]


def test_unanswerable_rows_point_to_the_first_token(encoder, setup_of) -> None:
    rows = [row("the small cat"), row("the small cat", [ANSWER])]
    none, some = qa.features(rows, encoder, options(setup_of))
    assert (none["start"], none["end"]) == (0, 0)
    assert some["start"] > 0
    assert qa.gold(rows, options(setup_of)) == [[], ["small"]]


def test_a_long_question_is_cut_and_marked(encoder, setup_of) -> None:
    rows = [row("the cat", question=" ".join(["dog"] * 30)), row("the cat", question="dog")]
    long, short = qa.features(rows, encoder, options(setup_of))
    assert (long["truncated"], short["truncated"]) == (True, False)
    n_question = next(t for t, o in enumerate(long["offsets"]) if o)
    assert n_question <= 8 + 3


@pytest.mark.parametrize(
    ("context", "text", "kept"),
    [
        ("One cat. Two dogs ran. Three.", "dogs", "Two dogs ran."),
        ("One cat. Two dogs ran. Three.", "Three", "Three."),
        ("One cat. Two dogs ran. Three.", "cat. Two", "One cat. Two dogs ran."),
        ("No stop at all here", "stop", "No stop at all here"),
        ("It cost 3.5 million. Then more.", "3.5", "It cost 3.5 million."),
        ('He said "go!" She went.', "She", "She went."),
        ("猫がいた。犬が走った。", "犬", "犬が走った。"),
        ("राम आया। सीता गई।", "सीता", "सीता गई।"),
        ("هل جاء؟ نعم جاء.", "نعم", "نعم جاء."),
    ],
)
def test_the_gold_sentence_by_hand(context, text, kept) -> None:
    given_row = row(context, [{"text": text, "start": context.index(text)}])
    found = qa.gold_sentence(given_row)
    assert found["context"] == kept
    assert [found["context"][a["start"] :][: len(a["text"])] for a in found["answers"]] == [text]
    assert qa.gold_sentence(row(context)) == row(context)


sentences = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join), min_size=1, max_size=5)


@given(sentences, st.sampled_from([". ", "! ", "?  ", "。", ".\n"]), st.data())
def test_the_gold_sentence_holds_its_answers_where_they_say(parts, stop, data) -> None:
    context = stop.join(parts) + stop.strip()
    begin = data.draw(st.integers(0, len(context) - 1), label="begin")
    end = data.draw(st.integers(begin + 1, len(context)), label="end")
    text = context[begin:end]
    assume(text.strip() == text)
    found = qa.gold_sentence(row(context, [{"text": text, "start": begin}]))
    assert found["context"] in context
    assert [found["context"][a["start"] :][: len(a["text"])] for a in found["answers"]] == [text]


def test_other_answers_outside_the_sentence_are_left_out_of_it(encoder, setup_of) -> None:
    answers = [{"text": "dog", "start": 4}, {"text": "cat", "start": 13}]
    one = row("the dog. the cat.", answers)
    assert qa.gold_sentence(one) == {**one, "context": "the dog.", "answers": answers[:1]}
    setup = options(setup_of, context="gold_sentence")
    (feature,) = qa.features([one], encoder, setup)
    assert feature["context"] == "the dog."
    assert qa.gold([one], setup) == [["dog", "cat"]]
