"""What every attack keeps to, in every family that it attacks and in scripts of every kind."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness import plugin
from harness.spec import document
from harness.spec.base import Source, Spec

PACKAGE = "harness.attacks"
SPECS = sorted((Path(__file__).parents[2] / "specs" / "attacks").glob("*.yaml"))
DRAW_NOTHING = {"nli_suffix"}
every_attack = pytest.mark.parametrize("attack", plugin.names(PACKAGE))


@pytest.fixture
def of(attack, all_cases):
    """Return (attack, family, language) of one attack."""
    return [case for case in all_cases if case[0] == attack]


def check_gold(before, after):
    """Fail unless a row's gold is that of the row it was made of, or as valid."""
    assert after["id"] == before["id"]
    assert after.keys() - {"distractors"} == before.keys()
    for field in ("label", "accepted", "names", "source_id"):
        assert after.get(field) == before.get(field)
    if "choices" in after:
        assert len(after["choices"]) > after["label"]
    if "tokens" in after:
        assert len(after["tokens"]) == len(after["tags"]) > 0
        assert all(after["tokens"])
    for answer in after.get("answers", ()):
        assert after["context"][answer["start"] :][: len(answer["text"])] == answer["text"]
    assert len(after.get("answers", ())) == len(before.get("answers", ()))
    for start, end in after.get("hints", {}).get("candidates", ()):
        assert 0 <= start < end <= len(after["context"])


@every_attack
def test_it_says_what_it_is(attack):
    module = plugin.load(PACKAGE, attack)
    assert plugin.version(PACKAGE, attack) == module.VERSION >= 1
    assert module.FAMILIES
    assert set(module.FAMILIES) <= set(plugin.names("harness.families"))
    assert issubclass(module.Options, Spec)
    assert module.Options().data() == json.loads(module.Options().model_dump_json())
    assert len(module.CONDITION) > 40


@every_attack
@pytest.mark.parametrize("strength", [0.3, 1.0])
def test_ids_order_and_gold_are_kept(attack, of, strength, rows_of, attacked):
    for _, family, language in of:
        before = rows_of(family, language)
        given = copy.deepcopy(before)
        after = attacked(attack, family, language, strength, given)
        assert given == before, "the rows that came in were changed"
        for old, new in zip(before, after, strict=True):
            if new is not None:
                check_gold(old, new)


@every_attack
def test_every_family_is_attacked_in_some_language(attack, of, rows_of, attacked):
    changed = {
        family
        for _, family, language in of
        for old, new in zip(rows_of(family, language), attacked(attack, family, language), strict=True)
        if new not in (None, old)
    }
    assert changed == set(plugin.load(PACKAGE, attack).FAMILIES)


@every_attack
def test_strength_0_gives_back_equal_rows(attack, of, rows_of, attacked):
    for _, family, language in of:
        for old, new in zip(rows_of(family, language), attacked(attack, family, language, 0.0), strict=True):
            assert new in (None, old)


@every_attack
def test_a_stronger_attack_changes_what_a_weaker_does(attack, of, rows_of, attacked):
    for _, family, language in of:
        before = rows_of(family, language)
        levels = [attacked(attack, family, language, strength) for strength in (0.2, 0.5, 0.8, 1.0)]
        for old, *new in zip(before, *levels, strict=True):
            assert len({row is None for row in new}) == 1, "whether the condition is met is no matter of strength"
            changed = [row != old for row in new]
            assert changed == sorted(changed)


@every_attack
def test_a_row_depends_on_nothing_but_itself_and_the_seed(attack, of, rows_of, attacked):
    outcomes = []
    for _, family, language in of:
        rows = rows_of(family, language)
        after = attacked(attack, family, language, 0.5, rows)
        assert attacked(attack, family, language, 0.5, rows) == after
        assert attacked(attack, family, language, 0.5, rows[::-1]) == after[::-1]
        assert [attacked(attack, family, language, 0.5, [row])[0] for row in rows] == after
        outcomes.append([attacked(attack, family, language, 0.5, rows, seed=seed) for seed in (1, 2)])
    if attack not in DRAW_NOTHING:
        assert any(one != other for one, other in outcomes), "the seed makes no difference"


def digest(attacked, cases):
    rows = [attacked(*case, 0.5) for case in cases]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def test_another_process_attacks_alike(all_cases, attacked):
    program = (
        "import hashlib, json, runpy, sys\n"
        "made = runpy.run_path(sys.argv[1])\n"
        "rows = [made['attack_rows'](*case, 0.5) for case in made['cases']()]\n"
        "print(hashlib.sha256(json.dumps(rows).encode()).hexdigest())\n"
    )
    wanted = digest(attacked, all_cases)
    for seed in ("0", "1"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", program, str(Path(__file__).with_name("conftest.py"))]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == wanted


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_every_spec_names_an_attack_and_options_that_it_takes(path):
    spec, _ = document.read(path)
    assert spec["name"] == path.stem
    options = plugin.load(PACKAGE, spec["kind"]).Options.model_validate_json(json.dumps(spec.get("options", {})))
    assert {key: value for key, value in options.data().items() if key in spec.get("options", {})} == spec.get("options", {})
    assert Source(**spec["source"]).url.startswith("https://")


def test_every_attack_has_a_spec():
    assert {document.read(path)[0]["kind"] for path in SPECS} == set(plugin.names(PACKAGE))
