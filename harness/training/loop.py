"""**The** training loop: pretraining, intermediate training and fine-tuning are this function with other members.

A training is a pure function of weights, features, spec and seed. The state after k steps is in the checkpoint, and what
is random in step k + 1 is drawn from a generator seeded by (seed, k + 1): a resumed run is the run, bit for bit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from harness.encoders import Encoder, set_dropout
from harness.errors import HarnessError
from harness.families import Feature, Setup, n_targets
from harness.spec.training import TrainingSpec
from harness.training import checkpoint
from harness.training.checkpoint import Progress, Weights
from harness.training.mixture import schedule, shares
from harness.training.optimizer import freeze, make_optimizer, rate

VERSION = 1
N_EVENTS = 100


@dataclass
class Member:
    """One task of a training. `fraction` fixes its share of the steps; none lets the sampling decide."""

    family: ModuleType
    head: nn.Module
    features: Sequence[Feature]
    setup: Setup
    fraction: float | None = None


def fit(
    encoder: Encoder,
    members: Sequence[Member],
    training: TrainingSpec,
    *,
    seed: int,
    work: Path,
    sampling: str = "proportional",
    temperature: float = 1.0,
    validate: Callable[[], float] | None = None,
    checkpoint_seconds: float = 30.0,
) -> list[dict[str, Any]]:
    """Trains encoder and heads in place. Returns the events: step, mean loss since the last event, rate, validation score.

    `work` holds the checkpoint that a killed run goes on from, and `progress` for whoever watches.
    """
    freeze(encoder, training)
    set_dropout(encoder, training.dropout)
    heads = nn.ModuleList(m.head for m in members)
    optimizer = make_optimizer(encoder, heads, training)
    live = _trainable(encoder, heads)
    steps = schedule(
        [[len(f["ids"]) for f in m.features] for m in members],
        training,
        seed,
        probabilities=_probabilities(members, sampling, temperature),
    )
    progress, best = checkpoint.load(work, live, optimizer)
    saved, every = time.monotonic(), max(1, len(steps) // N_EVENTS)
    encoder.model.train()
    heads.train()
    while progress.step < len(steps) and not progress.is_stopped:
        progress.running_loss += _step(encoder, members, optimizer, steps, progress.step, training, seed)
        progress.step += 1
        if progress.step % every == 0 or progress.step == len(steps):
            _log(progress, len(steps), training)
        stopping = training.early_stopping
        if stopping and validate and progress.step % stopping.every_steps == 0:
            encoder.model.eval()
            heads.eval()
            best = _select(progress, validate(), best, live, stopping.patience)
            encoder.model.train()
            heads.train()
        if time.monotonic() - saved >= checkpoint_seconds:
            checkpoint.save(work, progress, live, best, optimizer)
            (work / "progress").write_text(f"{progress.step} {len(steps)}")
            saved = time.monotonic()
    with torch.no_grad():
        for name, tensor in best.items():
            live[name].copy_(tensor)
    encoder.model.eval()
    heads.eval()
    return progress.events


def _step(
    encoder: Encoder,
    members: Sequence[Member],
    optimizer: torch.optim.AdamW,
    steps: Sequence[tuple[int, list[int]]],
    number: int,
    training: TrainingSpec,
    seed: int,
) -> float:
    """Does one optimizer update. Returns the batch's mean loss."""
    which, indices = steps[number]
    member = members[which]
    _seed(int(np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)[0] >> np.uint64(1)))
    value = rate(number, len(steps), training)
    for group in optimizer.param_groups:
        group["lr"] = value * group["scale"]
    total = torch.zeros(())
    size = -(-len(indices) // training.accumulate)
    parts = [[member.features[i] for i in indices[start : start + size]] for start in range(0, len(indices), size)]
    batches = [member.family.collate(part, encoder) for part in parts]
    counts = [n_targets(batch) for batch in batches]
    for batch, count in zip(batches, counts, strict=True):
        with encoder.autocast():
            loss: Tensor = member.family.loss(encoder, member.head, batch, member.setup)
        # The batch's mean is the parts' mean, weighted by what each is a mean of.
        loss = loss * (count / sum(counts))
        loss.backward()  # type: ignore[no-untyped-call]
        total += loss.detach().cpu()
    weights = [p for group in optimizer.param_groups for p in group["params"]]
    nn.utils.clip_grad_norm_(weights, training.clip_norm)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    result = float(total)
    if not np.isfinite(result):
        raise HarnessError(f"loss is {result} at step {number + 1}: lower `learning_rate` or raise `warmup_fraction`")
    return result


def _seed(value: int) -> None:
    # `torch.manual_seed` formats a stack trace for every kind of accelerator that is absent: 4 % of a small step.
    torch.default_generator.manual_seed(value)
    if torch.cuda.is_available():
        torch.cuda.manual_seed_all(value)


def _log(progress: Progress, n_steps: int, training: TrainingSpec) -> None:
    since, progress.logged = progress.step - progress.logged, progress.step
    progress.events.append(
        {
            "step": progress.step,
            "loss": round(progress.running_loss / since, 6),
            "rate": rate(progress.step - 1, n_steps, training),
        }
    )
    progress.running_loss = 0.0


def _select(progress: Progress, score: float, best: Weights, live: Weights, patience: int) -> Weights:
    """Keeps the weights if the validation score is the best so far; stops the training after `patience` without."""
    entry: dict[str, Any] = {"step": progress.step, "validation": round(score, 6)}
    known = next((e for e in progress.events if e["step"] == progress.step), None)
    if known:
        known |= entry
    else:
        progress.events.append(entry)
    if progress.best_score is None or score > progress.best_score:
        progress.best_score, progress.n_without_gain = score, 0
        return {k: v.detach().cpu().clone() for k, v in live.items()}
    progress.n_without_gain += 1
    progress.is_stopped = progress.n_without_gain >= patience
    return best


def _trainable(encoder: Encoder, heads: nn.Module) -> Weights:
    weights = {f"encoder.{k}": p for k, p in encoder.model.named_parameters() if p.requires_grad}
    return {**weights, **{f"heads.{k}": p for k, p in heads.named_parameters()}}


def _probabilities(members: Sequence[Member], sampling: str, temperature: float) -> list[float]:
    free = [i for i, m in enumerate(members) if m.fraction is None]
    fixed = sum(m.fraction or 0.0 for m in members)
    drawn = shares([len(members[i].features) for i in free], sampling, temperature)
    own = dict(zip(free, drawn, strict=True))
    return [m.fraction if m.fraction is not None else own[i] * (1 - fixed) for i, m in enumerate(members)]
