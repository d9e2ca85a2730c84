"""A dual encoder: its loss and its ranking by hand; candidates and accepted answers of a pool in two languages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from harness.families import passage_retrieval as passages


def make(words: list[str], language: str = "en", n: int = 6) -> list[dict[str, Any]]:
    """Return questions, two a paragraph, about paragraphs of three sentences of two words."""
    rows = []
    for i in range(n):
        first = 6 * (i // 2)
        sentences = [" ".join(words[(first + j) % len(words) :][:2]) + " ." for j in (0, 2, 4)]
        context = " ".join(sentences)
        names = [f"{language}-{i // 2}-{j}" for j in range(3)]
        row = {"question": f"{words[i]} {i}", "context": context, "passages": sentences, "names": names}
        rows.append({"id": f"q-{i}", **row, "accepted": [names[i % 3]]})
    return rows


@pytest.fixture
def rows(words) -> list[dict[str, Any]]:
    return make(words)


@pytest.fixture
def head(encoder, setup_of) -> Any:
    torch.manual_seed(3)
    return passages.Head(encoder, setup_of("passage_retrieval"))


def answer(row: dict[str, Any]) -> str:
    """Return the text of the first accepted candidate."""
    text: str = row["passages"][row["names"].index(row["accepted"][0])]
    return text


def vector(encoder, head, *texts: str) -> torch.Tensor:
    """Return the vector of one text, or of a sentence and its paragraph."""
    batch = encoder.tokenizer(*texts, return_tensors="pt", truncation="longest_first", max_length=256)
    hidden = encoder.model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state
    return torch.nn.functional.normalize(torch.tanh(head.dense(hidden[0].mean(0))), dim=0)


def test_features_are_questions_and_answers(rows, encoder, setup_of) -> None:
    built = passages.features(rows, encoder, setup_of("passage_retrieval"))
    for feature, row in zip(built, rows, strict=True):
        assert feature["query"] == encoder.tokenizer(row["question"])["input_ids"]
        assert feature["ids"] == encoder.tokenizer(answer(row), row["context"])["input_ids"]
        assert feature["candidate"] == row["accepted"][0]
        assert not feature["truncated"]


def test_a_long_paragraph_is_cut_in_silence_and_a_long_question_is_not(rows, encoder, setup_of) -> None:
    built = passages.features(rows, encoder, setup_of("passage_retrieval", max_length=12, max_query_length=4))
    assert all(len(f["ids"]) <= 12 for f in built)
    assert all(len(f["query"]) == 4 and f["truncated"] for f in built)
    assert not passages.features(rows, encoder, setup_of("passage_retrieval", max_length=12))[0]["truncated"]


@torch.no_grad()
def test_the_loss_by_hand(rows, encoder, head, setup_of) -> None:
    setup = setup_of("passage_retrieval", scale=7.0)
    rows[3] = {**rows[3], "accepted": rows[2]["accepted"]}  # two questions, one answer
    batch = passages.collate(passages.features(rows, encoder, setup), encoder)
    assert batch["answer"].tolist() == [0, 1, 2, 2, 3, 4]
    questions = [vector(encoder, head, row["question"]) for row in rows]
    answers = [vector(encoder, head, answer(row), row["context"]) for row in rows]
    losses = []
    for i, question in enumerate(questions):
        others = [j for j in range(len(rows)) if j == i or {i, j} != {2, 3}]
        scores = torch.stack([7.0 * question @ answers[j] for j in others])
        losses.append(torch.logsumexp(scores, 0) - 7.0 * question @ answers[i])
    assert float(passages.loss(encoder, head, batch, setup)) == pytest.approx(float(sum(losses)) / len(rows), rel=1e-4)


def test_every_weight_of_the_head_has_a_gradient(rows, encoder, head, setup_of) -> None:
    setup = setup_of("passage_retrieval")
    batch = passages.collate(passages.features(rows, encoder, setup), encoder)
    gradients = torch.autograd.grad(passages.loss(encoder, head, batch, setup), list(head.parameters()))
    assert all(bool(g.isfinite().all()) and bool(g.any()) for g in gradients)


@torch.no_grad()
@pytest.mark.parametrize("pooled", [False, True])
def test_the_ranking_by_hand(pooled, words, rows, encoder, head, setup_of) -> None:
    setup = setup_of("passage_retrieval")
    pool = [*rows, *make(words[7:], "la", 8)] if pooled else rows
    if pooled:
        setup = replace(setup, index=passages.index(encoder, head, pool, setup))
    built = passages.features(rows, encoder, setup)
    found = passages.predict(encoder, head, built, rows, setup)
    candidates = {
        name: vector(encoder, head, sentence, row["context"])
        for row in pool
        for name, sentence in zip(row["names"], row["passages"], strict=True)
    }
    assert len(candidates) == (9 + 12 if pooled else 9)
    for row, ranked in zip(rows, found, strict=True):
        assert len(ranked) == len(set(ranked)) == min(20, len(candidates))
        question = vector(encoder, head, row["question"])
        scores = [float(question @ candidates[name]) for name in ranked]
        assert scores == pytest.approx(
            sorted((float(question @ c) for c in candidates.values()), reverse=True)[:20], abs=1e-5
        )


@torch.no_grad()
def test_answers_in_all_languages_are_accepted(words, rows, encoder, head, setup_of) -> None:
    setup = setup_of("passage_retrieval")
    assert passages.gold(rows, setup) == [[f"en-{i // 2}-{i % 3}"] for i in range(6)]
    pool = [*rows, *make(words, "la", 5)]
    gold = passages.gold(rows, replace(setup, index=passages.index(encoder, head, pool, setup)))
    assert gold[:5] == [[f"en-{i // 2}-{i % 3}", f"la-{i // 2}-{i % 3}"] for i in range(5)]
    assert gold[5] == ["en-2-2"]


@torch.no_grad()
def test_candidates_of_no_question_and_questions_without_candidates(words, rows, encoder, head, setup_of) -> None:
    setup = setup_of("passage_retrieval")
    offered = [
        {"id": f"Q{i}", "question": None, "names": [f"Q{i}"], "passages": [words[i]], "context": None, "accepted": []}
        for i in range(30)
    ]
    asked = [{**rows[0], "id": "m", "names": [], "passages": [], "context": None, "accepted": ["Q7"]}]
    setup = replace(setup, index=passages.index(encoder, head, [*asked, *offered], setup))
    assert list(setup.index.names) == [f"Q{i}" for i in range(30)]
    assert passages.gold(asked, setup) == [["Q7"]]
    (ranked,) = passages.predict(encoder, head, passages.features(asked, encoder, setup), asked, setup)
    question = vector(encoder, head, asked[0]["question"])
    best = max(range(30), key=lambda i: float(question @ vector(encoder, head, words[i])))
    assert len(ranked) == 20
    assert ranked[0] == f"Q{best}"


@torch.no_grad()
def test_candidates_are_encoded_in_parts(rows, encoder, head, setup_of, monkeypatch) -> None:
    setup = setup_of("passage_retrieval")
    whole = passages.index(encoder, head, rows, setup)
    monkeypatch.setattr(passages, "ENCODED_AT_ONCE", 4)
    parts = passages.index(encoder, head, rows, setup)
    assert whole.names == parts.names
    np.testing.assert_allclose(whole.vectors, parts.vectors, atol=1e-5)


@torch.no_grad()
def test_distractors_come_behind_all_candidates_and_answer_nothing(rows, encoder, head, setup_of) -> None:
    setup = setup_of("passage_retrieval")
    plain = passages.index(encoder, head, rows, setup)
    attacked = [{**rows[0], "distractors": [rows[0]["question"], "?"]}, *rows[1:]]
    found = passages.index(encoder, head, attacked, setup)
    assert found.names == [*plain.names, "en-0-0+q-0+0", "en-0-0+q-0+1"]
    np.testing.assert_allclose(found.vectors[: len(plain.names)], plain.vectors, atol=1e-5)
    assert found.accepted == plain.accepted
    again = passages.index(encoder, head, [{**row, "distractors": []} for row in rows], setup)
    assert again.names == plain.names
    assert again.vectors.tobytes() == plain.vectors.tobytes()
