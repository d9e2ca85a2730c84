"""What all families share: padding, batches of like length, pairs of texts."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.families import by_length, encode_pairs, inputs, n_targets, pad


def test_padding_by_hand() -> None:
    assert pad([[1, 2, 3], [], [4]], 9).tolist() == [[1, 2, 3], [9, 9, 9], [4, 9, 9]]


def test_inputs_mask_what_is_padding(encoder) -> None:
    batch = inputs([{"ids": [0, 7, 2]}, {"ids": [0, 2]}], encoder)
    assert batch["ids"].tolist() == [[0, 7, 2], [0, 2, encoder.tokenizer.pad_token_id]]
    assert batch["mask"].tolist() == [[1, 1, 1], [1, 1, 0]]


@given(st.lists(st.integers(1, 90), max_size=60), st.integers(1, 300))
def test_batches_of_like_length_hold_every_feature_once(sizes, budget) -> None:
    features = [{"ids": [0] * n} for n in sizes]
    batches = list(by_length(features, budget))
    assert sorted(i for batch in batches for i in batch) == list(range(len(sizes)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(sizes[i] for i in batch) <= budget
    order = [sizes[i] for batch in batches for i in batch]
    assert order == sorted(order)


def test_padding_changes_no_hidden_state(encoder) -> None:
    alone, padded = inputs([{"ids": [0, 7, 8, 2]}], encoder), inputs([{"ids": [0, 7, 8, 2]}, {"ids": [0] * 30}], encoder)
    with torch.no_grad():
        one = encoder.hidden(alone["ids"], alone["mask"])[0]
        other = encoder.hidden(padded["ids"], padded["mask"])[0, :4]
    assert torch.allclose(one, other, atol=1e-6)


text = st.lists(st.sampled_from("the small cat sees a big dog ! xyz 7 é".split()), max_size=30).map(" ".join)


@given(st.lists(st.tuples(text, st.none() | text), max_size=4), st.integers(8, 40))
def test_only_what_is_too_long_is_cut_and_marked(encoder, pairs, limit) -> None:
    built = encode_pairs(encoder, [a for a, _ in pairs], [b for _, b in pairs], limit)
    assert [f["row"] for f in built] == list(range(len(pairs)))
    for feature, (a, b) in zip(built, pairs, strict=True):
        # As a batch of one: called with plain strings, the tokenizer takes an empty second text for none.
        whole = encoder.tokenizer([a], None if b is None else [b])["input_ids"][0]
        assert feature["truncated"] == (len(whole) > limit)
        assert len(feature["ids"]) == min(limit, len(whole))
        if not feature["truncated"]:
            assert feature["ids"] == whole


def test_the_longer_text_is_cut_first(encoder) -> None:
    tokenizer = encoder.tokenizer
    short, long = "the cat", " ".join(["big dog"] * 20)
    n_short = len(tokenizer(short, add_special_tokens=False)["input_ids"])
    (feature,) = encode_pairs(encoder, [short], [long], 16)
    assert feature["ids"][1 : 1 + n_short] == tokenizer(short, add_special_tokens=False)["input_ids"]
    assert feature["truncated"]
    (feature,) = encode_pairs(encoder, [long], [short], 16)
    assert feature["ids"][-1 - n_short : -1] == tokenizer(short, add_special_tokens=False)["input_ids"]


@pytest.mark.parametrize(("label", "n"), [([0, 2, 1], 3), ([[0, 1, -100], [3, -100, -100]], 3), (None, 2)])
def test_targets_are_labels_or_examples(label, n) -> None:
    batch = {"ids": torch.zeros(2, 5)}
    if label is not None:
        batch["label"] = torch.tensor(label)
    assert n_targets(batch) == n
