"""The training loop: resumed anywhere it gives the same bits; parts of a batch are the batch; the best weights stay."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from harness.encoders import Encoder
from harness.errors import HarnessError
from harness.families import Setup, inputs
from harness.spec.training import EarlyStopping, TrainingSpec
from harness.training import checkpoint
from harness.training.checkpoint import Progress
from harness.training.loop import Member, fit


class Killed(Exception):
    """Stands for the end of the process."""


def weights(encoder: Encoder, *members: Member) -> dict[str, Tensor]:
    found = {f"encoder.{k}": v.clone() for k, v in encoder.model.state_dict().items()}
    return found | {f"{i}.{k}": v.clone() for i, m in enumerate(members) for k, v in m.head.state_dict().items()}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


def ending(member: Member, calls: list[int], step: int | None) -> Member:
    """Return a member that counts its losses in `calls` and ends the training after `step` of them."""

    def loss(*arguments: Any) -> Tensor:
        if len(calls) == step:
            raise Killed
        calls.append(1)
        return member.family.loss(*arguments)

    family: Any = SimpleNamespace(collate=member.family.collate, loss=loss)
    return Member(family, member.head, member.features, member.setup, member.fraction)


@pytest.fixture
def train(make_encoder, member, tmp_path) -> Callable[..., tuple[dict[str, Tensor], list[dict[str, Any]]]]:
    """Return a function that trains a new encoder on tasks, perhaps up to a step only: weights and events.

    The validation score is that of `score`, a function of the first head.
    """

    def run(
        tasks: tuple[str, ...],
        training: TrainingSpec,
        name: str = "work",
        *,
        end: int | None = None,
        score: Callable[[torch.nn.Module], float] | None = None,
        **options: Any,
    ) -> tuple[dict[str, Tensor], list[dict[str, Any]]]:
        work = tmp_path / name
        work.mkdir(exist_ok=True)
        encoder = make_encoder()
        calls: list[int] = []
        members = [ending(member(task, encoder), calls, end) for task in tasks]
        validate = (lambda: score(members[0].head)) if score else None
        options = {"seed": 3, "checkpoint_seconds": 0.0, **options}
        events = fit(encoder, members, training, work=work, validate=validate, **options)
        return weights(encoder, *members), events

    return run


def wobble(head: torch.nn.Module) -> float:
    """Return a score that depends on the weights, and draw from torch's generator as a real one may."""
    torch.rand(5)
    return float(torch.sin(1e4 * next(head.parameters()).detach().sum()))


N_STEPS = 8
RESUMED = {
    "one task": (("tiny_nli",), {"dropout": 0.1}),
    # Heads that have had no gradient yet, and a masking that is drawn.
    "several tasks": (("tiny_nli", "tiny_pos", "tiny_text"), {"dropout": 0.2}),
    "parts of batches": (("tiny_nli",), {"dropout": 0.2, "accumulate": 2}),
    "frozen parts": (("tiny_qa",), {"freeze_embeddings": True, "freeze_layers": 1, "layer_decay": 0.5}),
    "early stopping": (("tiny_nli",), {"early_stopping": EarlyStopping(every_steps=2, patience=2)}),
}


@pytest.mark.parametrize("case", RESUMED)
def test_a_training_ended_after_any_step_goes_on_bit_by_bit(case, train, spec, tmp_path) -> None:
    tasks, fields = RESUMED[case]
    training = spec(max_steps=N_STEPS, **fields)
    score = wobble if case == "early stopping" else None
    whole, events = train(tasks, training, "whole", score=score)
    n = sum(1 for e in events if "loss" in e)
    for k in range(n):
        with pytest.raises(Killed):
            train(tasks, training, f"ended {k}", end=k, score=score)
        resumed, again = train(tasks, training, f"ended {k}", score=score)
        assert same(resumed, whole), k
        assert again == events, k
    # Once more over the checkpoint of the last step: nothing is left to do.
    assert same(train(tasks, training, "whole", end=0, score=score)[0], whole)
    assert (tmp_path / "whole" / "progress").read_text() == f"{n} {N_STEPS}"


