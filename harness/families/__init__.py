"""Task families: rows → features → batches → logits → predictions. One module a family, all of the same shape.

A family module has `VERSION`; `features(rows, encoder, setup)`; `gold(rows, setup)`; `predict(encoder, head, features,
rows, setup)`; and, if it can be trained, `Head(encoder, setup)`, `collate(features, encoder)` and
`loss(encoder, head, batch, setup)`. A feature is a dict with `ids` (token ids) and `row` (index of its row); `truncated`
marks one that lost text.

Some families need more than the rows of one language. What they need is said without torch, in their options module
(`harness.spec.options`): `TRAINED = False` for one that has no `loss`; `POOLED = True` for one whose predictions are
chosen from rows of all languages: it has `index(encoder, head, rows, setup)`, and what that returns comes as
`setup.index`; `TUNED = True` for one that is tuned on the validation
rows of the language: it has `tune(encoder, head, rows, setup)`, and what that returns (JSON-able) comes as `setup.tuned`.
Where not every row is an example that is scored, `examples(rows)` returns those that are. A family whose model says how
likely each label is has `draw(encoder, head, batch, setup, generator)`: the batch with labels drawn from that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Row = dict[str, Any]
Feature = dict[str, Any]
Batch = dict[str, Tensor]
# One call for many texts is three times as fast as a call for each; offsets of all at once would fill the memory.
TOKENIZED_AT_ONCE = 4096


@dataclass(frozen=True)
class Setup:
    """What a family needs beside rows and encoder: its task's options and labels, and the encoder's pooling.

    `index` is what a family that is `POOLED` made of the rows of all languages, `tuned` what a `TUNED` one was tuned to.
    """

    options: Any
    labels: tuple[str, ...] = ()
    pooling: str = "first"
    index: Any = None
    tuned: Any = None


def pad(sequences: Sequence[Sequence[int]], value: int) -> Tensor:
    """Returns sequences as one tensor [B, L], filled up with `value` on the right."""
    longest = max(len(s) for s in sequences)
    return torch.tensor([[*s, *[value] * (longest - len(s))] for s in sequences], dtype=torch.long)


def inputs(features: Sequence[Feature], encoder: Any) -> Batch:
    """Returns token ids and the mask of real tokens, both [B, L], on the encoder's device."""
    ids = pad([f["ids"] for f in features], encoder.tokenizer.pad_token_id)
    mask = pad([[1] * len(f["ids"]) for f in features], 0)
    device = encoder.model.device
    return {"ids": ids.to(device), "mask": mask.to(device)}


def drawn(logits: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
    """Returns a class for each label [...], drawn as likely as logits [..., C] say; labels below 0 stay."""
    chosen = torch.multinomial(logits.float().softmax(-1).flatten(0, -2).cpu(), 1, generator=generator)
    return torch.where(labels < 0, labels, chosen.view(labels.shape).to(labels.device))


def n_targets(batch: Batch) -> int:
    """Returns how many targets a batch's mean loss is taken over: its labels, or else its examples."""
    label = batch.get("label")
    return len(batch["ids"]) if label is None else int((label >= 0).sum())


def by_length(features: Sequence[Feature], max_tokens: int) -> Iterator[list[int]]:
    """Yields indices of features in batches of like length, each at most `max_tokens` padded tokens (one at least)."""
    batch: list[int] = []
    for i in sorted(range(len(features)), key=lambda i: (len(features[i]["ids"]), i)):
        if batch and (len(batch) + 1) * len(features[i]["ids"]) > max_tokens:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def encode_pairs(encoder: Any, first: Iterable[str], second: Iterable[str | None], max_length: int) -> list[Feature]:
    """Returns one feature a pair (or single text), the longer text cut first, `truncated` where something was cut."""
    texts = list(zip(first, second, strict=True))
    whole, cut = _token_ids(encoder.tokenizer, texts), {}
    long = [i for i, ids in enumerate(whole) if len(ids) > max_length]
    if long:
        options = {"truncation": "longest_first", "max_length": max_length}
        cut = dict(zip(long, _token_ids(encoder.tokenizer, [texts[i] for i in long], **options), strict=True))
    return [{"ids": cut.get(i, ids), "row": i, "truncated": i in cut} for i, ids in enumerate(whole)]


def _token_ids(tokenizer: Any, texts: Sequence[tuple[str, str | None]], **options: Any) -> list[list[int]]:
    """Returns the token ids of pairs and single texts. One call for many is three times as fast as a call for each."""
    found: dict[int, list[int]] = {}
    pairs = [i for i, (_, b) in enumerate(texts) if b is not None]
    single = [i for i, (_, b) in enumerate(texts) if b is None]
    if pairs:
        encoded = tokenizer([texts[i][0] for i in pairs], [texts[i][1] for i in pairs], **options)
        found |= zip(pairs, encoded["input_ids"], strict=True)
    if single:
        found |= zip(single, tokenizer([texts[i][0] for i in single], **options)["input_ids"], strict=True)
    return [found[i] for i in range(len(texts))]
