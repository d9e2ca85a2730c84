"""Domain similarity of two corpora: an intermediate task's training text and a target's text. One measure a module.

A module has `VERSION`; `SYMMETRIC`; `NEEDS` (`text`, `tokens`, `features` or `fisher`: what of a corpus it reads); `HIGHER`
(`similar` or `different`: what a higher number means); `RANGE` (no value lies outside); `READS_CONTENT` (false for what two
domains without a common word may share); and `prepare(a, b, seed)`, which returns a function from weights of both corpora's
texts, [R, N] and [R, M], to values [R]. Weights of 1 give the measure itself, how often R resamples drew each text its
replicates. Measures are never blended into one score.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import plugin
from harness.errors import HarnessError

Array = NDArray[np.float64]
Weighted = Callable[[Array, Array], Array]

FEWEST_TEXTS = 10
N_SPLITS = 5
# Replicates computed at once: all of a large vocabulary's counts would not fit the memory.
_AT_ONCE = 25


@dataclass(frozen=True)
class Corpus:
    """What is known of N texts of one language; none where it was not made.

    `tokens` holds subword ids without special ones, `features` [N, D] one vector a text from an encoder, `fisher` [N, P] the
    squared gradients of a fine-tuned encoder for each text, whose mean is the diagonal of its Fisher information. `made`
    says for the signature how these came about: `{"features": {"encoder": "xlmr-base", "layer": 7, "pool": "mean"}}`.
    """

    name: str
    language: str
    texts: Sequence[str]
    tokens: Sequence[Sequence[int]] | None = None
    features: Any = None
    fisher: Any = None
    made: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    def part(self, indices: Sequence[int]) -> Corpus:
        """Returns some of the texts, in the order of `indices`."""
        return replace(
            self,
            texts=[self.texts[i] for i in indices],
            tokens=None if self.tokens is None else [self.tokens[i] for i in indices],
            features=None if self.features is None else np.asarray(self.features)[indices],
            fisher=None if self.fisher is None else np.asarray(self.fisher)[indices],
        )


@dataclass(frozen=True)
class Similarity:
    """One measure of two corpora of `n_a` and `n_b` texts.

    `low` and `high` bound, in 95 % of all draws of the texts, what the measure gives at these sizes on average: the value
    and the spread of its replicates about their mean, since replicates have a bias of their own.

    By most measures equal domains look different, the more the smaller the corpora. So `floor` is the measure between
    samples of one domain, `n_matched` texts of b and as many others (halves of b, unless a is smaller), and `matched` that
    between as many of a and of b; both are means over some draws. Only these two may be compared: where they are alike,
    so are the domains, as far as can be told.
    """

    measure: str
    value: float
    low: float
    high: float
    matched: float
    floor: float
    n_a: int
    n_b: int
    n_matched: int
    signature: str

    def to_json(self) -> dict[str, Any]:
        """Returns the similarity as JSON-able data."""
        return dict(self.__dict__)


def measure(name: str, a: Corpus, b: Corpus, seed: int) -> float:
    """Returns one measure of two corpora. The order of their texts does not matter.

    Raises HarnessError if a corpus lacks what it needs, has fewer than `FEWEST_TEXTS`, or nothing to count.
    """
    return _value(name, _checked(name, a), _checked(name, b), seed)


def compare(a: Corpus, b: Corpus, measures: Sequence[str], seed: int, n_resamples: int = 200) -> list[Similarity]:
    """Returns each measure with its interval over the texts of both corpora, which are drawn apart, and beside its floor.

    All measures see the same draws. Raises HarnessError as `measure` does, and if what a measure needs was made in two ways.
    """
    found = []
    for name in measures:
        module = plugin.load("harness.similarity", name)
        first, second = _checked(name, a), _checked(name, b)
        weighted = module.prepare(first, second, seed)
        value = _at_one(name, weighted, first, second)
        generator = np.random.default_rng([seed, 0])
        weights = [generator.multinomial(n, np.full(n, 1 / n), n_resamples) for n in (len(a.texts), len(b.texts))]
        parts = [slice(start, start + _AT_ONCE) for start in range(0, n_resamples, _AT_ONCE)]
        replicates = np.concatenate([weighted(*(w[part].astype(np.float64) for w in weights)) for part in parts])
        ends = value + np.quantile(replicates, [0.025, 0.975]) - replicates.mean()
        low, high = np.clip(ends, *module.RANGE).tolist()
        signature = _signature(name, a, b, seed, n_resamples)
        sizes = len(a.texts), len(b.texts), _n_matched(a, b)
        found.append(Similarity(name, value, low, high, *_matched(name, first, second, seed), *sizes, signature))
    return found


def _value(name: str, a: Corpus, b: Corpus, seed: int) -> float:
    return _at_one(name, plugin.load("harness.similarity", name).prepare(a, b, seed), a, b)


def _at_one(name: str, weighted: Weighted, a: Corpus, b: Corpus) -> float:
    value = float(weighted(np.ones((1, len(a.texts))), np.ones((1, len(b.texts))))[0])
    if not isfinite(value):
        raise HarnessError(f"{name} of {a.name!r} and {b.name!r} is {value}: is one of them without a word?")
    return value


def _n_matched(a: Corpus, b: Corpus) -> int:
    return min(len(a.texts), len(b.texts) // 2)


def _matched(name: str, a: Corpus, b: Corpus, seed: int) -> tuple[float, float]:
    """Returns the mean of a measure between samples of a and b, and that between two samples of b, all of one size."""
    generator, n = np.random.default_rng([seed, 1]), _n_matched(a, b)
    values = []
    for _ in range(N_SPLITS):
        own, other = (generator.permutation(len(corpus.texts)).tolist() for corpus in (a, b))
        one, two = b.part(sorted(other[:n])), b.part(sorted(other[n : 2 * n]))
        values.append((_value(name, a.part(sorted(own[:n])), one, seed), _value(name, two, one, seed)))
    matched, floor = np.mean(values, axis=0).tolist()
    return matched, floor


def _checked(name: str, corpus: Corpus) -> Corpus:
    """Returns a corpus with its texts in alphabetical order, so that no draw depends on how they stood."""
    needs, n = plugin.load("harness.similarity", name).NEEDS, len(corpus.texts)
    if n < FEWEST_TEXTS:
        raise HarnessError(f"{name}: {corpus.name!r} has {n} texts: give at least {FEWEST_TEXTS}")
    needed = corpus.texts if needs == "text" else getattr(corpus, needs)
    if needed is None or len(needed) != n:
        said = "none" if needed is None else f"{len(needed)} for {n} texts"
        raise HarnessError(f"{name} needs the {needs} of {corpus.name!r}: there are {said}; give one a text")
    return corpus.part(sorted(range(n), key=corpus.texts.__getitem__))


def _signature(name: str, a: Corpus, b: Corpus, seed: int, n_resamples: int) -> str:
    module = plugin.load("harness.similarity", name)
    made, others = (corpus.made.get(module.NEEDS, {}) for corpus in (a, b))
    if made != others:
        raise HarnessError(f"{name}: {module.NEEDS} of {a.name!r} are by {dict(made)}, of {b.name!r} by {dict(others)}")
    pairs = {
        "measure": name,
        "a": a.name,
        "b": b.name,
        "lang": f"{a.language}+{b.language}",
        "needs": module.NEEDS,
        **made,
        "n": f"{len(a.texts)}+{len(b.texts)}",
        "matched": _n_matched(a, b),
        "resamples": n_resamples,
        "seed": seed,
        "v": module.VERSION,
    }
    return "|".join(f"{key}:{value}" for key, value in pairs.items())
