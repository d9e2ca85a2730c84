"""Losses of a tiny encoder, pinned: numbers that move without a version would serve results of another program.

A stage's key holds the versions of its loop and its families and not the code, so that a change of a comment throws no
work away. This test is what makes that safe.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from harness import plugin
from harness.families import Setup
from harness.spec.training import TrainingSpec
from harness.training.loop import Member, fit

GOLDEN: dict[str, Any] = json.loads(Path(__file__).with_name("losses.json").read_text())
FAMILIES = ("tiny_nli", "tiny_pos", "tiny_qa", "tiny_choice", "tiny_text", "tiny_passages")
CASES = {f"{task} {kind}": (kind, (task,)) for task in FAMILIES for kind in ("modernbert", "xlm-roberta")}
CASES["all together"] = ("modernbert", FAMILIES)
# Kernels differ from one processor to another (AVX2, AVX-512, neither) in the last bits of a sum. Six steps of Adam
# make of that one in the sixth digit at most (tried with each); a change of what is computed moves the third.
RELATIVE, LAST_DIGIT = 1e-5, 1e-6


def measure(tiny: dict[str, Any], case: str, work: Path) -> dict[str, Any]:
    """Return the versions behind a training of six steps, and its losses."""
    kind, tasks = CASES[case]
    encoder = tiny["make_encoder"](kind)
    torch.manual_seed(7)
    members, versions = [], {"loop": plugin.version("harness.training", "loop")}
    for task in tasks:
        rows, family, _, labels, options, _ = tiny["TASKS"][task]
        module = plugin.load("harness.families", family)
        versions[family] = plugin.version("harness.families", family)
        setup = Setup(plugin.load("harness.spec.options", family).Options(**options), tuple(labels), "mean")
        features = module.features(rows("train", "en", 24), encoder, setup)
        members.append(Member(module, module.Head(encoder, setup), features, setup))
    training = TrainingSpec(
        learning_rate=0.01,
        max_steps=6 * len(tasks),
        batch_tokens=120,
        accumulate=2,
        layer_decay=0.7,
        warmup_fraction=0.3,
        dropout=0.0,  # its draws are not the same in every build of torch
    )
    events = fit(encoder, members, training, seed=11, work=work)
    return {"versions": versions, "losses": [event["loss"] for event in events]}


@pytest.mark.parametrize("case", CASES)
def test_losses_are_those_of_their_versions(case, tiny, tmp_path) -> None:
    found, known = measure(tiny, case, tmp_path), GOLDEN.get(case, {"versions": None})
    assert found["versions"] == known["versions"], (
        f"{case}: losses.json is of other versions; put there what they give now: {json.dumps(found)}"
    )
    assert found["losses"] == pytest.approx(known["losses"], rel=RELATIVE, abs=2 * LAST_DIGIT), (
        "numbers moved: raise VERSION in harness/training/loop.py (or of the family that moved them) and note it in "
        f"CHANGELOG, in a line that begins with `Numbers:`; then put into losses.json, {case}: {json.dumps(found)}"
    )


def test_every_family_that_trains_is_pinned(tiny) -> None:
    trained = {name for name in plugin.names("harness.families") if hasattr(plugin.load("harness.families", name), "loss")}
    assert {tiny["TASKS"][task][1] for task in FAMILIES} == trained