def test_a_training_ended_again_and_again_goes_on_bit_by_bit(train, spec) -> None:
    training = spec(max_steps=6, dropout=0.1)
    whole, events = train(("tiny_nli",), training, "whole")
    for _ in range(5):
        with pytest.raises(Killed):
            train(("tiny_nli",), training, "often", end=1)
    resumed, again = train(("tiny_nli",), training, "often")
    assert same(resumed, whole)
    assert again == events


def test_another_seed_is_another_training(train, spec) -> None:
    training = spec(max_steps=4)
    one, other = (train(("tiny_nli",), training, f"seed {seed}", seed=seed)[0] for seed in (1, 2))
    assert not same(one, other)


def test_how_often_it_is_saved_changes_nothing(train, spec) -> None:
    training = spec(max_steps=4, dropout=0.1)
    found = [train(("tiny_nli",), training, f"every {s}", checkpoint_seconds=s)[0] for s in (0.0, 1e9)]
    assert same(*found)


def test_what_is_frozen_stays_as_it_was(train, make_encoder, spec) -> None:
    after, _ = train(("tiny_nli",), spec(max_steps=4, freeze_embeddings=True, freeze_layers=1))
    encoder = make_encoder()
    for name, before in weights(encoder).items():
        depth = encoder.depth(name.removeprefix("encoder."))
        assert torch.equal(before, after[name]) == (depth <= 1), name


@pytest.mark.parametrize("task", ["tiny_nli", "tiny_pos", "tiny_qa", "tiny_choice"])
def test_parts_of_a_batch_have_the_batchs_gradient(task, make_encoder, member, spec, tmp_path) -> None:
    gradients = {}
    for n in (1, 2, 3, 7):
        encoder = make_encoder()
        one = member(task, encoder, n=7)
        seen: dict[str, Tensor] = {}
        for name, parameter in [*encoder.model.named_parameters(), *one.head.named_parameters()]:
            seen[name] = torch.zeros_like(parameter)
            parameter.register_hook(lambda g, into=seen[name]: into.add_(g))
        training = spec(max_steps=1, batch_examples=100, accumulate=n, clip_norm=1e9)
        fit(encoder, [one], training, seed=1, work=tmp_path / f"{n}")
        gradients[n] = seen
    largest = max(float(g.abs().max()) for g in gradients[1].values())
    assert largest > 1e-3
    for n in (2, 3, 7):
        for name, whole in gradients[1].items():
            assert torch.allclose(whole, gradients[n][name], rtol=0, atol=1e-6 * largest + 1e-8), (n, name)


def test_the_best_weights_are_kept_and_patience_ends_it(make_encoder, member, spec, tmp_path) -> None:
    scores = iter([50.0, 60.0, 55.0, 60.0, 58.0, 99.0])
    encoder = make_encoder()
    one = member("tiny_nli", encoder)
    states: list[dict[str, Tensor]] = []

    def validate() -> float:
        assert not encoder.model.training
        assert not one.head.training
        states.append(weights(encoder, one))
        return next(scores)

    training = spec(max_steps=40, early_stopping=EarlyStopping(every_steps=3, patience=3))
    events = fit(encoder, [one], training, seed=1, work=tmp_path, validate=validate)
    # The second is the best; the third, the fourth (no more than as good) and the fifth are no gain.
    assert len(states) == 5
    assert same(weights(encoder, one), states[1])
    assert not encoder.model.training
    assert [(e["step"], e["validation"]) for e in events if "validation" in e] == [
        (3, 50.0),
        (6, 60.0),
        (9, 55.0),
        (12, 60.0),
        (15, 58.0),
    ]


def test_without_a_score_the_last_weights_count(make_encoder, member, spec, tmp_path) -> None:
    training = spec(max_steps=3, early_stopping=EarlyStopping(every_steps=5, patience=1))
    encoder = make_encoder()
    one = member("tiny_nli", encoder)
    fit(encoder, [one], training, seed=1, work=tmp_path, validate=lambda: math.nan)
    plain_encoder = make_encoder()
    plain = member("tiny_nli", plain_encoder)
    fit(plain_encoder, [plain], spec(max_steps=3), seed=1, work=tmp_path)
    assert same(weights(encoder, one), weights(plain_encoder, plain))


