"""Passage retrieval: a question → the passages that answer it, in any language.

A dual encoder as in XTREME-R (Ruder et al. 2021): questions and candidates go through the same encoder and head, and a
score is a cosine; trained with a softmax over the answers of a batch. LAReQA asks for a sentence, given with its paragraph
(Roy et al. 2020); Mewsli-X for the description of the entity that a marked mention names.

A row has a `question`, the candidates that it offers (`passages` and their `names`; what follows each in the encoder is
`context`, if that is not None), and `accepted`: the names of those that answer it. A row may offer none, or have no
question and only offer. What all rows of the pool offer are the candidates. Translations of a question share their id, and
the answers to all of them are accepted. A row may bring `distractors`, which answer nothing and come behind all candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from harness.encoders import Encoder, pool
from harness.families import Batch, Feature, Row, Setup, by_length, encode_pairs, inputs
from harness.neighbours import Floats, nearest

VERSION = 2
N_RANKED = 20
# Token ids of a million candidates at once would take more memory than their vectors.
ENCODED_AT_ONCE = 65_536


@dataclass(frozen=True)
class Index:
    """The candidates of a pool: names and vectors [M, D]; and the names that are accepted, by the question's id."""

    names: Sequence[str]
    vectors: Floats
    accepted: dict[str, list[str]]


class Head(nn.Module):
    """Pooled vector → dense → tanh → length one."""

    def __init__(self, encoder: Encoder, setup: Setup) -> None:
        super().__init__()
        self.dense = nn.Linear(encoder.width, encoder.width)

    def forward(self, pooled_BD: Tensor) -> Tensor:
        """Returns vectors [B, D]."""
        return nn.functional.normalize(torch.tanh(self.dense(pooled_BD)).float(), dim=-1)


def features(rows: Sequence[Row], encoder: Encoder, setup: Setup) -> list[Feature]:
    """Returns one feature a row: `query` is its question, `ids` its first accepted candidate, `candidate` that one's name.

    A row that offers no such candidate can be evaluated, not trained on: its `ids` are the question's. Of a sentence and
    its paragraph the longer one, nearly always the paragraph, is cut to fit. That is as planned: `truncated` is a row that
    lost a part of its question.
    """
    asked = encode_pairs(encoder, [row["question"] for row in rows], [None] * len(rows), setup.options.max_query_length)
    answered = [i for i, row in enumerate(rows) if row["accepted"][0] in row["names"]]
    answers = [rows[i]["passages"][rows[i]["names"].index(rows[i]["accepted"][0])] for i in answered]
    built = encode_pairs(encoder, answers, [rows[i]["context"] for i in answered], setup.options.max_length)
    ids = {i: answer["ids"] for i, answer in zip(answered, built, strict=True)}
    return [
        {**query, "ids": ids.get(i, query["ids"]), "query": query["ids"], "candidate": rows[i]["accepted"][0]}
        for i, query in enumerate(asked)
    ]


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


def index(encoder: Encoder, head: nn.Module, rows: Sequence[Row], setup: Setup) -> Index:
    """Returns the candidates that rows offer, each name once, encoded; then their distractors."""
    candidates = {
        name: (passage, row["context"]) for row in rows for name, passage in zip(row["names"], row["passages"], strict=True)
    }
    bare = Index(list(candidates), _encoded(list(candidates.values()), encoder, head, setup), _accepted(rows))
    return harder(bare, encoder, head, rows, setup)


def harder(index: Index, encoder: Encoder, head: nn.Module, rows: Sequence[Row], setup: Setup) -> Index:
    """Returns an index with the distractors that some rows bring behind its candidates."""
    distractors = {
        f"{row['accepted'][0]}+{row['id']}+{i}": (text, row["context"])
        for row in rows
        for i, text in enumerate(row.get("distractors", ()))
    }
    vectors = _encoded(list(distractors.values()), encoder, head, setup)
    return Index([*index.names, *distractors], np.concatenate([index.vectors, vectors]), index.accepted)


def _encoded(pairs: Sequence[tuple[str, str | None]], encoder: Encoder, head: nn.Module, setup: Setup) -> Floats:
    """Returns the vectors of passages, each with its context [M, D]."""
    vectors = np.zeros((len(pairs), encoder.width), np.float32)
    for start in range(0, len(pairs), ENCODED_AT_ONCE):
        passages, contexts = zip(*pairs[start : start + ENCODED_AT_ONCE], strict=True)
        built = encode_pairs(encoder, passages, contexts, setup.options.max_length)
        vectors[start : start + ENCODED_AT_ONCE] = _vectors(encoder, head, built, setup)
    return vectors


def predict(
    encoder: Encoder, head: nn.Module, built: Sequence[Feature], rows: Sequence[Row], setup: Setup
) -> list[list[str]]:
    """Returns the names of each question's 20 nearest candidates out of `setup.index` (without one, out of the rows')."""
    found = setup.index or index(encoder, head, rows, setup)
    queries = _vectors(encoder, head, [{"ids": feature["query"]} for feature in built], setup)
    return [[found.names[i] for i in best] for best in nearest(queries, found.vectors, N_RANKED).ids.tolist()]


def _vectors(encoder: Encoder, head: nn.Module, built: Sequence[Feature], setup: Setup) -> Floats:
    vectors = np.zeros((len(built), encoder.width), np.float32)
    for indices in by_length(built, encoder.predict_tokens):
        batch = inputs([built[i] for i in indices], encoder)
        vectors[indices] = embed(encoder, head, batch["ids"], batch["mask"], setup).cpu().numpy()
    return vectors


def gold(rows: Sequence[Row], setup: Setup) -> list[list[str]]:
    """Returns the names of the accepted candidates of each question, those of its translations in the pool among them."""
    accepted = setup.index.accepted if setup.index else _accepted(rows)
    return [accepted[row["id"]] for row in rows]


def _accepted(rows: Sequence[Row]) -> dict[str, list[str]]:
    accepted: dict[str, list[str]] = {}
    for row in rows:
        if row["question"] is not None:
            accepted.setdefault(row["id"], []).extend(row["accepted"])
    return accepted
