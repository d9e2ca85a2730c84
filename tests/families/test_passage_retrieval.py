"""A dual encoder: its loss and its ranking by hand; candidates and accepted answers of a pool in two languages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

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
        row = {"question": f"{words[i]} {i}", "context": context, "sentences": sentences, "target": i % 3}
        rows.append({"id": f"q-{i}", **row, "paragraph": f"{language}-{i // 2}"})
    return rows


@pytest.fixture
def rows(words) -> list[dict[str, Any]]:
    return make(words)


@pytest.fixture
def head(encoder, setup_of) -> Any:
    torch.manual_seed(3)
    return passages.Head(encoder, setup_of("passage_retrieval"))


def vector(encoder, head, *texts: str) -> torch.Tensor:
    """Return the vector of one text, or of a sentence and its paragraph."""
    batch = encoder.tokenizer(*texts, return_tensors="pt", truncation="longest_first", max_length=256)
    hidden = encoder.model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state
    return torch.nn.functional.normalize(torch.tanh(head.dense(hidden[0].mean(0))), dim=0)


def test_features_are_questions_and_answers(rows, encoder, setup_of) -> None:
    built = passages.features(rows, encoder, setup_of("passage_retrieval"))
    for feature, row in zip(built, rows, strict=True):
        assert feature["query"] == encoder.tokenizer(row["question"])["input_ids"]
        assert feature["ids"] == encoder.tokenizer(row["sentences"][row["target"]], row["context"])["input_ids"]
        assert feature["candidate"] == f"{row['paragraph']}-{row['target']}"
        assert not feature["truncated"]


def test_a_long_paragraph_is_cut_in_silence_and_a_long_question_is_not(rows, encoder, setup_of) -> None:
    built = passages.features(rows, encoder, setup_of("passage_retrieval", max_length=12, max_query_length=4))
    assert all(len(f["ids"]) <= 12 for f in built)
    assert all(len(f["query"]) == 4 and f["truncated"] for f in built)
    assert not passages.features(rows, encoder, setup_of("passage_retrieval", max_length=12))[0]["truncated"]


@torch.no_grad()
def test_the_loss_by_hand(rows, encoder, head, setup_of) -> None:
    setup = setup_of("passage_retrieval", scale=7.0)
    rows[3] = {**rows[3], "target": rows[2]["target"]}  # two questions, one answer
    batch = passages.collate(passages.features(rows, encoder, setup), encoder)
    assert batch["answer"].tolist() == [0, 1, 2, 2, 3, 4]
    questions = [vector(encoder, head, row["question"]) for row in rows]
    answers = [vector(encoder, head, row["sentences"][row["target"]], row["context"]) for row in rows]
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
    if pooled:
        setup = replace(setup, pool=[*rows, *make(words[7:], "la", 8)])
    built = passages.features(rows, encoder, setup)
    found = passages.predict(encoder, head, built, rows, setup)
    candidates = {
        f"{row['paragraph']}-{i}": vector(encoder, head, sentence, row["context"])
        for row in setup.pool or rows
        for i, sentence in enumerate(row["sentences"])
    }
    assert len(candidates) == (9 + 12 if pooled else 9)
    for row, ranked in zip(rows, found, strict=True):
        assert len(ranked) == len(set(ranked)) == min(20, len(candidates))
        question = vector(encoder, head, row["question"])
        scores = [float(question @ candidates[name]) for name in ranked]
        assert scores == pytest.approx(
            sorted((float(question @ c) for c in candidates.values()), reverse=True)[:20], abs=1e-5
        )


def test_answers_in_all_languages_are_accepted(words, rows, setup_of) -> None:
    setup = setup_of("passage_retrieval")
    assert passages.gold(rows, setup) == [[f"en-{i // 2}-{i % 3}"] for i in range(6)]
    pool = [*rows, *make(words, "la", 5)]
    gold = passages.gold(rows, replace(setup, pool=pool))
    assert gold[:5] == [[f"en-{i // 2}-{i % 3}", f"la-{i // 2}-{i % 3}"] for i in range(5)]
    assert gold[5] == ["en-2-2"]


def test_an_answer_that_stands_twice_in_its_paragraph(rows, setup_of) -> None:
    row = {**rows[0], "sentences": ["a .", "b .", "a ."], "target": 2}
    assert passages.gold([row], setup_of("passage_retrieval")) == [["en-0-0", "en-0-2"]]
