"""What of a corpus comes from an encoder: a feature vector a text, and squared gradients a row.

N texts or rows, D hidden width, P rows of the layers' weights.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from types import ModuleType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from harness.encoders import Encoder, pool
from harness.errors import HarnessError
from harness.families import Row, Setup, by_length, encode_pairs, inputs, n_targets

Floats = NDArray[np.float32]


@torch.no_grad()
def features(
    encoder: Encoder, texts: Sequence[str], pooling: str, layer: int | None = None, max_length: int = 128
) -> Floats:
    """Returns the pooled hidden states of each text [N, D], after one layer; none is the last."""
    built = encode_pairs(encoder, texts, [None] * len(texts), max_length)
    vectors = np.zeros((len(built), encoder.width), np.float32)
    for indices in by_length(built, encoder.predict_tokens):
        batch = inputs([built[i] for i in indices], encoder)
        hidden = encoder.layer(batch["ids"], batch["mask"], layer)
        vectors[indices] = pool(hidden, batch["mask"], pooling).float().cpu().numpy()
    return vectors


def fisher(
    encoder: Encoder, head: nn.Module, family: ModuleType, rows: Sequence[Row], setup: Setup, seed: int = 0
) -> Floats:
    """Returns squared gradients of the log-likelihood of the model's own labels, one row's each [N, P].

    Labels are drawn from what the model predicts, as the Fisher information is defined; gold only has to be well-formed, and
    what is drawn for a row depends on `seed` and its id alone. A row of several windows has the mean of theirs.

    P: each unit of a layer, that is each row of a weight matrix, has the mean over its weights (Achille et al. 2019 take it
    over those of a filter), and each vector of weights its mean. Left out are the head, which belongs to one task, and
    embeddings, whose gradients say which subwords there are and little else.

    Raises HarnessError if the family draws no labels.
    """
    if not hasattr(family, "draw"):
        raise HarnessError(f"{family.__name__} draws no labels from its predictions: no Fisher information without them")
    weights = [p for name, p in encoder.model.named_parameters() if encoder.depth(name) > 0]
    built = family.features(rows, encoder, setup)
    squares, n_windows = np.zeros((len(rows), sum(map(_n_units, weights))), np.float32), np.zeros(len(rows))
    for feature in built:
        generator = torch.Generator().manual_seed(_row_seed(seed, rows[feature["row"]]))
        batch = family.collate([feature], encoder)
        with torch.no_grad():
            batch = family.draw(encoder, head, batch, setup, generator)
        with encoder.autocast():
            log_likelihood = -family.loss(encoder, head, batch, setup) * n_targets(batch)
        gradients = torch.autograd.grad(log_likelihood, weights)
        squares[feature["row"]] += torch.cat([_by_unit(g) for g in gradients]).cpu().numpy()
        n_windows[feature["row"]] += 1
    mean: Floats = (squares / np.maximum(n_windows, 1)[:, None]).astype(np.float32)
    return mean


def _n_units(weight: Tensor) -> int:
    return len(weight) if weight.ndim > 1 else 1


def _by_unit(gradient: Tensor) -> Tensor:
    squared = gradient.float() ** 2
    return squared.flatten(1).mean(1) if squared.ndim > 1 else squared.mean()[None]


def _row_seed(seed: int, row: Row) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}\x1f{row['id']}".encode()).digest()[:7])
