"""Extractive question answering: a span of the context, or no answer (Devlin et al. 2019; Rajpurkar et al. 2018)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from harness.encoders import Encoder
from harness.families import TOKENIZED_AT_ONCE, Batch, Feature, Row, Setup, by_length, drawn, inputs
from harness.sentences import SENTENCE_END

VERSION = 2
# Token ids, and the characters of each token in the context, none for what lies outside it.
Window = tuple[list[int], list[tuple[int, int] | None]]


class Head(nn.Module):
    """Hidden vector of each token → one logit for a start and one for an end."""

    def __init__(self, encoder: Encoder, setup: Setup) -> None:
        super().__init__()
        self.output = nn.Linear(encoder.width, 2)

    def forward(self, hidden_BLD: Tensor) -> Tensor:
        """Returns logits [B, L, 2]."""
        logits: Tensor = self.output(hidden_BLD)
        return logits


def gold_sentence(row: Row) -> Row:
    """Returns the row with its context cut down to the sentence, or sentences, that hold its first answer."""
    if not row["answers"]:
        return row
    context, answer = row["context"], row["answers"][0]
    ends = [m.end() for m in SENTENCE_END.finditer(context)]
    last = answer["start"] + len(answer["text"])
    start = max((e for e in ends if e <= answer["start"]), default=0)
    stop = min((e for e in ends if e >= last), default=len(context))
    start += len(context[start:stop]) - len(context[start:stop].lstrip())
    kept = [
        {"text": a["text"], "start": a["start"] - start}
        for a in row["answers"]
        if start <= a["start"] and a["start"] + len(a["text"]) <= stop
    ]
    return {**row, "context": context[start:stop], "answers": kept}


def _prepared(rows: Sequence[Row], setup: Setup) -> list[Row]:
    return [gold_sentence(r) for r in rows] if setup.options.context == "gold_sentence" else list(rows)


def features(rows: Sequence[Row], encoder: Encoder, setup: Setup) -> list[Feature]:
    """Returns one feature a window of the context.

    `offsets` are the characters of each token, none outside the context; `start` and `end` the tokens of the first
    answer, both 0 (the first token) where the window does not hold it. `context` is the text that offsets count in.
    """
    built = []
    prepared = _prepared(rows, setup)
    for i, (row, question, windows) in enumerate(_windows(prepared, encoder.tokenizer, setup.options)):
        for ids, offsets in windows:
            start, end = _tokens_of(row["answers"][0], offsets) if row["answers"] else (0, 0)
            built.append(
                {
                    "ids": ids,
                    "offsets": offsets,
                    "context": row["context"],
                    "start": start,
                    "end": end,
                    "row": i,
                    "truncated": question != row["question"],
                }
            )
    return built


def _windows(rows: Sequence[Row], tokenizer: Any, options: Any) -> Iterator[tuple[Row, str, list[Window]]]:
    """Yields each row with its question, cut if it is long, and the windows of its context."""
    for start in range(0, len(rows), TOKENIZED_AT_ONCE):
        part = rows[start : start + TOKENIZED_AT_ONCE]
        asked = tokenizer([r["question"] for r in part], add_special_tokens=False, return_offsets_mapping=True)
        questions = []
        for row, spans in zip(part, asked["offset_mapping"], strict=True):
            is_long = len(spans) > options.max_question_length
            questions.append(row["question"][: spans[options.max_question_length - 1][1]] if is_long else row["question"])
        whole = tokenizer(questions, [r["context"] for r in part], return_offsets_mapping=True)
        for i, (row, question) in enumerate(zip(part, questions, strict=True)):
            if len(whole["input_ids"][i]) <= options.max_length:
                yield row, question, [_window(whole, i)]
                continue
            n_question = min(len(asked["input_ids"][i]), options.max_question_length)
            room = options.max_length - n_question - tokenizer.num_special_tokens_to_add(pair=True)
            cut = tokenizer(
                question,
                row["context"],
                truncation="only_second",
                max_length=options.max_length,
                # The tokenizer counts the overlap of two windows, the option how far the second begins after the first.
                stride=max(0, room - options.doc_stride),
                return_overflowing_tokens=True,
                return_offsets_mapping=True,
            )
            yield row, question, [_window(cut, w) for w in range(len(cut["input_ids"]))]


def _window(encoded: Any, i: int) -> Window:
    owner = encoded.sequence_ids(i)
    offsets = [o if s == 1 else None for o, s in zip(encoded["offset_mapping"][i], owner, strict=True)]
    return encoded["input_ids"][i], offsets


def _tokens_of(answer: dict[str, Any], offsets: Sequence[tuple[int, int] | None]) -> tuple[int, int]:
    """Returns the first and last token of an answer; (0, 0) if the window does not hold all of it."""
    begin, stop = answer["start"], answer["start"] + len(answer["text"])
    inside = [t for t, o in enumerate(offsets) if o and o[0] < stop and o[1] > begin]
    known = [o for o in offsets if o]
    if not inside or known[0][0] > begin or known[-1][1] < stop:
        return 0, 0
    return inside[0], inside[-1]


def collate(batch: Sequence[Feature], encoder: Encoder) -> Batch:
    """Returns ids and mask [B, L], start and end tokens [B]."""
    tensors = inputs(batch, encoder)
    for name in ("start", "end"):
        tensors[name] = torch.tensor([f[name] for f in batch], device=tensors["ids"].device)
    return tensors


def logits(encoder: Encoder, head: nn.Module, batch: Batch) -> Tensor:
    """Returns logits [B, L, 2], padding at a large negative value."""
    scores = head(encoder.hidden(batch["ids"], batch["mask"])).float()
    filled: Tensor = scores.masked_fill(batch["mask"][:, :, None] == 0, -1e9)
    return filled


def loss(encoder: Encoder, head: nn.Module, batch: Batch, setup: Setup) -> Tensor:
    """Returns the mean of the cross-entropies of start and end."""
    scores = logits(encoder, head, batch)
    start = nn.functional.cross_entropy(scores[..., 0], batch["start"])
    end = nn.functional.cross_entropy(scores[..., 1], batch["end"])
    return (start + end) / 2


def draw(encoder: Encoder, head: nn.Module, batch: Batch, setup: Setup, generator: torch.Generator) -> Batch:
    """Returns the batch with start and end drawn from the model's own prediction, one apart from the other."""
    scores = logits(encoder, head, batch)
    ends = {name: drawn(scores[..., i], batch[name], generator) for i, name in enumerate(("start", "end"))}
    return {**batch, **ends}


