"""The overlap of domains: disjoint halves, exact and nested mixtures, and halves that differ in their words only."""

from __future__ import annotations

import importlib
import json
from collections import Counter
from collections.abc import Callable
from statistics import mean, pstdev
from typing import Any

import pytest

from harness.generator import DERIVED, LANGUAGES, OVERLAPS, TASKS
from harness.generator.domains import DOMAINS, HALVED, PAIRED, halves, inside
from harness.generator.items import N_DOSED, sentences
from harness.generator.lexicon import CATEGORY, CONCEPTS, THINGS, forms, partner, plural

Row = dict[str, Any]
Read = Callable[[str], list[Row]]
LEFT_OUT = Counter(adjective=2, colour=1, thing_verb=2)


def _text(row: Row) -> str:
    return " | ".join(str(row[k]) for k in ("text_a", "text_b", "question", "context", "source", "tokens") if k in row)


def _words(row: Row) -> set[str]:
    parts = [row.get(k, "") for k in ("text_a", "text_b", "question", "context", "source", "target")]
    return {*" ".join(parts).split(), *row.get("tokens", ())}


def _own(language: str) -> dict[str, set[str]]:
    """Return the words of a language that only one domain has, by domain; those that none has as well."""
    return {domain: {forms()[language][concept] for concept in found} for domain, found in halves().items()}


def _mixture(task: str, overlap: str, rows: Read) -> list[Row]:
    return rows(f"{task}.intermediate.{overlap}.en")


def _kind(row: Row) -> str:
    return str(row["label"] if "label" in row else row["hints"]["kind"])


def test_halves_are_disjoint_equal_and_cover_all_but_the_odd_words() -> None:
    found = halves()
    assert len(frozenset().union(*found.values())) == sum(map(len, found.values()))
    assert frozenset().union(*found.values()) == {
        concept for category in (*HALVED, "plural") for concept in CATEGORY[category]
    }
    sizes = {domain: Counter(CONCEPTS[concept][0] for concept in half) for domain, half in found.items()}
    assert sizes["a"] == sizes["b"]
    assert sizes[""] == LEFT_OUT
    for category in ("spot", "org"):  # the other half of the name, or the preposition
        odd = [sum(c % 2 for c in CATEGORY[category] if c in found[domain]) for domain in DOMAINS]
        assert odd[0] == odd[1]


def test_what_belongs_together_stays_together() -> None:
    for half in halves().values():
        for concept in half:
            assert CONCEPTS[concept][0] not in PAIRED or partner(concept) in half
            assert concept not in THINGS or plural(concept) in half


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_is_of_two_domains(language: str) -> None:
    own = _own(language)
    assert not own["a"] & own["b"]
    assert not own[""] & (own["a"] | own["b"])


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_world_has_its_own_words_and_the_shared_ones(domain: str) -> None:
    absent = frozenset().union(*(half for name, half in halves().items() if name != domain))
    for category, found in inside(domain).category.items():
        assert set(found) == set(CATEGORY[category]) - absent
        assert len(found) >= 2, "each kind of item needs another word now and then"


@pytest.mark.parametrize("task", [*TASKS, "retrieval"])
def test_every_word_of_a_target_is_of_its_domain_or_shared(task: str, rows: Read) -> None:
    for language in DERIVED if task == "retrieval" else LANGUAGES:
        own = _own(language)
        of_others = (own["b"] | own[""]) | (_own("en")["b"] | _own("en")[""] if task == "retrieval" else set())
        splits = ("train", "validation", "test") if language == "en" else ("test",)
        for split in splits:
            for row in rows(f"{task}.{split}.a.{language}"):
                assert not _words(row) & of_others
                assert _words(row) & own["a"] or task == "retrieval"


@pytest.mark.parametrize("task", N_DOSED)
def test_mixtures_are_exact_balanced_and_nested(task: str, rows: Read) -> None:
    own = _own("en")
    previous: set[str] = set()
    for quarters, overlap in enumerate(OVERLAPS):
        found = _mixture(task, overlap, rows)
        inner = [row for row in found if _words(row) & own["a"]]
        outer = [row for row in found if _words(row) & own["b"]]
        assert len(inner) + len(outer) == len(found) == N_DOSED[task]
        assert not any(_words(row) & own[""] for row in found)
        assert len(inner) * 4 == len(found) * quarters
        for part in (inner, outer):
            assert len(set(Counter(map(_kind, part)).values())) <= 1
        # Evenly spread: any stretch of 24 rows has its share.
        assert all(sum("-a-" in row["id"] for row in found[i : i + 24]) == 6 * quarters for i in range(0, len(found), 24))
        texts = {json.dumps(row) for row in inner}
        assert previous <= texts
        previous = texts
    assert previous == {json.dumps(row) for row in _mixture(task, "o100", rows)}


