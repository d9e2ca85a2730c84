"""Every word has its label, whatever the tokenizer does to it and however long the sentence is."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from harness.families import token_classification as tagging

LABELS = ("DET", "X", "Y")
# Known words, unknown letters, a word that is no piece at all, a word of many pieces, the empty word, marks.
ODD = ["the", "cat", "xyzzy", "日本", "\u200b", "\u00ad", "q" * 90, "", " ", "'", "a b", "Été", "<mask>"]
sentences = st.lists(st.sampled_from(ODD), min_size=1, max_size=40)


def rows_of(sentences):
    return [
        {"id": str(i), "tokens": words, "tags": [LABELS[(i + w) % 3] for w in range(len(words))]}
        for i, words in enumerate(sentences)
    ]


@given(st.lists(sentences, min_size=1, max_size=3), st.integers(4, 24))
def test_every_word_has_one_place(encoder, setup_of, words, limit) -> None:
    setup = setup_of("token_classification", LABELS, max_length=limit)
    rows = rows_of(words)
    built = tagging.features(rows, encoder, setup)
    seen = [(f["row"], w) for f in built for w in f["words"]]
    assert seen == [(i, w) for i, row in enumerate(rows) for w in range(len(row["tokens"]))]
    for feature in built:
        ids, first = feature["ids"], feature["first"]
        assert len(ids) <= limit
        assert (ids[0], ids[-1]) == (encoder.tokenizer.cls_token_id, encoder.tokenizer.sep_token_id)
        assert first == sorted(set(first))
        assert first[0] > 0
        assert first[-1] < len(ids) - 1
        assert feature["labels"] == [LABELS.index(rows[feature["row"]]["tags"][w]) for w in feature["words"]]


@given(sentences)
def test_the_first_piece_is_the_words_own(encoder, setup_of, words) -> None:
    (feature,) = tagging.features(rows_of([words]), encoder, setup_of("token_classification", LABELS, max_length=4000))
    encoded = encoder.tokenizer(words, is_split_into_words=True)
    assert len(feature["words"]) == len(words)
    owners = encoded.word_ids()
    with_pieces = [w for w in range(len(words)) if w in owners]
    if with_pieces == list(range(len(words))):
        assert feature["ids"] == encoded["input_ids"]
        assert feature["first"] == [owners.index(w) for w in range(len(words))]


def test_a_word_without_pieces_is_an_unknown_one(encoder, setup_of) -> None:
    (feature,) = tagging.features(rows_of([["the", "", "cat"]]), encoder, setup_of("token_classification", LABELS))
    assert feature["ids"][feature["first"][1]] == encoder.tokenizer.unk_token_id
    assert feature["words"] == [0, 1, 2]


def test_a_word_longer_than_the_window_keeps_its_beginning(encoder, setup_of) -> None:
    setup = setup_of("token_classification", LABELS, max_length=10)
    built = tagging.features(rows_of([["the", "q" * 90, "cat"]]), encoder, setup)
    assert [f["words"] for f in built] == [[0], [1], [2]]
    assert len(built[1]["ids"]) == 10


class Shifted(nn.Module):
    """A head that answers with the label whose number was put into the first place of the hidden vector."""

    def forward(self, hidden_BWD: torch.Tensor) -> torch.Tensor:
        return nn.functional.one_hot(hidden_BWD[..., 0].round().long().clamp(0, 2), 3).float()


class Echo:
    """An encoder whose hidden vector is the token's id modulo three."""

    predict_tokens = 64

    def __init__(self, encoder) -> None:
        self.tokenizer, self.model = encoder.tokenizer, encoder.model

    def hidden(self, ids_BL: torch.Tensor, mask_BL: torch.Tensor) -> torch.Tensor:
        return (ids_BL % 3)[..., None].float()


@given(st.lists(sentences, min_size=1, max_size=3), st.integers(4, 24))
def test_predictions_come_back_to_their_words(encoder, setup_of, words, limit) -> None:
    setup = setup_of("token_classification", LABELS, max_length=limit)
    rows, echo = rows_of(words), Echo(encoder)
    built = tagging.features(rows, echo, setup)
    predicted = tagging.predict(echo, Shifted(), built, rows, setup)
    assert [len(p) for p in predicted] == [len(row["tokens"]) for row in rows]
    for feature in built:
        for place, word in zip(feature["first"], feature["words"], strict=True):
            assert predicted[feature["row"]][word] == LABELS[feature["ids"][place] % 3]
    assert tagging.gold(rows, setup) == [row["tags"] for row in rows]


def test_the_loss_is_the_mean_over_words(encoder, setup_of) -> None:
    setup = setup_of("token_classification", LABELS)
    torch.manual_seed(1)
    head = tagging.Head(encoder, setup)
    built = tagging.features(rows_of([["the", "cat"], ["a", "big", "dog", "runs"]]), encoder, setup)
    with torch.no_grad():
        together = tagging.loss(encoder, head, tagging.collate(built, encoder), setup)
        one, other = (tagging.loss(encoder, head, tagging.collate([f], encoder), setup) for f in built)
    assert float(together) == pytest.approx(float(2 * one + 4 * other) / 6, rel=1e-5)
