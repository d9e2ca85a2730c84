"""Retrieval finds what a plain search finds, in the layer and with the pooling that are asked for."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from harness.errors import HarnessError
from harness.families import inputs, sentence_retrieval
from harness.spec.model import Retrieval


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    norms = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / norms) if norms else 0.0


@pytest.mark.parametrize("layer", [None, 0, 1, 2])
@pytest.mark.parametrize("pooling", ["first", "mean", "max"])
@pytest.mark.parametrize("centre", [False, True])
def test_sentences_become_vectors_as_the_encoder_says(layer, pooling, centre, encoder, setup_of, tiny_rows) -> None:
    rows = tiny_rows("tiny_pairs", 9)
    setup = setup_of("sentence_retrieval")
    built = sentence_retrieval.features(rows, encoder, setup)
    assert [f["ids"] for f in built] == [
        encoder.tokenizer(r[side])["input_ids"] for side in ("source", "target") for r in rows
    ]
    with torch.no_grad():
        head = Retrieval(layer=layer, pooling=pooling, centre=centre)
        predicted = sentence_retrieval.predict(encoder, head, built, rows, setup)
        sides: list[list[np.ndarray]] = [[], []]
        for i, feature in enumerate(built):
            batch = inputs([feature], encoder)
            states = encoder.model(input_ids=batch["ids"], attention_mask=batch["mask"], output_hidden_states=True)
            state = (states.last_hidden_state if layer is None else states.hidden_states[layer])[0].numpy()
            pooled = {"first": state[0], "mean": state.mean(0), "max": state.max(0)}[pooling]
            sides[i // len(rows)].append(pooled)
    queries, index = (np.stack(side) for side in sides)
    if centre:
        queries, index = queries - queries.mean(0), index - index.mean(0)
    for best, query in zip(predicted, queries, strict=True):
        cosines = {row["id"]: cosine(query, other) for row, other in zip(rows, index, strict=True)}
        assert cosines[best] == pytest.approx(max(cosines.values()), abs=1e-5)
    assert sentence_retrieval.gold(rows, setup) == [row["id"] for row in rows]


def test_a_translation_that_is_the_sentence_itself_is_found(encoder, setup_of, tiny_rows) -> None:
    rows = [{**row, "target": row["source"]} for row in tiny_rows("tiny_pairs", 9)]
    setup = setup_of("sentence_retrieval")
    built = sentence_retrieval.features(rows, encoder, setup)
    with torch.no_grad():
        predicted = sentence_retrieval.predict(encoder, Retrieval(layer=0), built, rows, setup)
    assert predicted == [row["id"] for row in rows]


def test_a_layer_that_is_not_there_is_said_in_words(encoder, setup_of, tiny_rows) -> None:
    rows, setup = tiny_rows("tiny_pairs", 3), setup_of("sentence_retrieval")
    built = sentence_retrieval.features(rows, encoder, setup)
    with torch.no_grad(), pytest.raises(HarnessError, match=r"layer 3: this encoder has layers 0 to 2; see its `retrieval"):
        sentence_retrieval.predict(encoder, Retrieval(layer=3), built, rows, setup)


def test_distractors_stand_in_the_index_behind_all_translations(encoder, setup_of, tiny_rows) -> None:
    rows = tiny_rows("tiny_pairs", 4)
    setup, head = setup_of("sentence_retrieval"), Retrieval(layer=0)
    lure = {**rows[2], "target": rows[3]["target"], "distractors": [rows[0]["target"], rows[2]["source"]]}
    attacked = [*rows[:2], lure, rows[3]]
    plain, built = (sentence_retrieval.features(r, encoder, setup) for r in (rows, attacked))
    assert len(built) == len(plain) + 2
    assert [f["ids"] for f in built[-2:]] == [encoder.tokenizer(text)["input_ids"] for text in lure["distractors"]]
    assert len({f["row"] for f in built}) == len(built)
    with torch.no_grad():
        assert sentence_retrieval.predict(encoder, head, built, attacked, setup)[2] == f"{lure['id']}+1"
    assert sentence_retrieval.gold(attacked, setup) == [row["id"] for row in rows]


def test_rows_without_distractors_are_as_they_were(encoder, setup_of, tiny_rows) -> None:
    rows = tiny_rows("tiny_pairs", 9)
    setup = setup_of("sentence_retrieval")
    empty = [{**row, "distractors": []} for row in rows]
    built = sentence_retrieval.features(rows, encoder, setup)
    assert sentence_retrieval.features(empty, encoder, setup) == built
    assert len(built) == 2 * len(rows)
    with torch.no_grad():
        results = [sentence_retrieval.predict(encoder, Retrieval(layer=1), built, r, setup) for r in (rows, empty)]
    assert results[0] == results[1]
    assert set(results[0]) <= {row["id"] for row in rows}
