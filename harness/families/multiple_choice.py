"""Multiple choice: a prompt and n choices → the index of the right one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from harness.encoders import Encoder, pool
from harness.families import Batch, Feature, Row, Setup, by_length, drawn, inputs
from harness.families import sequence_classification as classification

VERSION = 1


class Head(classification.Head):
    """The classification head with one output: the score of a choice."""

    def __init__(self, encoder: Encoder, setup: Setup) -> None:
        super().__init__(encoder, setup, n_outputs=1)


def features(rows: Sequence[Row], encoder: Encoder, setup: Setup) -> list[Feature]:
    """Returns one feature a row. `choices` are the token ids of prompt and choice; `ids` the longest of them."""
    tokenizer, limit = encoder.tokenizer, setup.options.max_length
    side, tokenizer.truncation_side = tokenizer.truncation_side, "left"
    built = []
    for i, row in enumerate(rows):
        full = [tokenizer(row["prompt"], choice)["input_ids"] for choice in row["choices"]]
        truncated = any(len(ids) > limit for ids in full)
        if truncated:
            options = {"truncation": "longest_first", "max_length": limit}
            full = [tokenizer(row["prompt"], choice, **options)["input_ids"] for choice in row["choices"]]
        built.append(
            {
                "choices": full,
                "ids": max(full, key=len),
                "row": i,
                "label": row["label"],
                "truncated": truncated,
            }
        )
    tokenizer.truncation_side = side
    return built


def collate(batch: Sequence[Feature], encoder: Encoder) -> Batch:
    """Returns ids and mask [B × n, L] of all choices in order, labels [B], and the number of choices of each row [B]."""
    tensors = inputs([{"ids": ids} for f in batch for ids in f["choices"]], encoder)
    device = tensors["ids"].device
    tensors["label"] = torch.tensor([f["label"] for f in batch], device=device)
    tensors["n_choices"] = torch.tensor([len(f["choices"]) for f in batch], device=device)
    return tensors


def logits(encoder: Encoder, head: nn.Module, batch: Batch, setup: Setup) -> Tensor:
    """Returns the choices' scores [B, n]; a row with fewer choices has the rest at minus infinity."""
    hidden = encoder.hidden(batch["ids"], batch["mask"])
    flat = head(pool(hidden, batch["mask"], setup.pooling)).squeeze(-1).float()
    rows = torch.split(flat, batch["n_choices"].tolist())
    return nn.utils.rnn.pad_sequence(list(rows), batch_first=True, padding_value=float("-inf"))


def loss(encoder: Encoder, head: nn.Module, batch: Batch, setup: Setup) -> Tensor:
    """Returns the mean cross-entropy over the choices."""
    return nn.functional.cross_entropy(logits(encoder, head, batch, setup), batch["label"])


def draw(encoder: Encoder, head: nn.Module, batch: Batch, setup: Setup, generator: torch.Generator) -> Batch:
    """Returns the batch with labels drawn from the model's own prediction."""
    return {**batch, "label": drawn(logits(encoder, head, batch, setup), batch["label"], generator)}


def predict(encoder: Encoder, head: Any, built: Sequence[Feature], rows: Sequence[Row], setup: Setup) -> list[str]:
    """Returns the index of the best choice of each row, as text."""
    predicted = [""] * len(rows)
    for indices in by_length(built, encoder.predict_tokens):
        scores = logits(encoder, head, collate([built[i] for i in indices], encoder), setup)
        for i, best in zip(indices, scores.argmax(-1).tolist(), strict=True):
            predicted[built[i]["row"]] = str(best)
    return predicted


def gold(rows: Sequence[Row], setup: Setup) -> list[str]:
    """Returns the index of the right choice of each row, as text."""
    return [str(row["label"]) for row in rows]