def test_a_loss_that_is_no_number_is_said_in_words(train, spec) -> None:
    with pytest.raises(HarnessError, match=r"loss is (nan|inf) at step \d+: lower `learning_rate` or raise `warmup_frac"):
        train(("tiny_nli",), spec(max_steps=20, learning_rate=1e30, clip_norm=1e30, warmup_fraction=0.0))


def test_events_are_mean_losses_and_rates(train, spec) -> None:
    _, events = train(("tiny_nli",), spec(max_steps=5, warmup_fraction=0.4))
    assert [e["step"] for e in events] == [1, 2, 3, 4, 5]
    assert [e["rate"] for e in events] == pytest.approx([0.0015, 0.003, 0.003, 0.002, 0.001])
    assert all(0.3 < e["loss"] < 1.5 for e in events)
    _, many = train(("tiny_nli",), spec(max_steps=200), "long")
    assert [e["step"] for e in many] == list(range(2, 201, 2))
    assert many[-1]["loss"] < events[0]["loss"]


@pytest.mark.parametrize("kind", ["modernbert", "xlm-roberta"])
def test_half_precision_runs_and_keeps_the_weights_whole(kind, make_encoder, member, spec, tmp_path, monkeypatch) -> None:
    encoder = make_encoder(kind)
    monkeypatch.setattr("harness.encoders.has_bfloat16", lambda device: True)
    encoder.precision = "bfloat16"
    members = [member(task, encoder) for task in ("tiny_nli", "tiny_pos", "tiny_qa", "tiny_choice", "tiny_text")]
    before = weights(encoder, *members)
    events = fit(encoder, members, spec(max_steps=12), seed=1, work=tmp_path, sampling="uniform")
    after = weights(encoder, *members)
    assert all(math.isfinite(e["loss"]) for e in events)
    assert {v.dtype for v in after.values()} == {torch.float32}
    assert not same(before, after)
    with torch.no_grad():
        for one in members[:4]:
            rows: list[dict[str, Any]] = [{"id": "x", "tokens": ["a"] * 20}] * 24
            predicted = one.family.predict(encoder, one.head, one.features, rows, one.setup)
            assert len(predicted) == 24


def test_the_mean_is_of_what_was_seen(make_encoder, member, spec, tmp_path) -> None:
    """A family of known losses: the loop reports their means, weighted by examples."""
    encoder = make_encoder()
    one = member("tiny_nli", encoder, n=6)
    values = iter([1.0, 3.0, 5.0, 7.0])

    def loss(encoder: Encoder, head: torch.nn.Module, batch: Any, setup: Setup) -> Tensor:
        return next(head.parameters()).sum() * 0 + next(values)

    family: Any = SimpleNamespace(collate=inputs, loss=loss)
    mine = Member(family, one.head, one.features, one.setup)
    events = fit(encoder, [mine], spec(max_steps=2, batch_examples=6, accumulate=2), seed=1, work=tmp_path)
    assert [e["loss"] for e in events] == [2.0, 6.0]


def test_a_checkpoint_holds_numbers_and_text_alone(make_encoder, member, spec, tmp_path) -> None:
    encoder = make_encoder()
    fit(encoder, [member("tiny_nli", encoder)], spec(max_steps=3), seed=1, work=tmp_path, checkpoint_seconds=0.0)
    assert sorted(p.name for p in tmp_path.iterdir()) == [checkpoint.FILE, "progress"]
    content = (tmp_path / checkpoint.FILE).read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    progress = Progress(**json.loads(header["__metadata__"]["progress"]))
    assert (progress.step, progress.is_stopped) == (3, False)
    assert {name.split(".")[0] for name in header} == {"__metadata__", "live", "optimizer"}