@pytest.mark.parametrize("task", N_DOSED)
def test_mixtures_differ_in_domain_alone(task: str, rows: Read) -> None:
    first, last = (_mixture(task, overlap, rows) for overlap in ("o0", "o100"))
    assert list(map(_kind, first)) == list(map(_kind, last))
    for overlap in OVERLAPS:
        for row, outer, inner in zip(_mixture(task, overlap, rows), first, last, strict=True):
            assert row == (inner if "-a-" in row["id"] else outer)


@pytest.mark.parametrize("task", [*TASKS, "retrieval"])
def test_no_text_occurs_in_two_files(task: str, rows: Read) -> None:
    splits = ("train", "validation", "intermediate", "test")
    names = [f"{split}{domain}.en" for split in splits for domain in ("", ".a") if (split, domain) != ("intermediate", ".a")]
    if task == "retrieval":
        names = ["test.la", "test.a.la"]
    names += [f"intermediate.{overlap}.en" for overlap in ("o0", "o100") if task in N_DOSED]
    texts = [_text(row) for name in names for row in rows(f"{task}.{name}")]
    ids = [row["id"] for name in names for row in rows(f"{task}.{name}")]
    assert len(set(texts)) == len(texts)
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("task", TASKS)
def test_target_languages_are_parallel(task: str, rows: Read) -> None:
    source = rows(f"{task}.test.a.en")
    for language in DERIVED:
        assert [(r["id"], r.get("label")) for r in rows(f"{task}.test.a.{language}")] == [
            (r["id"], r.get("label")) for r in source
        ]


@pytest.mark.parametrize("task", N_DOSED)
def test_lengths_do_not_tell_the_domain(task: str, rows: Read) -> None:
    lengths = [[len(_text(row).split()) for row in _mixture(task, overlap, rows)] for overlap in ("o0", "o100")]
    assert abs(mean(lengths[0]) - mean(lengths[1])) < 0.05 * pstdev(lengths[0])
    assert pstdev(lengths[0]) == pytest.approx(pstdev(lengths[1]), rel=0.1)


def test_sentences_have_the_overlap_that_is_asked_for() -> None:
    own = _own("en")
    for overlap in (0.0, 0.25, 1.0):
        found = sentences(48, overlap, seed=1)
        assert sum(bool(set(text.split()) & own["a"]) for text in found) == 48 * overlap
        assert sum(bool(set(text.split()) & own["b"]) for text in found) == 48 * (1 - overlap)
    assert sentences(48, 1.0, seed=1) != sentences(48, 1.0, seed=2)


@pytest.mark.parametrize(("baseline", "task", "low", "high"), [
    ("hypothesis_only", "nli", 31, 42),
    ("pair_words", "nli", 33, 50),
    ("set_difference", "nli", 60, 82),
    ("hypothesis_only", "paraphrase", 45, 56),
    ("pair_words", "paraphrase", 45, 62),
    ("set_difference", "paraphrase", 50, 80),
    ("answer_type", "qa", 28, 38),
    ("answer_type_not_negated", "qa", 44, 56),
    ("word_overlap", "qa", 33, 60),
])  # fmt: skip
def test_trivial_baselines_are_worth_the_same_in_both_domains(
    baseline: str, task: str, low: float, high: float, rows: Read
) -> None:
    predict = importlib.import_module(f"harness.trivial.{baseline}").predict
    found = []
    for overlap in ("o0", "o100"):
        part = _mixture(task, overlap, rows)
        train, test = part[: len(part) // 2], part[len(part) // 2 :]
        gold = [row["answers"][0]["text"] if task == "qa" else row["label"] for row in test]
        found.append(100 * mean(p == g for p, g in zip(predict(train, test), gold, strict=True)))
    assert low <= min(found) <= max(found) <= high
    assert abs(found[0] - found[1]) < 3
