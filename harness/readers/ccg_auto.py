"""CCGbank's derivations (AUTO format): words and their lexical categories.

A derivation is one line of brackets. Its leaves are `(<L category tag tag word category-with-indices>)`, and the line
before it names it: `ID=wsj_0001.1 PARSER=GOLD NUMPARSE=1`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.readers._lines import lines, wrong
from harness.spec.base import Spec

VERSION = 1
NAME = re.compile(r"ID=(\S+)")
LEAF = re.compile(r"<L (\S+) \S+ \S+ (\S+) \S+>")
REST = "other"
# The inventory of CCGbank is not closed, and which categories others keep cannot be had without the licensed corpus. These
# are the common ones of the grammar's manual (Hockenmaier and Steedman 2005).
CATEGORIES = r"""
, . : ; LRB RRB LQU RQU conj
N N/N N/PP N\N N[num] N/N[num] (N/N)/(N/N) (N/N)\(N/N) (N\N)/NP (N/N)/N N/(S[to]\NP) N/S[em]
NP NP[nb]/N NP/N NP[expl] NP[thr] NP/NP NP\NP (NP[nb]/N)\NP (NP\NP)/N (NP\NP)/NP (NP\NP)/PP (NP\NP)/(NP\NP)
(NP\NP)\(NP\NP)
(NP\NP)/S[dcl] (NP\NP)/(S[dcl]\NP) (NP\NP)/(S[dcl]/NP) (NP\NP)/(S[ng]\NP) ((NP\NP)/(S[dcl]\NP))\(NP/NP) NP/(S[dcl]/NP)
PP PP/NP PP/PP PP/(S[ng]\NP)
S/S S\S (S/S)/NP (S/S)/N (S/S)/PP (S/S)/(S/S) (S/S)/S[dcl] (S/S)/(S[ng]\NP) (S\S)/NP (S\S)/(S\S) (S\S)/S[dcl]
S[dcl] S[wq] S[em]/S[dcl] S[qem]/S[dcl] S[qem]/(S[to]\NP) S[wq]/(S[dcl]\NP) S[wq]/(S[q]/NP)
(S[q]/(S[b]\NP))/NP (S[q]/NP)/NP (S[for]/(S[to]\NP))/NP
(S\NP)/(S\NP) (S\NP)\(S\NP) ((S\NP)\(S\NP))/N ((S\NP)\(S\NP))/NP ((S\NP)\(S\NP))/PP ((S\NP)\(S\NP))/S[dcl]
((S\NP)\(S\NP))/S[em]
((S\NP)\(S\NP))/(S[ng]\NP) ((S\NP)\(S\NP))/(S[to]\NP) ((S\NP)\(S\NP))/((S\NP)\(S\NP)) ((S\NP)/(S\NP))/((S\NP)/(S\NP))
((S\NP)\(S\NP))\((S\NP)\(S\NP)) ((S\NP)/(S\NP))/NP
S[adj]\NP (S[adj]\NP)/PP (S[adj]\NP)/NP (S[adj]\NP)/(S[to]\NP) (S[adj]\NP)/(S[adj]\NP) (S[adj]\NP)/S[em] (S[adj]\NP)\NP
S[asup]\NP
S[dcl]\NP (S[dcl]\NP)/NP (S[dcl]\NP)/PP (S[dcl]\NP)/S[dcl] (S[dcl]\NP)/S[em] (S[dcl]\NP)/S[qem] (S[dcl]\NP)/(S[adj]\NP)
(S[dcl]\NP)/(S[b]\NP) (S[dcl]\NP)/(S[ng]\NP) (S[dcl]\NP)/(S[pss]\NP) (S[dcl]\NP)/(S[pt]\NP) (S[dcl]\NP)/(S[to]\NP)
((S[dcl]\NP)/NP)/NP ((S[dcl]\NP)/PP)/NP ((S[dcl]\NP)/PP)/PP ((S[dcl]\NP)/(S[to]\NP))/NP ((S[dcl]\NP)/S[em])/NP
(S[dcl]\S[dcl])\NP (S[dcl]\S[dcl])/NP (S[dcl]\NP[thr])/NP ((S[dcl]\NP[expl])/(S[to]\NP))/(S[adj]\NP)
S[b]\NP (S[b]\NP)/NP (S[b]\NP)/PP (S[b]\NP)/S[dcl] (S[b]\NP)/S[em] (S[b]\NP)/S[qem] (S[b]\NP)/(S[adj]\NP)
(S[b]\NP)/(S[ng]\NP)
(S[b]\NP)/(S[pss]\NP) (S[b]\NP)/(S[pt]\NP) (S[b]\NP)/(S[to]\NP) ((S[b]\NP)/NP)/NP ((S[b]\NP)/PP)/NP
((S[b]\NP)/(S[to]\NP))/NP
S[ng]\NP (S[ng]\NP)/NP (S[ng]\NP)/PP (S[ng]\NP)/S[dcl] (S[ng]\NP)/S[em] (S[ng]\NP)/(S[adj]\NP) (S[ng]\NP)/(S[ng]\NP)
(S[ng]\NP)/(S[to]\NP) ((S[ng]\NP)/PP)/NP ((S[ng]\NP)/NP)/NP ((S[ng]\NP)/(S[to]\NP))/NP
S[pss]\NP (S[pss]\NP)/NP (S[pss]\NP)/PP (S[pss]\NP)/S[em] (S[pss]\NP)/(S[adj]\NP) (S[pss]\NP)/(S[to]\NP)
(S[pss]\NP)/(S[ng]\NP)
S[pt]\NP (S[pt]\NP)/NP (S[pt]\NP)/PP (S[pt]\NP)/S[dcl] (S[pt]\NP)/S[em] (S[pt]\NP)/(S[adj]\NP) (S[pt]\NP)/(S[ng]\NP)
(S[pt]\NP)/(S[pss]\NP) (S[pt]\NP)/(S[to]\NP) ((S[pt]\NP)/PP)/NP ((S[pt]\NP)/NP)/NP
S[to]\NP (S[to]\NP)/(S[b]\NP)
""".split()
KNOWN = frozenset(CATEGORIES)


class Options(Spec):
    """None."""


def read(paths: Sequence[Path], *, options: Options, language: str) -> Iterator[dict[str, Any]]:
    """Yields a token_classification row a derivation; a category that is not one of `CATEGORIES` is `other`."""
    for path in paths:
        name = ""
        for number, line in enumerate(lines(path), start=1):
            named = NAME.match(line)
            if not line.strip():
                continue
            if named:
                name = named[1]
                continue
            leaves = LEAF.findall(line)
            if not name or not leaves or len(leaves) != line.count("<L "):
                hint = "CCGbank's .auto files, one after the other: a line ID=…, then its derivation"
                raise wrong(path, number, f"no derivation of a named sentence: {line[:60]!r}", hint)
            yield {
                "id": name,
                "tokens": [word for _, word in leaves],
                "tags": [category if category in KNOWN else REST for category, _ in leaves],
            }
            name = ""
