"""Sequence classification and multiple choice."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.families import multiple_choice, sequence_classification

text = st.lists(st.sampled_from("the small cat sees a big dog near old house".split()), min_size=1, max_size=30)


def choice_row(prompt: str, choices: list[str], label: int = 0) -> dict:
    return {"id": "x", "prompt": prompt, "choices": choices, "label": label}


@given(text.map(" ".join), st.lists(text.map(lambda w: " ".join(w[:4])), min_size=2, max_size=5), st.integers(36, 60))
def test_a_prompt_is_cut_from_its_start_and_its_choices_never(encoder, setup_of, prompt, choices, limit) -> None:
    tokenizer = encoder.tokenizer
    (feature,) = multiple_choice.features(
        [choice_row(prompt, choices)], encoder, setup_of("multiple_choice", max_length=limit)
    )
    whole = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    full = [tokenizer(prompt, choice)["input_ids"] for choice in choices]
    assert feature["truncated"] == any(len(ids) > limit for ids in full)
    assert tokenizer.truncation_side == "right"
    assert len(feature["ids"]) == max(map(len, feature["choices"])) <= limit
    for ids, choice in zip(feature["choices"], choices, strict=True):
        own = tokenizer(choice, add_special_tokens=False)["input_ids"]
        if len(own) <= (limit - 3) // 2:
            assert ids[-1 - len(own) : -1] == own
            kept = ids[1 : -2 - len(own)]
            assert kept == whole[len(whole) - len(kept) :]


def test_the_head_sees_each_choice_with_its_prompt(encoder, setup_of) -> None:
    rows = [choice_row("the cat", ["sees", "runs", "a dog"], 2), choice_row("a big dog", ["runs", "old"], 1)]
    setup = setup_of("multiple_choice", pooling="mean")
    torch.manual_seed(1)
    head = multiple_choice.Head(encoder, setup)
    built = multiple_choice.features(rows, encoder, setup)
    with torch.no_grad():
        scores = multiple_choice.logits(encoder, head, multiple_choice.collate(built, encoder), setup)
        alone = multiple_choice.logits(encoder, head, multiple_choice.collate(built[1:], encoder), setup)
        loss = multiple_choice.loss(encoder, head, multiple_choice.collate(built, encoder), setup)
        predicted = multiple_choice.predict(encoder, head, built, rows, setup)
    assert scores.shape == (2, 3)
    assert scores[1, 2] == -torch.inf
    assert torch.allclose(scores[1, :2], alone[0], atol=1e-6)
    expected = -(scores[0].log_softmax(-1)[2] + scores[1].log_softmax(-1)[1]) / 2
    assert float(loss) == pytest.approx(float(expected), rel=1e-5)
    assert predicted == [str(int(scores[0].argmax())), str(int(scores[1].argmax()))]
    assert multiple_choice.gold(rows, setup) == ["2", "1"]


@pytest.mark.parametrize("pooling", ["first", "mean", "max"])
def test_labels_come_back_to_their_rows(pooling, encoder, setup_of, tiny_rows) -> None:
    rows = [*tiny_rows("tiny_nli"), {"id": "one", "text_a": "the cat", "text_b": None, "label": "no"}]
    setup = setup_of("sequence_classification", ("yes", "no"), pooling)
    torch.manual_seed(1)
    head = sequence_classification.Head(encoder, setup)
    built = sequence_classification.features(rows, encoder, setup)
    assert [f["label"] for f in built] == [("yes", "no").index(row["label"]) for row in rows]
    with torch.no_grad():
        predicted = sequence_classification.predict(encoder, head, built, rows, setup)
        one_by_one = [
            sequence_classification.predict(encoder, head, [{**f, "row": 0}], [r], setup)[0]
            for f, r in zip(built, rows, strict=True)
        ]
    assert predicted == one_by_one
    assert set(predicted) <= {"yes", "no"}
    assert sequence_classification.gold(rows, setup) == [row["label"] for row in rows]
