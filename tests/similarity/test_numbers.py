"""Numbers from elsewhere: other implementations, and what can be said by hand."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import chain
from math import exp, log

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from harness import plugin
from harness.errors import HarnessError
from harness.similarity import Corpus, compare, measure
from harness.similarity._counts import words

TEXTS = [f"text {i}" for i in range(10)]


def of_texts(name: str, texts: list[str]) -> Corpus:
    """Return a corpus whose subwords are its characters."""
    return Corpus(name, "en", texts, [[ord(c) for c in text] for text in texts])


def of_vectors(name: str, vectors: np.ndarray, **fields) -> Corpus:
    return Corpus(name, "en", [f"{name} {i}" for i in range(len(vectors))], features=vectors, **fields)


def drawn(seed: int, n: int = 20) -> list[list[int]]:
    rng = np.random.default_rng(seed)
    return [rng.choice(12, size=rng.integers(1, 9), p=rng.dirichlet(np.ones(12))).tolist() for _ in range(n)]


def test_the_divergence_is_scipys() -> None:
    a, b = (Corpus("x", "en", [str(t) for t in tokens], tokens) for tokens in (drawn(1), drawn(2)))
    p, q = (np.bincount(list(chain(*corpus.tokens)), minlength=12) for corpus in (a, b))
    assert measure("jensen_shannon", a, b, 0) == pytest.approx(jensenshannon(p, q, base=2) ** 2, abs=1e-12)


def test_the_divergence_of_samples_of_one_domain_is_what_its_module_says() -> None:
    rng, n, n_kinds = np.random.default_rng(0), 400, 50
    values = []
    for _ in range(50):
        a, b = (Corpus("x", "en", list(map(str, range(n))), [[t] for t in rng.integers(n_kinds, size=n)]) for _ in "ab")
        values.append(measure("jensen_shannon", a, b, 0))
    assert np.mean(values) == pytest.approx((n_kinds - 1) / (8 * log(2)) * (2 / n), rel=0.1)


def test_the_discrepancy_is_that_of_a_double_loop() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(11, 3)), rng.normal(1, size=(14, 3))
    both = [*x, *y]
    squared = [float(((u - v) ** 2).sum()) for i, u in enumerate(both) for v in both[:i]]

    def kernel(u: np.ndarray, v: np.ndarray) -> float:
        return exp(-float(((u - v) ** 2).sum()) / (2 * np.median(squared)))

    wanted = sum(kernel(u, v) for i, u in enumerate(x) for j, v in enumerate(x) if i != j) / (11 * 10)
    wanted += sum(kernel(u, v) for i, u in enumerate(y) for j, v in enumerate(y) if i != j) / (14 * 13)
    wanted -= 2 * sum(kernel(u, v) for u in x for v in y) / (11 * 14)
    assert measure("mmd", of_vectors("a", x), of_vectors("b", y), 0) == pytest.approx(wanted, abs=1e-12)


def test_vectors_that_are_all_alike_are_no_discrepancy() -> None:
    a = of_vectors("a", np.ones((10, 2)))
    assert measure("mmd", a, a, 0) == pytest.approx(0.0, abs=1e-12)


def test_the_proxy_is_2_where_domains_can_be_told_apart_and_0_where_not() -> None:
    rng = np.random.default_rng(0)
    x, y, same = rng.normal(size=(200, 4)), rng.normal(6, size=(150, 4)), rng.normal(size=(150, 4))
    assert measure("proxy_a_distance", of_vectors("a", x), of_vectors("b", y), 0) > 1.95
    assert abs(measure("proxy_a_distance", of_vectors("a", x), of_vectors("b", same), 0)) < 0.3


def test_the_proxy_needs_a_text_a_fold() -> None:
    a = of_vectors("a", np.eye(10))
    same = Corpus("b", "en", ["the same"] * 10, features=np.eye(10))
    with pytest.raises(HarnessError, match="'b' has 1 different texts: give at least 5"):
        measure("proxy_a_distance", a, same, 0)


def test_overlaps_count_by_hand() -> None:
    a, b = of_texts("a", ["A b"] * 10), of_texts("b", ["b  c\nd"] * 10)
    assert measure("type_overlap", a, b, 0) == 1 / 4
    a, b = of_texts("a", ["xy"] * 10), of_texts("b", ["xz"] * 10)
    # x, y, xy and x, z, xz: a third each, and one of them shared.
    assert measure("ngram_overlap", a, b, 0) == pytest.approx((1 / 3) / (5 / 3))


@pytest.mark.parametrize("script", ["中文", "ひら", "カナ", "ไทย", "ລາວ", "မြန", "ខ្ម", "བོད"])
def test_scripts_without_spaces_have_characters_for_words(script) -> None:
    assert words(f"The {script}, 한국어 Ё") == ["the", *script, ",", "한국어", "ё"]


def test_lengths_and_richness_by_hand() -> None:
    a, b = of_texts("a", ["xx"] * 10), of_texts("b", ["xyzx"] * 10)
    assert measure("length_difference", a, b, 0) == pytest.approx(log(2))
    a, b = of_texts("a", ["a b"] * 10), of_texts("b", [f"{2 * i} {2 * i + 1}" for i in range(10)])
    # Of a thousand words both kinds and all twenty are found.
    assert measure("type_token_difference", a, b, 0) == pytest.approx(18 / 1000)


def test_the_expected_number_of_types_is_that_of_drawing() -> None:
    ratio = plugin.load("harness.similarity", "type_token_difference")
    rng = np.random.default_rng(0)
    texts = [" ".join(map(str, rng.zipf(1.4, size=60).tolist())) for _ in range(40)]
    pool = [word for text in texts for word in words(text)]
    n_types = np.mean([len(Counter(rng.choice(pool, size=ratio.N_WORDS).tolist())) for _ in range(200)])
    one = of_texts("b", ["same"] * 10)
    found = measure("type_token_difference", of_texts("a", texts), one, 0)
    assert found == pytest.approx((n_types - 1) / ratio.N_WORDS, rel=0.01)


def test_cosines_by_hand() -> None:
    a, b = np.tile([2.0, 0.0], (10, 1)), np.tile([1.0, 1.0], (10, 1))
    assert measure("centroid_cosine", of_vectors("a", a), of_vectors("b", b), 0) == pytest.approx(np.sqrt(0.5))
    # Shares 2/3 and 0 of one, 1/3 and 1 of the other; an entry that is 0 in both counts for nothing.
    squares = [np.column_stack([side, np.zeros(10)]) for side in (a, b)]
    one, other = (Corpus(x, "en", TEXTS, fisher=s) for x, s in zip("ab", squares, strict=True))
    assert measure("fisher_embedding", one, other, 0) == pytest.approx((2 / 9) / (2 / 3 * np.sqrt(1 / 9 + 1)))
    scaled = Corpus("c", "en", TEXTS, fisher=1000 * squares[1])
    assert measure("fisher_embedding", scaled, other, 0) == pytest.approx(1.0)


def test_texts_without_words_are_an_error() -> None:
    empty = Corpus("empty", "en", [""] * 10, [[]] * 10)
    for name in ("jensen_shannon", "ngram_overlap", "type_overlap", "type_token_difference", "length_difference"):
        with pytest.raises(HarnessError, match=f"{name} of 'empty' and 'empty' is nan"):
            measure(name, empty, empty, 0)


@pytest.mark.slow  # a coverage needs many samples
def test_an_interval_holds_what_the_measure_gives_on_average() -> None:
    """In 200 pairs of corpora. Where most n-grams occur once, the bootstrap falls short of 95 %, as the module says."""
    least = {"jensen_shannon": 0.9, "centroid_cosine": 0.9, "mmd": 0.9, "ngram_overlap": 0.8}
    found = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        sides = []
        for name, shift, centre in (("a", 0, [1, 0, 0]), ("b", 6, [1, 1, 0])):
            shares = 1 / np.arange(1, 31)
            tokens = rng.choice(30, p=shares / shares.sum(), size=(60, 8))
            tokens = (tokens + shift) % 30
            sides.append(of_vectors(name, rng.normal(centre, 1, size=(60, 3)), tokens=tokens.tolist()))
        found.append(compare(*sides, list(least), seed, 100))
    for kind in zip(*found, strict=True):
        mean = np.mean([one.value for one in kind])
        covered = np.mean([one.low <= mean <= one.high for one in kind])
        assert least[kind[0].measure] <= covered <= 0.99, kind[0].measure


def test_a_signature_says_all_that_could_change_the_number() -> None:
    x = np.random.default_rng(0).normal(size=(30, 2))
    a, b = of_vectors("nli", x[:12]), of_vectors("qa.la", x[12:])
    made = {"features": {"encoder": "mini", "layer": 2, "pool": "mean"}}
    (found,) = compare(replace(a, made=made), replace(b, made=made), ["centroid_cosine"], 7, 20)
    assert found.signature == (
        "measure:centroid_cosine|a:nli|b:qa.la|lang:en+en|needs:features|encoder:mini|layer:2|pool:mean"
        "|n:12+18|matched:9|resamples:20|seed:7|v:1"
    )
    assert (found.n_a, found.n_b, found.n_matched) == (12, 18, 9)
    assert found.to_json()["signature"] == found.signature
    other = replace(b, made={"features": {**made["features"], "layer": 3}})
    with pytest.raises(HarnessError, match=r"features of 'nli' are by .*'layer': 2.*, of 'qa.la' by .*'layer': 3"):
        compare(replace(a, made=made), other, ["centroid_cosine"], 7, 20)
