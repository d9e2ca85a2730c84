"""Sentence retrieval: for each English sentence the nearest sentence of the other language, by cosine.

The phase-(ii) encoder is used as it is: there is no head and no loss. The direction is the benchmark's: English
queries, an index of foreign sentences. A row may bring `distractors`, which stand in the index behind all translations.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.encoders import Encoder, pool
from harness.families import Feature, Row, Setup, by_length, encode_pairs, inputs
from harness.neighbours import Floats, nearest, unit
from harness.spec.model import Retrieval

VERSION = 1


def features(rows: Sequence[Row], encoder: Encoder, setup: Setup) -> list[Feature]:
    """Returns the features of all English sentences, then of all foreign ones, in row order, then of distractors."""
    texts = [row["source"] for row in rows] + [row["target"] for row in rows]
    texts += [text for row in rows for text in row.get("distractors", ())]
    return encode_pairs(encoder, texts, [None] * len(texts), setup.options.max_length)


def predict(encoder: Encoder, head: Retrieval, built: Sequence[Feature], rows: Sequence[Row], setup: Setup) -> list[str]:
    """Returns the id of the nearest foreign sentence for each English one. `head` says layer, pooling and centring.

    A distractor's id is its row's with a plus and a number.
    """
    queries, index = sides(encoder, head, built, len(rows))
    ids = [row["id"] for row in rows] + [f"{row['id']}+{i}" for row in rows for i in range(len(row.get("distractors", ())))]
    return [ids[i] for i in nearest(unit(queries), unit(index)).ids[:, 0].tolist()]


def sides(encoder: Encoder, head: Retrieval, built: Sequence[Feature], n: int) -> tuple[Floats, Floats]:
    """Returns the vectors of the first `n` features [N, D] and of the others [M, D], as `head` says."""
    vectors = np.zeros((len(built), encoder.width), np.float32)
    for indices in by_length(built, encoder.predict_tokens):
        batch = inputs([built[i] for i in indices], encoder)
        hidden = encoder.layer(batch["ids"], batch["mask"], head.layer)
        vectors[indices] = pool(hidden, batch["mask"], head.pooling).float().cpu().numpy()
    first, second = vectors[:n], vectors[n:]
    for side in (first, second):
        if head.centre and len(side):
            side -= side.mean(0)
    return first, second


def gold(rows: Sequence[Row], setup: Setup) -> list[str]:
    """Returns the id of each row: its own translation."""
    return [row["id"] for row in rows]
