"""Passage retrieval: a question → the sentences that answer it, in any language (LAReQA: Roy et al. 2020).

A dual encoder as in XTREME-R (Ruder et al. 2021): questions and candidates go through the same encoder and head, and a
score is a cosine; trained with a softmax over the answers of a batch. A candidate is a sentence followed by its
paragraph. A row is a question with the `sentences` of its paragraph (`context`), of which `target` answers it; the
sentences of all rows of the pool are the candidates. Translations of a question share their id, and the answers to
all of them are accepted.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from harness.encoders import Encoder, pool
from harness.families import Batch, Feature, Row, Setup, by_length, encode_pairs, inputs
from harness.neighbours import Floats, nearest

VERSION = 1
N_RANKED = 20


class Head(nn.Module):
    """Pooled vector → dense → tanh → length one."""

    def __init__(self, encoder: Encoder, setup: Setup) -> None:
        super().__init__()
        self.dense = nn.Linear(encoder.width, encoder.width)

    def forward(self, pooled_BD: Tensor) -> Tensor:
        """Returns vectors [B, D]."""
        return nn.functional.normalize(torch.tanh(self.dense(pooled_BD)).float(), dim=-1)


def features(rows: Sequence[Row], encoder: Encoder, setup: Setup) -> list[Feature]:
    """Returns one feature a row: `ids` are its answer and paragraph, `query` its question, `candidate` the answer's name.

    Of the answer and its paragraph the longer one, nearly always the paragraph, is cut to fit. That is as planned:
    `truncated` is a row that lost a part of its question.
    """
    asked = encode_pairs(encoder, [row["question"] for row in rows], [None] * len(rows), setup.options.max_query_length)
    answers, contexts = [row["sentences"][row["target"]] for row in rows], [row["context"] for row in rows]
    built = encode_pairs(encoder, answers, contexts, setup.options.max_length)
    return [
        {**answer, "query": query["ids"], "candidate": _accepted(row)[0], "truncated": query["truncated"]}
        for row, query, answer in zip(rows, asked, built, strict=True)
    ]


def _accepted(row: Row) -> list[str]:
    """Returns the names of the sentences that are the row's answer: one, unless its paragraph says it twice."""
    answer = row["sentences"][row["target"]]
    return [f"{row['paragraph']}-{i}" for i, sentence in enumerate(row["sentences"]) if sentence == answer]


def collate(batch: Sequence[Feature], encoder: Encoder) -> Batch:
    """Returns ids and mask of answers [B, L] and of questions [B, Q], and a number for each distinct answer [B]."""
    tensors, asked = inputs(batch, encoder), inputs([{"ids": f["query"]} for f in batch], encoder)
    tensors["query_ids"], tensors["query_mask"] = asked["ids"], asked["mask"]
    numbers: dict[str, int] = {}
    answers = [numbers.setdefault(f["candidate"], len(numbers)) for f in batch]
    tensors["answer"] = torch.tensor(answers, device=tensors["ids"].device)
    return tensors


def embed(encoder: Encoder, head: nn.Module, ids_BL: Tensor, mask_BL: Tensor, setup: Setup) -> Tensor:
    """Returns vectors [B, D] of length one."""
    vectors: Tensor = head(pool(encoder.hidden(ids_BL, mask_BL), mask_BL, setup.pooling))
    return vectors


def loss(encoder: Encoder, head: nn.Module, batch: Batch, setup: Setup) -> Tensor:
    """Returns the mean cross-entropy of each question's answer among the answers of the batch.

    Unlike in XTREME-R's scripts an answer that two questions of a batch share does not count against either: batches
    of like length often hold several questions about one paragraph. With `accumulate`, each part is a batch in this sense.
    """
    questions = embed(encoder, head, batch["query_ids"], batch["query_mask"], setup)
    answers = embed(encoder, head, batch["ids"], batch["mask"], setup)
    # A cosine in bfloat16 times a hundred would be off by half a logit.
    with torch.autocast(questions.device.type, enabled=False):
        scores = setup.options.scale * questions @ answers.T
    places = torch.arange(len(scores), device=scores.device)
    same = (batch["answer"][:, None] == batch["answer"]) & (places[:, None] != places)
    return nn.functional.cross_entropy(scores.masked_fill(same, float("-inf")), places)


def predict(
    encoder: Encoder, head: nn.Module, built: Sequence[Feature], rows: Sequence[Row], setup: Setup
) -> list[list[str]]:
    """Returns the names of each question's 20 nearest candidates out of the pool (without one, out of the rows)."""
    candidates = {
        f"{row['paragraph']}-{i}": (sentence, row["context"])
        for row in setup.pool or rows
        for i, sentence in enumerate(row["sentences"])
    }
    sentences, contexts = zip(*candidates.values(), strict=True)
    index = _vectors(encoder, head, encode_pairs(encoder, sentences, contexts, setup.options.max_length), setup)
    queries = _vectors(encoder, head, [{"ids": feature["query"]} for feature in built], setup)
    names = list(candidates)
    return [[names[i] for i in found] for found in nearest(queries, index, N_RANKED).ids.tolist()]


def _vectors(encoder: Encoder, head: nn.Module, built: Sequence[Feature], setup: Setup) -> Floats:
    vectors = np.zeros((len(built), encoder.width), np.float32)
    for indices in by_length(built, encoder.predict_tokens):
        batch = inputs([built[i] for i in indices], encoder)
        vectors[indices] = embed(encoder, head, batch["ids"], batch["mask"], setup).cpu().numpy()
    return vectors


def gold(rows: Sequence[Row], setup: Setup) -> list[list[str]]:
    """Returns the names of the accepted candidates of each question."""
    accepted: dict[str, list[str]] = {}
    for row in setup.pool or rows:
        accepted.setdefault(row["id"], []).extend(_accepted(row))
    return [accepted[row["id"]] for row in rows]
