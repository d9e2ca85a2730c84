"""AdamW, its parameter groups, and the learning rate at each step."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from harness.encoders import Encoder
from harness.spec.training import TrainingSpec


def freeze(encoder: Encoder, training: TrainingSpec) -> None:
    """Stops gradients for the embeddings and the lowest layers, as the spec says."""
    for name, parameter in encoder.model.named_parameters():
        depth = encoder.depth(name)
        frozen = (training.freeze_embeddings and depth == 0) or 0 < depth <= training.freeze_layers
        parameter.requires_grad_(not frozen)


def make_optimizer(encoder: Encoder, heads: Iterable[nn.Module], training: TrainingSpec) -> torch.optim.AdamW:
    """Returns AdamW over all trainable weights. A group's `scale` multiplies the rate; biases and norms do not decay."""
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for name, parameter in encoder.model.named_parameters():
        if parameter.requires_grad:
            below = max(0, encoder.n_layers - encoder.depth(name))
            key = (training.layer_decay**below, parameter.ndim > 1)
            groups.setdefault(key, []).append(parameter)
    for head in heads:
        for parameter in head.parameters():
            groups.setdefault((1.0, parameter.ndim > 1), []).append(parameter)
    return torch.optim.AdamW(
        [
            {"params": parameters, "scale": scale, "weight_decay": training.weight_decay if decays else 0.0}
            for (scale, decays), parameters in sorted(groups.items(), key=lambda item: item[0])
        ],
        lr=training.learning_rate,
        betas=training.betas,
        eps=training.epsilon,
        fused=True,
    )


def rate(step: int, n_steps: int, training: TrainingSpec) -> float:
    """Returns the learning rate of a step (counted from 0): linear warm-up, then linear decay to zero."""
    warmup = round(training.warmup_fraction * n_steps)
    if step < warmup:
        return training.learning_rate * (step + 1) / warmup
    return training.learning_rate * max(0.0, (n_steps - step) / max(1, n_steps - warmup))
