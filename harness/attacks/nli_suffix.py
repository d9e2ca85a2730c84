"""A clause that changes no truth value at the end of a premise or hypothesis (Naik et al. 2018, "stress tests").

`tautology` ("and true is true") lowers the overlap of a hypothesis with its premise, `negation` ("and false is not true")
puts a strong hint of contradiction into it, and `length` makes the premise long with five tautologies.

The constructed languages have no words for these. There the text itself is said again: *p and p* is true just when *p* is.
That brings no negation, so `negation` is not met there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from harness.attacks import Row, Setup
from harness.attacks._constructed import function_word, is_constructed
from harness.attacks._material import n_units
from harness.spec.base import Spec

VERSION = 1
FAMILIES = ("sequence_classification",)
CONDITION = (
    "The row is a premise with a hypothesis, and the clause is known in its language. The clause is true whatever the texts "
    "say, so their relation stays."
)
_LABELS = ("entailment", "neutral", "contradiction")
_FINAL_MARK = re.compile("[.!?؟。！？।۔]*[\"'”’»)」』]*\\s*$")
# Tautology and negation, as they follow a statement: all languages of XNLI.
_CLAUSES = {
    "ar": (" والصواب صواب", " والخطأ ليس صوابا"),
    "bg": (" и истината е истина", " и лъжата не е истина"),
    "de": (" und wahr ist wahr", " und falsch ist nicht wahr"),
    "el": (" και το αληθές είναι αληθές", " και το ψευδές δεν είναι αληθές"),
    "en": (" and true is true", " and false is not true"),
    "es": (" y lo verdadero es verdadero", " y lo falso no es verdadero"),
    "fr": (" et le vrai est vrai", " et le faux n'est pas vrai"),
    "hi": (" और सच सच है", " और झूठ सच नहीं है"),
    "ru": (" и правда есть правда", " и ложь не есть правда"),
    "sw": (" na kweli ni kweli", " na uongo si kweli"),
    "th": (" และความจริงคือความจริง", " และความเท็จไม่ใช่ความจริง"),
    "tr": (" ve doğru doğrudur", " ve yanlış doğru değildir"),
    "ur": (" اور سچ سچ ہے", " اور جھوٹ سچ نہیں ہے"),
    "vi": (" và đúng là đúng", " và sai không phải là đúng"),
    "zh": ("，而且真的就是真的", "，而且假的不是真的"),
}


class Options(Spec):
    """`kind`: which clause is added, and to which text."""

    kind: Literal["tautology", "negation", "length"] = "tautology"


def attack(rows: Sequence[Row], setup: Setup) -> list[Row | None]:
    """Returns rows with the clause added, once or (for `length`) as often as the strength says, five times at most."""
    return [_attacked(row, setup) for row in rows] if setup.strength else list(rows)


def _attacked(row: Row, setup: Setup) -> Row | None:
    kind = setup.options.kind
    side = "text_a" if kind == "length" else "text_b"
    if row.get("text_b") is None or row["label"] not in _LABELS:
        return None
    clause = _clause(row, row[side], setup)
    if clause is None:
        return None
    final = _FINAL_MARK.search(row[side])
    assert final is not None, "it may be empty"
    times = n_units(setup.strength, 5) if kind == "length" else 1
    return {**row, side: row[side][: final.start()] + clause * times + final[0]}


def _clause(row: Row, text: str, setup: Setup) -> str | None:
    """Returns what is added to a text, or none where the language has no such clause here."""
    is_negation, language = setup.options.kind == "negation", setup.language
    if is_constructed([row["text_a"], row["text_b"]], language):
        return None if is_negation else f" {function_word('and', language)} {text}"
    return _CLAUSES[language][is_negation] if language in _CLAUSES else None
