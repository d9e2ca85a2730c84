"""Masked language modelling (Devlin et al. 2019), with spans of a row that are masked whole."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from harness.encoders import Encoder
from harness.families import TOKENIZED_AT_ONCE, Batch, Feature, Row, Setup, inputs, pad

VERSION = 1
MASKED, RANDOM = 0.8, 0.9


class Head(nn.Module):
    """Dense → GELU → layer norm → the transposed token embedding and a bias."""

    def __init__(self, encoder: Encoder, setup: Setup) -> None:
        super().__init__()
        self.dense = nn.Linear(encoder.width, encoder.width)
        self.norm = nn.LayerNorm(encoder.width)
        self.bias = nn.Parameter(torch.zeros(int(encoder.model.config.vocab_size)))

    def forward(self, hidden_MD: Tensor, embedding_VD: Tensor) -> Tensor:
        """Returns logits [M, V] of the M masked positions."""
        vectors = self.norm(nn.functional.gelu(self.dense(hidden_MD)))
        logits: Tensor = vectors @ embedding_VD.T + self.bias
        return logits


def features(rows: Sequence[Row], encoder: Encoder, setup: Setup) -> list[Feature]:
    """Returns one feature a row: its tokens, and the token ranges of its spans."""
    tokenizer, limit, built = encoder.tokenizer, setup.options.max_length, []
    for start in range(0, len(rows), TOKENIZED_AT_ONCE):
        part = rows[start : start + TOKENIZED_AT_ONCE]
        encoded = tokenizer([row["text"] for row in part], return_offsets_mapping=True)
        for i, (row, ids, offsets) in enumerate(
            zip(part, encoded["input_ids"], encoded["offset_mapping"], strict=True), start
        ):
            truncated = len(ids) > limit
            if truncated:
                options = {"truncation": True, "max_length": limit}
                cut = tokenizer(row["text"], return_offsets_mapping=True, **options)
                ids, offsets = cut["input_ids"], cut["offset_mapping"]
            spans = []
            for begin, end in row.get("spans", ()):
                inside = [t for t, (a, b) in enumerate(offsets) if a < end and b > begin and b > a]
                if inside:
                    spans.append((inside[0], inside[-1] + 1))
            built.append({"ids": ids, "spans": spans, "row": i, "truncated": truncated})
    return built


def collate(batch: Sequence[Feature], encoder: Encoder) -> Batch:
    """Returns ids and mask [B, L], where a token may be masked [B, L], and spans [B, S, 2] (empty ranges as filling)."""
    tensors = inputs(batch, encoder)
    device = tensors["ids"].device
    special = set(encoder.tokenizer.all_special_ids)
    plain = [[int(t not in special) for t in f["ids"]] for f in batch]
    tensors["plain"] = pad(plain, 0).bool().to(device)
    most = max(1, *(len(f["spans"]) for f in batch))
    spans = [[*f["spans"], *[(0, 0)] * (most - len(f["spans"]))] for f in batch]
    tensors["spans"] = torch.tensor(spans, device=device)
    tensors["n_spans"] = torch.tensor([len(f["spans"]) for f in batch], device=device)
    tensors["mask_id"] = torch.tensor(encoder.tokenizer.mask_token_id, device=device)
    return tensors


def masked(batch: Batch, setup: Setup, n_pieces: int) -> tuple[Tensor, Tensor]:
    """Returns corrupted ids [B, L] and which positions are to be predicted [B, L]. Draws from torch's generator."""
    ids, plain = batch["ids"], batch["plain"]
    device = ids.device
    has_span = batch["n_spans"] > 0
    fraction = torch.where(has_span, setup.options.fraction_beside_span, setup.options.mask_fraction)
    chosen = (torch.rand(ids.shape, device=device) < fraction[:, None]) & plain
    which = (torch.rand(len(ids), device=device) * batch["n_spans"]).long()
    span = batch["spans"].gather(1, which[:, None, None].expand(-1, 1, 2)).squeeze(1)
    place = torch.arange(ids.shape[1], device=device)
    whole = (place >= span[:, :1]) & (place < span[:, 1:]) & has_span[:, None] & plain
    chosen |= whole
    draw = torch.rand(ids.shape, device=device)
    corrupted = torch.where(chosen & ((draw < MASKED) | whole), batch["mask_id"], ids)
    random = torch.randint(n_pieces, ids.shape, device=device)
    corrupted = torch.where(chosen & ~whole & (draw >= MASKED) & (draw < RANDOM), random, corrupted)
    return corrupted, chosen


def loss(encoder: Encoder, head: nn.Module, batch: Batch, setup: Setup) -> Tensor:
    """Returns the mean cross-entropy over masked positions; zero where nothing was masked."""
    weight = encoder.embedding().weight
    assert isinstance(weight, Tensor)
    corrupted, chosen = masked(batch, setup, len(weight))
    hidden = encoder.hidden(corrupted, batch["mask"])
    # Only at the masked positions: the vocabulary is the widest matrix of the whole model.
    logits = head(hidden[chosen], weight).float()
    return nn.functional.cross_entropy(logits, batch["ids"][chosen], reduction="sum") / max(1, int(chosen.sum()))
