"""One vector a sequence: by hand, and blind to padding. Layers: which there are, and which there are not."""

from __future__ import annotations

import pytest
import torch

from harness.encoders import pool
from harness.errors import HarnessError
from harness.families import inputs

HIDDEN = torch.tensor([[[1.0, -4.0], [3.0, -2.0], [9.0, 9.0]], [[5.0, 5.0], [7.0, 1.0], [0.0, 3.0]]])
MASK = torch.tensor([[1, 1, 0], [1, 1, 1]])


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("first", [[1.0, -4.0], [5.0, 5.0]]),
        ("mean", [[2.0, -3.0], [4.0, 3.0]]),
        ("max", [[3.0, -2.0], [7.0, 5.0]]),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_pooling_by_hand(how, expected, dtype) -> None:
    found = pool(HIDDEN.to(dtype), MASK, how)
    assert found.shape == (2, 2)
    assert found.tolist() == expected


@pytest.mark.parametrize("how", ["first", "mean", "max"])
def test_padding_counts_for_nothing(how) -> None:
    other = HIDDEN.clone()
    other[0, 2] = torch.tensor([-1e6, 1e6])
    assert torch.equal(pool(HIDDEN, MASK, how), pool(other, MASK, how))


def test_layers_are_counted_from_the_embedding(kind, make_encoder) -> None:
    encoder = make_encoder(kind)
    batch = inputs([{"ids": [0, 7, 8, 2]}], encoder)
    with torch.no_grad():
        layers = [encoder.layer(batch["ids"], batch["mask"], n) for n in (0, 1, 2)]
        last = encoder.layer(batch["ids"], batch["mask"], None)
        assert torch.equal(last, encoder.hidden(batch["ids"], batch["mask"]))
        assert all(layer.shape == (1, 4, 16) for layer in layers)
        assert not torch.equal(layers[0], layers[1])
        # The embedding of a token does not depend on its neighbours.
        other = inputs([{"ids": [0, 7, 9, 2]}], encoder)
        assert torch.equal(encoder.layer(other["ids"], other["mask"], 0)[:, 1], layers[0][:, 1])
        assert not torch.equal(encoder.layer(other["ids"], other["mask"], 1)[:, 1], layers[1][:, 1])
        with pytest.raises(HarnessError, match="layer 3: this encoder has layers 0 to 2"):
            encoder.layer(batch["ids"], batch["mask"], 3)


def test_half_precision_gives_whole_numbers_out(kind, make_encoder, monkeypatch) -> None:
    encoder = make_encoder(kind)
    monkeypatch.setattr("harness.encoders.has_bfloat16", lambda device: True)
    batch = inputs([{"ids": [0, 7, 8, 2]}], encoder)
    with torch.no_grad():
        exact = encoder.hidden(batch["ids"], batch["mask"])
        encoder.precision = "bfloat16"
        rough = encoder.hidden(batch["ids"], batch["mask"])
        layer = encoder.layer(batch["ids"], batch["mask"], 1)
    assert rough.dtype == layer.dtype == torch.float32
    assert not torch.equal(exact, rough)
    assert torch.allclose(exact, rough, atol=0.1)
    monkeypatch.setattr("harness.encoders.has_bfloat16", lambda device: False)
    with torch.no_grad():
        assert torch.equal(exact, encoder.hidden(batch["ids"], batch["mask"]))
