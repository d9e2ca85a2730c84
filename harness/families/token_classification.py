"""Token classification: one label a word, carried by the word's first piece (part-of-speech, named entities)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from harness.encoders import Encoder
from harness.families import Batch, Feature, Row, Setup, by_length, drawn, inputs, pad

VERSION = 1
IGNORED = -100


class Head(nn.Module):
    """Hidden vector of a word's first piece → linear."""

    def __init__(self, encoder: Encoder, setup: Setup) -> None:
        super().__init__()
        self.output = nn.Linear(encoder.width, len(setup.labels))

    def forward(self, hidden_BWD: Tensor) -> Tensor:
        """Returns logits [B, W, C]."""
        logits: Tensor = self.output(hidden_BWD)
        return logits


def features(rows: Sequence[Row], encoder: Encoder, setup: Setup) -> list[Feature]:
    """Returns one feature a window: `first` are the places of words' first pieces, `words` their numbers in the row."""
    index = {label: i for i, label in enumerate(setup.labels)}
    built = []
    for i, (row, pieces) in enumerate(zip(rows, _pieces(rows, encoder), strict=True)):
        for ids, first, words in _windows(pieces, encoder, setup.options.max_length):
            labels = [index[row["tags"][w]] for w in words]
            built.append({"ids": ids, "first": first, "words": words, "labels": labels, "row": i, "truncated": False})
    return built


def _pieces(rows: Sequence[Row], encoder: Encoder) -> Iterator[list[list[int]]]:
    """Yields the pieces of each word of each row."""
    if not rows:
        return
    encoded = encoder.tokenizer([list(row["tokens"]) for row in rows], is_split_into_words=True, add_special_tokens=False)
    for i, row in enumerate(rows):
        pieces: list[list[int]] = [[] for _ in row["tokens"]]
        for piece, word in zip(encoded["input_ids"][i], encoded.word_ids(i), strict=True):
            pieces[word].append(piece)
        yield pieces


def _windows(pieces: Sequence[list[int]], encoder: Encoder, limit: int) -> Iterator[tuple[list[int], list[int], list[int]]]:
    """Yields (ids, first pieces, words) of one sentence, cut between words wherever it is longer than `limit`."""
    tokenizer = encoder.tokenizer
    start, end = [tokenizer.cls_token_id], [tokenizer.sep_token_id]
    ids: list[int] = list(start)
    first: list[int] = []
    words: list[int] = []
    for word, own in enumerate(pieces):
        # A word without pieces still needs a place for its label; a monstrous one keeps its beginning.
        own = (own or [tokenizer.unk_token_id])[: limit - 2]
        if words and len(ids) + len(own) + 1 > limit:
            yield ids + end, first, words
            ids, first, words = list(start), [], []
        first.append(len(ids))
        words.append(word)
        ids += own
    if words:
        yield ids + end, first, words


def collate(batch: Sequence[Feature], encoder: Encoder) -> Batch:
    """Returns ids and mask [B, L], first pieces [B, W] and labels [B, W], `IGNORED` where a row has fewer words."""
    tensors = inputs(batch, encoder)
    device = tensors["ids"].device
    tensors["first"] = pad([f["first"] for f in batch], 0).to(device)
    tensors["label"] = pad([f["labels"] for f in batch], IGNORED).to(device)
    return tensors


def logits(encoder: Encoder, head: nn.Module, batch: Batch) -> Tensor:
    """Returns logits [B, W, C]."""
    hidden = encoder.hidden(batch["ids"], batch["mask"])
    places = batch["first"][:, :, None].expand(-1, -1, hidden.shape[-1])
    scores: Tensor = head(hidden.gather(1, places))
    return scores


def loss(encoder: Encoder, head: nn.Module, batch: Batch, setup: Setup) -> Tensor:
    """Returns the mean cross-entropy over words."""
    scores = logits(encoder, head, batch).float()
    return nn.functional.cross_entropy(scores.flatten(0, 1), batch["label"].flatten(), ignore_index=IGNORED)


def draw(encoder: Encoder, head: nn.Module, batch: Batch, setup: Setup, generator: torch.Generator) -> Batch:
    """Returns the batch with labels drawn from the model's own prediction."""
    return {**batch, "label": drawn(logits(encoder, head, batch), batch["label"], generator)}


def predict(encoder: Encoder, head: Any, built: Sequence[Feature], rows: Sequence[Row], setup: Setup) -> list[list[str]]:
    """Returns one label a word of each row."""
    predicted = [[setup.labels[0]] * len(row["tokens"]) for row in rows]
    for indices in by_length(built, encoder.predict_tokens):
        chosen = logits(encoder, head, collate([built[i] for i in indices], encoder)).argmax(-1).tolist()
        for i, best in zip(indices, chosen, strict=True):
            for word, label in zip(built[i]["words"], best, strict=False):
                predicted[built[i]["row"]][word] = setup.labels[label]
    return predicted


def gold(rows: Sequence[Row], setup: Setup) -> list[list[str]]:
    """Returns the labels of each row."""
    return [list(row["tags"]) for row in rows]
