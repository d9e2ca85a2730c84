"""Mined pairs are those of the sentences' vectors; a sample of rows keeps its pairs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from harness.families import bitext_mining, inputs
from harness.mining import Heap, mine
from harness.spec.model import Retrieval

HEAD = Retrieval(layer=1, pooling="mean", centre=True)


def pair(i: int, text: str) -> dict[str, Any]:
    return {"id": f"la-{i:03}", "target": text, "source": text, "source_id": f"en-{(7 * i) % 50:03}"}


@pytest.fixture
def rows(tiny_rows) -> list[dict[str, Any]]:
    """Return eight pairs that are the same text twice, and sentences without a translation."""
    texts = [f"{row['source']} {i}" for i, row in enumerate(tiny_rows("tiny_pairs", 16))]
    foreign = [{"id": f"la-{i:03}", "target": texts[i], "source": None, "source_id": None} for i in range(8, 12)]
    english = [{"id": f"en-9{i}", "target": None, "source": texts[i], "source_id": f"en-9{i}"} for i in range(12, 16)]
    return [*(pair(i, texts[i]) for i in range(8)), *foreign, *english]


@torch.no_grad()
def test_pairs_are_those_of_the_vectors(rows, encoder, setup_of) -> None:
    setup = setup_of("bitext_mining")
    built = bitext_mining.features(rows, encoder, setup)
    foreign = [row for row in rows if row["target"] is not None]
    english = sorted((row for row in rows if row["source"] is not None), key=lambda row: row["source_id"])
    texts = [*(row["target"] for row in foreign), *(row["source"] for row in english)]
    assert [f["ids"] for f in built] == [encoder.tokenizer(text)["input_ids"] for text in texts]
    assert [rows[f["row"]] for f in built] == [*foreign, *english]
    vectors = []
    for feature in built:
        batch = inputs([feature], encoder)
        states = encoder.model(input_ids=batch["ids"], attention_mask=batch["mask"], output_hidden_states=True)
        vectors.append(states.hidden_states[1][0].mean(0).numpy())
    x, y = (np.stack(side) for side in (vectors[: len(foreign)], vectors[len(foreign) :]))
    wanted = mine(
        Heap([r["id"] for r in foreign], [r["target"] for r in foreign], x - x.mean(0)),
        Heap([r["source_id"] for r in english], [r["source"] for r in english], y - y.mean(0)),
    )
    threshold = wanted[3][0] - 1e-4
    found = bitext_mining.predict(encoder, HEAD, built, rows, replace(setup, tuned={"threshold": threshold}))
    pairs = dict(one[1:] for one in wanted if one[0] >= threshold)
    assert found == [[pairs[row["id"]]] if row["id"] in pairs else [] for row in foreign]
    assert len([one for one in found if one]) == len(pairs) >= 4


@torch.no_grad()
def test_a_translation_that_is_the_sentence_itself_is_found(rows, encoder, setup_of) -> None:
    setup = setup_of("bitext_mining")
    head = Retrieval(layer=0)
    tuned = bitext_mining.tune(encoder, head, rows, setup)
    assert set(tuned) == {"threshold"}
    assert tuned["threshold"] > 0
    built = bitext_mining.features(rows, encoder, setup)
    found = bitext_mining.predict(encoder, head, built, rows, replace(setup, tuned=tuned))
    gold = bitext_mining.gold(rows, setup)
    assert found[:8] == gold[:8]
    nothing = bitext_mining.predict(encoder, head, built, rows, replace(setup, tuned={"threshold": np.inf}))
    assert nothing == [[]] * 12


def test_examples_are_the_foreign_sentences(rows, setup_of) -> None:
    assert [row["id"] for row in bitext_mining.examples(rows)] == [f"la-{i:03}" for i in range(12)]
    assert bitext_mining.gold(rows, setup_of("bitext_mining"))[6:] == [["en-042"], ["en-049"], [], [], [], []]


@torch.no_grad()
def test_rows_without_one_of_the_languages_give_no_pair(rows, encoder, setup_of) -> None:
    setup = replace(setup_of("bitext_mining"), tuned={"threshold": 0.0})
    for some in (rows[8:12], rows[12:]):
        built = bitext_mining.features(some, encoder, setup)
        assert bitext_mining.predict(encoder, HEAD, built, some, setup) == [[]] * len(bitext_mining.examples(some))
        assert bitext_mining.tune(encoder, HEAD, some, setup) == {"threshold": 0.0}
