"""Sentence retrieval: for each English sentence the nearest sentence of the other language, by cosine.

The phase-(ii) encoder is used as it is: there is no head and no loss. The direction is the benchmark's: English
queries, an index of foreign sentences.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.encoders import Encoder, pool
from harness.families import Feature, Row, Setup, by_length, encode_pairs, inputs
from harness.spec.model import Retrieval

VERSION = 1
BLOCK = 2048


def features(rows: Sequence[Row], encoder: Encoder, setup: Setup) -> list[Feature]:
    """Returns the features of all English sentences, then of all foreign ones, in row order."""
    texts = [row["source"] for row in rows] + [row["target"] for row in rows]
    return encode_pairs(encoder, texts, [None] * len(texts), setup.options.max_length)


def predict(encoder: Encoder, head: Retrieval, built: Sequence[Feature], rows: Sequence[Row], setup: Setup) -> list[str]:
    """Returns the id of the nearest foreign sentence for each English one. `head` says layer, pooling and centring."""
    vectors = np.zeros((len(built), encoder.width), np.float32)
    for indices in by_length(built, encoder.predict_tokens):
        batch = inputs([built[i] for i in indices], encoder)
        hidden = encoder.layer(batch["ids"], batch["mask"], head.layer)
        vectors[indices] = pool(hidden, batch["mask"], head.pooling).float().cpu().numpy()
    queries, index = vectors[: len(rows)], vectors[len(rows) :]
    if head.centre:
        queries, index = queries - queries.mean(0), index - index.mean(0)
    return [rows[i]["id"] for i in nearest(queries, index)]


def nearest(queries_ND: NDArray[np.float32], index_MD: NDArray[np.float32]) -> list[int]:
    """Returns for each query the index vector with the highest cosine, the first of equals; blockwise."""
    index = _unit(index_MD)
    found: list[int] = []
    for start in range(0, len(queries_ND), BLOCK):
        found += (_unit(queries_ND[start : start + BLOCK]) @ index.T).argmax(1).tolist()
    return found


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    norms: Any = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float32] = vectors / np.maximum(norms, 1e-12)
    return unit


def gold(rows: Sequence[Row], setup: Setup) -> list[str]:
    """Returns the id of each row: its own translation."""
    return [row["id"] for row in rows]
