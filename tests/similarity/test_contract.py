"""What every measure keeps, whichever it is."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from harness import plugin
from harness.errors import HarnessError
from harness.similarity import Corpus, compare, measure

NAMES = plugin.names("harness.similarity")
OVERLAPS = (0.0, 0.25, 0.5, 0.75, 1.0)
SEEDS = range(5)


def module(name: str):
    return plugin.load("harness.similarity", name)


every_measure = pytest.mark.parametrize("name", NAMES)
every_reader = pytest.mark.parametrize("name", [name for name in NAMES if module(name).READS_CONTENT])
every_other = pytest.mark.parametrize("name", [name for name in NAMES if not module(name).READS_CONTENT])
# A resample leaves out pairs of a text with itself, or trains nothing anew.
every_count = pytest.mark.parametrize("name", [name for name in NAMES if name not in ("mmd", "proxy_a_distance")])


def likeness(name: str, a: Corpus, b: Corpus) -> float:
    """Return the measure, turned so that higher is more similar."""
    return measure(name, a, b, 0) * (1 if module(name).HIGHER == "similar" else -1)


@every_measure
def test_a_module_says_what_it_is(name) -> None:
    assert module(name).HIGHER in ("similar", "different")
    assert module(name).NEEDS in ("text", "tokens", "features", "fisher")
    assert isinstance(module(name).SYMMETRIC, bool)
    assert plugin.version("harness.similarity", name) >= 1


@every_measure
def test_no_other_domain_is_more_similar_than_the_corpus_itself(name, make_corpus) -> None:
    a = make_corpus("a", 1.0, 0)
    own = likeness(name, a, a)
    assert all(likeness(name, a, make_corpus("b", overlap, 0)) <= own for overlap in OVERLAPS[:-1])
    if name != "mmd":  # unbiased: of equal corpora it is below 0
        limit = {"similar": 1.0, "different": 0.0}[module(name).HIGHER]
        assert measure(name, a, a, 0) == pytest.approx(limit, abs=1e-9)


@pytest.mark.slow  # the first of them makes thirty corpora, with a gradient for each of their texts
@every_reader
def test_likeness_grows_with_the_overlap_of_domains(name, make_corpus) -> None:
    means = [
        np.mean([likeness(name, make_corpus("a", 1.0, seed), make_corpus("b", overlap, seed)) for seed in SEEDS])
        for overlap in OVERLAPS
    ]
    assert all(less < more for less, more in pairwise(means)), means


@every_other
def test_what_reads_no_content_does_not_tell_domains_apart(name, make_corpus) -> None:
    a, apart = make_corpus("a", 1.0, 0), make_corpus("b", 0.0, 0)
    (found,) = compare(a, apart, [name], 0)
    assert found.low == 0.0


@every_measure
def test_corpora_may_change_places_where_it_says_so(name, make_corpus) -> None:
    a, b = make_corpus("a", 1.0, 0), make_corpus("b", 0.5, 0)
    there, back = measure(name, a, b, 0), measure(name, b, a, 0)
    assert (there == pytest.approx(back, abs=1e-9)) == module(name).SYMMETRIC


@every_measure
def test_the_order_of_texts_does_not_matter(name, make_corpus) -> None:
    a, b = make_corpus("a", 1.0, 0), make_corpus("b", 0.5, 0)
    order = np.random.default_rng(0).permutation(len(a.texts)).tolist()
    (straight,), (mixed,) = compare(a, b, [name], 0, 20), compare(a.part(order), b.part(order[::-1]), [name], 0, 20)
    for field in ("value", "low", "high", "matched", "floor"):
        assert getattr(straight, field) == pytest.approx(getattr(mixed, field), abs=1e-9)


@every_measure
def test_a_seed_gives_the_same_numbers_and_all_lie_in_range(name, make_corpus) -> None:
    a, b = make_corpus("a", 1.0, 0), make_corpus("b", 0.5, 0)
    assert compare(a, b, [name], 3, 50) == compare(a, b, [name], 3, 50)
    (found,) = compare(a, b, [name], 4, 50)
    assert found != compare(a, b, [name], 3, 50)[0]
    low, high = module(name).RANGE
    assert all(low <= x <= high for x in (found.value, found.low, found.high, found.matched, found.floor))
    assert found.low <= found.high


@every_count
def test_weights_are_what_repeated_texts_are(name, make_corpus) -> None:
    a, b = make_corpus("a", 1.0, 0), make_corpus("b", 0.5, 0)
    draws = [np.random.default_rng(seed).integers(len(a.texts), size=len(a.texts)) for seed in (1, 2)]
    weights = [np.bincount(draw, minlength=len(a.texts))[None].astype(float) for draw in draws]
    repeated = measure(name, a.part(draws[0].tolist()), b.part(draws[1].tolist()), 0)
    assert module(name).prepare(a, b, 0)(*weights)[0] == pytest.approx(repeated, abs=1e-9)


@every_measure
def test_samples_of_one_domain_are_at_the_floor(name, make_corpus) -> None:
    a, same, apart = (make_corpus(*c, 0, 200) for c in (("a", 1.0), ("b", 1.0), ("b", 0.0)))
    (like,), (unlike,) = compare(a, same, [name], 0), compare(a, apart, [name], 0)
    room = like.high - like.low
    assert abs(like.matched - like.floor) < room + 0.02
    if module(name).READS_CONTENT:
        assert abs(unlike.matched - unlike.floor) > 2 * abs(like.matched - like.floor)


@every_measure
def test_what_is_missing_is_named(name, make_corpus) -> None:
    a, needs = make_corpus("a", 1.0, 0), module(name).NEEDS
    with pytest.raises(HarnessError, match="'few' has 9 texts: give at least 10"):
        measure(name, a, replace(a.part(range(9)), name="few"), 0)
    if needs != "text":
        for missing, said in ((None, "none"), (getattr(a, needs)[:3], "3 for 80 texts")):
            with pytest.raises(HarnessError, match=f"{name} needs the {needs} of 'bare': there are {said}"):
                measure(name, a, replace(a, name="bare", **{needs: missing}), 0)
