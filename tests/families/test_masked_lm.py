"""How much is masked, by what, and that spans go whole."""

from __future__ import annotations

import math

import pytest
import torch

from harness.families import Setup, masked_lm


def features_of(encoder, setup, texts, spans=()):
    return masked_lm.features([{"id": "x", "text": text, "spans": list(spans)} for text in texts], encoder, setup)


def drawn(encoder, setup: Setup, built, n: int = 200):
    """Return ids, corrupted ids and choices of n draws of a batch, stacked."""
    batch = masked_lm.collate(built, encoder)
    torch.manual_seed(5)
    draws = [masked_lm.masked(batch, setup, 100) for _ in range(n)]
    return batch, torch.stack([d[0] for d in draws]), torch.stack([d[1] for d in draws])


def near(count: int, n: int, p: float) -> bool:
    return abs(count - n * p) < 5 * math.sqrt(n * p * (1 - p)) + 1


@pytest.mark.parametrize("fraction", [0.15, 0.4])
def test_as_much_is_masked_as_asked_for(fraction, encoder, setup_of, words) -> None:
    setup = setup_of("masked_lm", mask_fraction=fraction)
    batch, corrupted, chosen = drawn(encoder, setup, features_of(encoder, setup, [" ".join(words[:9]), "the cat"]))
    plain, ids = batch["plain"], batch["ids"]
    assert not (chosen & ~plain).any()
    assert torch.equal(plain[0].nonzero().flatten(), torch.arange(1, int(batch["mask"][0].sum()) - 1))
    assert near(int(chosen.sum()), 200 * int(plain.sum()), fraction)
    assert (corrupted == ids)[~chosen].all()
    n = int(chosen.sum())
    is_mask = (corrupted == encoder.tokenizer.mask_token_id)[chosen]
    is_same = (corrupted == ids)[chosen]
    assert near(int(is_mask.sum()), n, 0.8 + 0.1 / 100)
    assert near(int(is_same.sum()), n, 0.1 + 0.1 / 100)
    other = corrupted[chosen][~is_mask & ~is_same]
    assert near(len(other), n, 0.1)
    assert other.min() >= 0
    assert other.max() < 100
    assert len(other.unique()) > len(other) ** 0.5


def test_one_span_a_row_is_masked_whole_and_always_by_the_mask(encoder, setup_of, words) -> None:
    setup = setup_of("masked_lm", mask_fraction=0.9, fraction_beside_span=0.0)
    text = " ".join(words[:6])
    ends = [len(" ".join(words[:n])) for n in range(1, 7)]
    spans = [[0, ends[0]], [ends[2] + 1, ends[4]]]
    (feature,) = built = features_of(encoder, setup, [text], spans)
    batch, corrupted, chosen = drawn(encoder, setup, built)
    whole = [{*range(*span)} for span in feature["spans"]]
    masked_sets = [{*draw[0].nonzero().flatten().tolist()} for draw in chosen]
    assert all(found in whole for found in masked_sets)
    assert near(sum(found == whole[0] for found in masked_sets), len(masked_sets), 0.5)
    assert (corrupted[chosen] == encoder.tokenizer.mask_token_id).all()
    assert (corrupted == batch["ids"])[~chosen].all()


def test_spans_are_tokens_of_their_characters(encoder, setup_of, words) -> None:
    text = " ".join(words[:6])
    begin, end = len(" ".join(words[:2])) + 1, len(" ".join(words[:4]))
    (feature,) = features_of(encoder, setup_of("masked_lm"), [text], [[begin, end], [9999, 10000]])
    (span,) = feature["spans"]
    assert encoder.tokenizer.decode(feature["ids"][span[0] : span[1]]).strip() == text[begin:end]


def test_only_what_is_cut_is_called_truncated(encoder, setup_of) -> None:
    n = len(encoder.tokenizer("the small cat")["input_ids"])
    for limit, truncated in ((n - 1, True), (n, False), (n + 1, False)):
        (feature,) = features_of(encoder, setup_of("masked_lm", max_length=limit), ["the small cat"], [[0, 3], [10, 13]])
        assert feature["truncated"] is truncated
        assert len(feature["ids"]) == min(n, limit)
        assert feature["ids"][-1] == encoder.tokenizer.sep_token_id


def test_the_loss_is_the_mean_over_masked_tokens_and_zero_without(encoder, setup_of) -> None:
    setup = setup_of("masked_lm", mask_fraction=0.5)
    torch.manual_seed(1)
    head = masked_lm.Head(encoder, setup)
    batch = masked_lm.collate(features_of(encoder, setup, ["the small cat sees a big dog", "a tree"]), encoder)
    weight = encoder.embedding().weight
    torch.manual_seed(2)
    corrupted, chosen = masked_lm.masked(batch, setup, len(weight))
    torch.manual_seed(2)
    with torch.no_grad():
        loss = masked_lm.loss(encoder, head, batch, setup)
        scores = head(encoder.hidden(corrupted, batch["mask"])[chosen], weight).log_softmax(-1)
    expected = -scores.gather(1, batch["ids"][chosen][:, None]).mean()
    assert float(loss) == pytest.approx(float(expected), rel=1e-5)
    assert 2 < float(loss) < 10
    empty = {**batch, "plain": torch.zeros_like(batch["plain"])}
    nothing = masked_lm.loss(encoder, head, empty, setup)
    assert float(nothing.detach()) == 0.0
    nothing.backward()
    encoder.model.zero_grad()
