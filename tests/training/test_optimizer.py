"""The optimizer's groups and the rate at each step, against what is computed by hand."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from harness.spec.training import TrainingSpec
from harness.training.optimizer import freeze, make_optimizer, rate


def settings_of(encoder, training) -> dict[str, tuple[float, float]]:
    """Return scale and weight decay of each trainable weight by name."""
    freeze(encoder, training)
    head = nn.Linear(16, 2)
    optimizer = make_optimizer(encoder, [head], training)
    names = {id(p): n for n, p in encoder.model.named_parameters()} | {
        id(p): f"head.{n}" for n, p in head.named_parameters()
    }
    found = {}
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            assert names[id(parameter)] not in found
            found[names[id(parameter)]] = (group["scale"], group["weight_decay"])
    return found


@pytest.mark.parametrize("kind", ["modernbert", "xlm-roberta"])
def test_the_rate_falls_layer_by_layer(kind, make_encoder, spec) -> None:
    encoder = make_encoder(kind)
    found = settings_of(encoder, spec(layer_decay=0.5, weight_decay=0.01))
    depths = {name: encoder.depth(name) for name in found if not name.startswith("head.")}
    assert set(depths.values()) == {0, 1, 2, 3}
    for name, (scale, _) in found.items():
        # Two layers: the upper one and all above it learn in full, the lower at half, the embeddings at a quarter.
        assert scale == {0: 0.25, 1: 0.5, 2: 1.0, 3: 1.0}[depths.get(name, 3)], name
    assert len(found) == len(list(encoder.model.parameters())) + 2


@pytest.mark.parametrize("kind", ["modernbert", "xlm-roberta"])
def test_biases_and_norms_do_not_decay(kind, make_encoder, spec) -> None:
    encoder = make_encoder(kind)
    shapes = {name: p.ndim for name, p in encoder.model.named_parameters()} | {"head.weight": 2, "head.bias": 1}
    found = settings_of(encoder, spec(weight_decay=0.3))
    assert {decay for name, (_, decay) in found.items() if "norm" in name.lower() or name.endswith("bias")} == {0.0}
    assert all(decay == (0.3 if shapes[name] > 1 else 0.0) for name, (_, decay) in found.items())


@pytest.mark.parametrize("kind", ["modernbert", "xlm-roberta"])
def test_what_is_frozen_is_not_trained(kind, make_encoder, spec) -> None:
    encoder = make_encoder(kind)
    found = settings_of(encoder, spec(freeze_embeddings=True, freeze_layers=1))
    frozen = {name for name, _ in encoder.model.named_parameters() if name not in found}
    assert {encoder.depth(name) for name in frozen} == {0, 1}
    assert {encoder.depth(name) for name in found if not name.startswith("head.")} == {2, 3}
    settings_of(encoder, spec())
    assert all(p.requires_grad for p in encoder.model.parameters())


@pytest.mark.parametrize("kind", ["modernbert", "xlm-roberta"])
def test_every_weight_has_its_depth(kind, make_encoder) -> None:
    encoder = make_encoder(kind)
    for name, _ in encoder.model.named_parameters():
        layer = [part for part in name.split(".") if part.isdigit()]
        expected = int(layer[0]) + 1 if layer else 0 if name.startswith("embeddings") else 3
        assert encoder.depth(name) == expected


def test_the_rate_by_hand() -> None:
    training = TrainingSpec(learning_rate=1.0, epochs=1, batch_examples=1, warmup_fraction=0.4)
    assert [rate(step, 5, training) for step in range(6)] == pytest.approx([0.5, 1.0, 1.0, 2 / 3, 1 / 3, 0.0])
    without = TrainingSpec(learning_rate=2.0, epochs=1, batch_examples=1, warmup_fraction=0.0)
    assert [rate(step, 4, without) for step in range(5)] == pytest.approx([2.0, 1.5, 1.0, 0.5, 0.0])


@given(st.integers(1, 500), st.floats(0, 0.99))
def test_the_rate_rises_then_falls_and_never_stops_before_the_end(n, warmup) -> None:
    training = TrainingSpec(learning_rate=0.01, epochs=1, batch_examples=1, warmup_fraction=warmup)
    rates = [rate(step, n, training) for step in range(n)]
    top = max(range(n), key=rates.__getitem__)
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert min(rates) > 0
    assert max(rates) == pytest.approx(0.01)


def test_the_group_of_the_head_moves_most(make_encoder, spec) -> None:
    encoder = make_encoder()
    training = spec(layer_decay=0.1)
    freeze(encoder, training)
    optimizer = make_optimizer(encoder, [nn.Linear(16, 2)], training)
    assert sorted({round(g["scale"], 6) for g in optimizer.param_groups}) == [0.01, 0.1, 1.0]
    assert isinstance(optimizer, torch.optim.AdamW)
    assert {(g["betas"], g["eps"]) for g in optimizer.param_groups} == {((0.9, 0.999), 1e-8)}
