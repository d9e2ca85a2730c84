"""A training's state in one safetensors file, replaced by one rename. Nothing is ever unpickled."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

FILE = "checkpoint.safetensors"
Weights = dict[str, Tensor]


@dataclass
class Progress:
    """How far a training has come: steps done, events (the last at step `logged`), the best validation score."""

    step: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)
    running_loss: float = 0.0
    logged: int = 0
    best_score: float | None = None
    n_without_gain: int = 0
    is_stopped: bool = False


def save(folder: Path, progress: Progress, live: Weights, best: Weights, optimizer: torch.optim.AdamW) -> None:
    """Writes weights, best weights, optimizer state and progress; the file before stays until this one is whole."""
    tensors = {f"live.{k}": v.detach() for k, v in live.items()}
    tensors |= {f"best.{k}": v for k, v in best.items()}
    for i, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{i}.{k}": v for k, v in state.items()}
    temporary = folder / f"{FILE}.new"
    metadata = {"progress": json.dumps(asdict(progress))}
    save_file({k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}, temporary, metadata=metadata)
    # On the disk before it takes the old one's place: a name without its bytes would train from noise.
    with temporary.open("rb") as stream:
        os.fsync(stream.fileno())
    temporary.replace(folder / FILE)


def load(folder: Path, live: Weights, optimizer: torch.optim.AdamW) -> tuple[Progress, Weights]:
    """Restores weights and optimizer in place; returns progress and best weights. A fresh start without a file.

    A file that cannot be read is of no use and is removed: training then starts from its beginning.
    """
    path = folder / FILE
    if not path.exists():
        return Progress(), {}
    try:
        with safe_open(path, "pt") as file:
            progress = Progress(**json.loads(file.metadata()["progress"]))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, ValueError, TypeError, KeyError, OSError):
        path.unlink()
        return Progress(), {}
    with torch.no_grad():
        for name, tensor in live.items():
            tensor.copy_(tensors[f"live.{name}"])
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, index, entry = name.split(".")
            state.setdefault(int(index), {})[entry] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    return progress, {k.removeprefix("best."): v for k, v in tensors.items() if k.startswith("best.")}