def predict(encoder: Encoder, head: Any, built: Sequence[Feature], rows: Sequence[Row], setup: Setup) -> list[str]:
    """Returns the best span of each row over all its windows; "" where no answer scores higher."""
    best: list[tuple[float, str]] = [(-np.inf, "")] * len(rows)
    null = [np.inf] * len(rows)
    for indices in by_length(built, encoder.predict_tokens):
        scores = logits(encoder, head, inputs([built[i] for i in indices], encoder)).cpu().numpy()
        for i, window in zip(indices, scores, strict=True):
            feature = built[i]
            row = feature["row"]
            null[row] = min(null[row], float(window[0, 0] + window[0, 1]))
            score, text = _best_span(feature, window, setup)
            if score > best[row][0]:
                best[row] = (score, text)
    threshold = setup.options.null_threshold
    return [
        "" if setup.options.null_answers and none - score > threshold else text
        for none, (score, text) in zip(null, best, strict=True)
    ]


def _best_span(feature: Feature, scores_L2: NDArray[np.float32], setup: Setup) -> tuple[float, str]:
    """Returns the best of the n-best starts × n-best ends that make a span of allowed length inside the context."""
    options, offsets = setup.options, feature["offsets"]
    inside = np.array([t for t, o in enumerate(offsets) if o], dtype=np.int64)
    if not inside.size:
        return -np.inf, ""
    starts = inside[np.argsort(-scores_L2[inside, 0], kind="stable")[: options.n_best]]
    ends = inside[np.argsort(-scores_L2[inside, 1], kind="stable")[: options.n_best]]
    total = scores_L2[starts, 0][:, None] + scores_L2[ends, 1][None, :]
    length = ends[None, :] - starts[:, None] + 1
    total = np.where((length >= 1) & (length <= options.max_answer_length), total, -np.inf)
    s, e = np.unravel_index(int(total.argmax()), total.shape)
    if not np.isfinite(total[s, e]):
        return -np.inf, ""
    text: str = feature["context"][offsets[starts[s]][0] : offsets[ends[e]][1]]
    return float(total[s, e]), text.strip()


def gold(rows: Sequence[Row], setup: Setup) -> list[list[str]]:
    """Returns the accepted answers of each row; none where it has no answer."""
    return [[a["text"] for a in row["answers"]] for row in rows]
