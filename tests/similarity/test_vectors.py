"""Feature vectors are those of the encoder alone; squared gradients are those of the labels that the model would give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from harness import plugin
from harness.errors import HarnessError
from harness.families import Setup, drawn, sequence_classification
from harness.similarity._vectors import features, fisher

FAMILIES = ["tiny_nli", "tiny_pos", "tiny_qa", "tiny_choice"]


def prepared(tiny: dict[str, Any], task: str, encoder: Any) -> tuple[Any, Any, list[dict[str, Any]], Setup]:
    """Return a task's family, a head, eight rows and the set-up."""
    rows, family, _, labels, options, _ = tiny["TASKS"][task]
    module = plugin.load("harness.families", family)
    setup = Setup(plugin.load("harness.spec.options", family).Options(**options), tuple(labels), "mean")
    torch.manual_seed(3)
    return module, module.Head(encoder, setup), rows("train", "en", 8), setup


@pytest.mark.parametrize(("pooling", "layer"), [("mean", None), ("first", 1), ("max", 0)])
def test_a_vector_does_not_depend_on_the_other_texts(encoder, pooling, layer) -> None:
    texts = ["the doctor bought bread", "the", "anna never saw the old dog in the garden"]
    together = features(encoder, texts, pooling, layer)
    assert together.shape == (3, encoder.width)
    assert together.dtype == np.float32
    for text, vector in zip(texts, together, strict=True):
        assert features(encoder, [text], pooling, layer)[0] == pytest.approx(vector, abs=1e-5)


@pytest.mark.parametrize("task", FAMILIES)
def test_a_row_has_the_same_squares_in_any_company(tiny, encoder, task) -> None:
    module, head, rows, setup = prepared(tiny, task, encoder)
    found = fisher(encoder, head, module, rows, setup)
    assert found.shape[0] == 8
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert (found.sum(1) > 0).all()
    assert (fisher(encoder, head, module, rows[::-1], setup)[::-1] == found).all()
    assert (fisher(encoder, head, module, rows, setup, seed=1) != found).any()
    assert all(p.grad is None for p in encoder.model.parameters())


def test_gold_labels_do_not_matter(tiny, encoder) -> None:
    module, head, rows, setup = prepared(tiny, "tiny_nli", encoder)
    flipped = [{**row, "label": "no" if row["label"] == "yes" else "yes"} for row in rows]
    assert (fisher(encoder, head, module, rows, setup) == fisher(encoder, head, module, flipped, setup)).all()


def test_squares_are_means_over_the_weights_of_a_unit(tiny, encoder) -> None:
    """The mean over draws of the label is the expectation that the Fisher information is."""
    module, head, rows, setup = prepared(tiny, "tiny_nli", encoder)
    (feature,) = module.features(rows[:1], encoder, setup)
    batch = module.collate([feature], encoder)
    weights = {n: p for n, p in encoder.model.named_parameters() if encoder.depth(n) > 0}
    assert not [name for name in weights if "embed" in name]
    logits = module.logits(encoder, head, batch, setup)[0]
    wanted = np.zeros(sum(len(p) if p.ndim > 1 else 1 for p in weights.values()))
    for label, chance in enumerate(logits.softmax(-1).tolist()):
        gradients = torch.autograd.grad(logits.log_softmax(-1)[label], list(weights.values()), retain_graph=True)
        squares = [(g**2).mean(1) if g.ndim > 1 else (g**2).mean()[None] for g in gradients]
        wanted += chance * torch.cat(squares).numpy()
    draws = [fisher(encoder, head, module, rows[:1], setup, seed)[0] for seed in range(300)]
    assert np.mean(draws, axis=0) == pytest.approx(wanted, rel=0.15)


def test_labels_are_drawn_as_likely_as_predicted() -> None:
    logits = torch.log(torch.tensor([0.1, 0.6, 0.3])).expand(5000, 2, 3)
    labels = torch.tensor([[0, -100]]).expand(5000, 2)
    found = drawn(logits, labels, torch.Generator().manual_seed(0))
    assert (found[:, 1] == -100).all()
    assert torch.bincount(found[:, 0], minlength=3) / 5000 == pytest.approx(torch.tensor([0.1, 0.6, 0.3]), abs=0.02)


def test_a_family_that_draws_no_labels_is_refused(tiny, encoder) -> None:
    masked = plugin.load("harness.families", "masked_lm")
    _, head, rows, setup = prepared(tiny, "tiny_nli", encoder)
    with pytest.raises(HarnessError, match="masked_lm draws no labels"):
        fisher(encoder, head, masked, rows, setup)
    assert hasattr(sequence_classification, "draw")
