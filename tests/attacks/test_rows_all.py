"""What holds for all attacks on the structure of a task, on rows of the constructed languages."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from harness import plugin
from harness.attacks import Row, Setup
from harness.generator.items import rows
from harness.spec.base import Source
from harness.spec.document import read

N = 60
# Name of an attack (a file in specs/attacks) → task of the generator, module, options.
CASES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "distractor": ("qa", "distractor", {}),
    "distractor_before": ("qa", "distractor", {"place": "before"}),
    "nli_tautology": ("nli", "nli_suffix", {}),
    "nli_length": ("nli", "nli_suffix", {"kind": "length"}),
    "name_swap": ("paraphrase", "role_swap", {}),
    "name_change": ("paraphrase", "role_swap", {"by": "another_row"}),
    "entity_swap": ("ner", "entity_swap", {}),
    "unseen_word": ("pos", "unseen_word", {}),
    "hard_pool": ("retrieval", "hard_pool", {}),
}
FIELDS = {
    "distractor": {"context"},
    "distractor_before": {"context", "answers", "hints"},
    "nli_tautology": {"text_b"},
    "nli_length": {"text_a"},
    "name_swap": {"text_a", "text_b"},
    "name_change": {"text_a", "text_b"},
    "entity_swap": {"tokens", "tags"},
    "unseen_word": {"tokens"},
    "hard_pool": {"distractors"},
}


def attack(name: str, given: list[Row], *, strength: float = 1.0, seed: int = 1, language: str = "la", **more: Any) -> Any:
    _, kind, options = CASES[name]
    module = plugin.load("harness.attacks", kind)
    setup = Setup(name, module.FAMILIES[0], language, strength, seed, module.Options(**options), **more)
    return module.attack(given, setup)


@pytest.fixture(params=CASES)
def name(request) -> str:
    return request.param


@pytest.fixture
def given(name) -> list[Row]:
    return rows(CASES[name][0], "test", "la")[:N]


def test_most_rows_meet_the_condition_and_only_what_is_attacked_changes(name, given) -> None:
    before = json.dumps(given)
    out = attack(name, given)
    assert json.dumps(given) == before
    met = [(row, new) for row, new in zip(given, out, strict=True) if new is not None]
    assert len(met) > N * (0.08 if name == "name_swap" else 0.5)
    for row, new in met:
        changed = {field for field in new if new[field] != row.get(field)}
        assert changed - FIELDS[name] == set()
        assert changed, "an attacked row is another row"
        assert set(row) <= set(new)


def test_no_strength_is_the_identity(name, given) -> None:
    assert attack(name, given, strength=0.0) == given


def test_the_same_seed_gives_the_same_rows_and_another_one_others(name, given) -> None:
    first, again = attack(name, given), attack(name, given)
    assert json.dumps(first) == json.dumps(again)
    if not name.startswith("nli"):
        other = attack(name, given, seed=2)
        # Two names can change places in one way only.
        assert (first != other) == (name != "name_swap")


def test_what_a_row_gets_does_not_depend_on_the_order_of_rows(name, given) -> None:
    expected = {row["id"]: new for row, new in zip(given, attack(name, given), strict=True)}
    mixed = random.Random(3).sample(given, N)
    assert attack(name, mixed) == [expected[row["id"]] for row in mixed]


def test_a_part_of_the_rows_gets_the_same_out_of_the_same_others(name, given) -> None:
    whole = attack(name, given, others=given)
    assert whole == attack(name, given)
    assert attack(name, given[:7], others=given[::-1]) == whole[:7]


def test_specs_name_modules_and_options() -> None:
    folder = Path(__file__).parents[2] / "specs" / "attacks"
    for name, (_, kind, options) in {**CASES, "nli_negation": ("", "nli_suffix", {"kind": "negation"})}.items():
        spec, _ = read(folder / f"{name}.yaml")
        assert (spec["name"], spec["kind"], spec.get("options", {})) == (name, kind, options)
        plugin.load("harness.attacks", kind).Options.model_validate_json(json.dumps(options))
        Source.model_validate_json(json.dumps(spec["source"]))
