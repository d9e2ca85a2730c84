"""Bitext mining (BUCC 2018): which sentences of two heaps, English and foreign, translate each other.

The phase-(ii) encoder is used as it is, as in `sentence_retrieval`, and the pairs are found by `harness.mining`. A row is
a pair of gold, or a sentence without a translation: `target` and `source` are the foreign and the English text, `source_id`
the English sentence's id, each none where the row has no such sentence. So a sample of rows keeps its pairs. An example
is a foreign sentence; gold and prediction are the ids of its translations, one or none.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.encoders import Encoder
from harness.families import Feature, Row, Setup, encode_pairs
from harness.families.sentence_retrieval import sides
from harness.mining import Candidate, Heap, extract, fit_threshold, mine
from harness.spec.model import Retrieval

VERSION = 1


def examples(rows: Sequence[Row]) -> list[Row]:
    """Returns the rows that have a foreign sentence."""
    return [row for row in rows if row["target"] is not None]


def _english(rows: Sequence[Row]) -> list[Row]:
    # By id, for otherwise the gold would be in their order, and a tie would fall to it.
    return sorted((row for row in rows if row["source"] is not None), key=lambda row: row["source_id"])


def features(rows: Sequence[Row], encoder: Encoder, setup: Setup) -> list[Feature]:
    """Returns the features of all foreign sentences in row order, then of all English ones by id."""
    place = {row["id"]: i for i, row in enumerate(rows)}
    foreign, english = examples(rows), _english(rows)
    texts = [row["target"] for row in foreign] + [row["source"] for row in english]
    built = encode_pairs(encoder, texts, [None] * len(texts), setup.options.max_length)
    return [{**feature, "row": place[row["id"]]} for feature, row in zip(built, [*foreign, *english], strict=True)]


def tune(encoder: Encoder, head: Retrieval, rows: Sequence[Row], setup: Setup) -> dict[str, float]:
    """Returns the `threshold` that gives the pairs of these rows the highest F1."""
    candidates = _mine(encoder, head, features(rows, encoder, setup), rows, setup)
    pairs = {(row["id"], row["source_id"]) for row in examples(rows) if row["source"] is not None}
    return {"threshold": fit_threshold(candidates, pairs)}


def predict(
    encoder: Encoder, head: Retrieval, built: Sequence[Feature], rows: Sequence[Row], setup: Setup
) -> list[list[str]]:
    """Returns the id of each foreign sentence's translation, if one was found. `head` says layer, pooling and centring."""
    found = extract(_mine(encoder, head, built, rows, setup), setup.tuned["threshold"])
    return [[found[row["id"]]] if row["id"] in found else [] for row in examples(rows)]


def _mine(encoder: Encoder, head: Retrieval, built: Sequence[Feature], rows: Sequence[Row], setup: Setup) -> list[Candidate]:
    foreign, english = examples(rows), _english(rows)
    x, y = sides(encoder, head, built, len(foreign))
    return mine(
        Heap([row["id"] for row in foreign], [row["target"] for row in foreign], x),
        Heap([row["source_id"] for row in english], [row["source"] for row in english], y),
        setup.options.n_neighbours,
    )


def gold(rows: Sequence[Row], setup: Setup) -> list[list[str]]:
    """Returns the id of each foreign sentence's translation, if it has one."""
    return [[row["source_id"]] if row["source_id"] else [] for row in examples(rows)]
