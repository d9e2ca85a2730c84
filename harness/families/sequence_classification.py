"""Sequence classification: one text or a pair → one label (NLI, paraphrase)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from harness.encoders import Encoder, pool
from harness.families import Batch, Feature, Row, Setup, by_length, drawn, encode_pairs, inputs

VERSION = 1


class Head(nn.Module):
    """Pooled vector → dense → tanh → linear."""

    def __init__(self, encoder: Encoder, setup: Setup, n_outputs: int | None = None) -> None:
        super().__init__()
        self.dense = nn.Linear(encoder.width, encoder.width)
        self.output = nn.Linear(encoder.width, n_outputs or len(setup.labels))

    def forward(self, pooled_BD: Tensor) -> Tensor:
        """Returns logits [B, C]."""
        logits: Tensor = self.output(torch.tanh(self.dense(pooled_BD)))
        return logits


def features(rows: Sequence[Row], encoder: Encoder, setup: Setup) -> list[Feature]:
    """Returns one feature a row, with the index of its label."""
    built = encode_pairs(encoder, (r["text_a"] for r in rows), (r.get("text_b") for r in rows), setup.options.max_length)
    index = {label: i for i, label in enumerate(setup.labels)}
    return [{**feature, "label": index[row["label"]]} for feature, row in zip(built, rows, strict=True)]


def collate(batch: Sequence[Feature], encoder: Encoder) -> Batch:
    """Returns ids and mask [B, L] and labels [B]."""
    tensors = inputs(batch, encoder)
    tensors["label"] = torch.tensor([f["label"] for f in batch], device=tensors["ids"].device)
    return tensors


def logits(encoder: Encoder, head: nn.Module, batch: Batch, setup: Setup) -> Tensor:
    """Returns logits [B, C]."""
    hidden = encoder.hidden(batch["ids"], batch["mask"])
    scores: Tensor = head(pool(hidden, batch["mask"], setup.pooling))
    return scores


def loss(encoder: Encoder, head: nn.Module, batch: Batch, setup: Setup) -> Tensor:
    """Returns the mean cross-entropy."""
    return nn.functional.cross_entropy(logits(encoder, head, batch, setup).float(), batch["label"])


def draw(encoder: Encoder, head: nn.Module, batch: Batch, setup: Setup, generator: torch.Generator) -> Batch:
    """Returns the batch with labels drawn from the model's own prediction."""
    return {**batch, "label": drawn(logits(encoder, head, batch, setup), batch["label"], generator)}


def predict(encoder: Encoder, head: Any, built: Sequence[Feature], rows: Sequence[Row], setup: Setup) -> list[str]:
    """Returns the likeliest label of each row."""
    predicted = [""] * len(rows)
    for indices in by_length(built, encoder.predict_tokens):
        scores = logits(encoder, head, inputs([built[i] for i in indices], encoder), setup)
        for i, best in zip(indices, scores.argmax(-1).tolist(), strict=True):
            predicted[built[i]["row"]] = setup.labels[best]
    return predicted


def gold(rows: Sequence[Row], setup: Setup) -> list[str]:
    """Returns the label of each row."""
    return [row["label"] for row in rows]
