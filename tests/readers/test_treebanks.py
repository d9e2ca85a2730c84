"""How XTREME makes tagging data of treebanks: what holds for any sentence, and for the real files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.readers import conllu

TAGS = (*conllu.PRECEDENCE, "SYM")
FORMS = ("a", "Haus", "10 000", "می\u200cرود", "_", "\u00a0", "«")
# XTREME's test sets pool several treebanks; these sentence counts are of the files at hand.
SENTENCES = {"en_ewt-ud-dev": 2002, "mr_ufal-ud-test": 47, "ta_ttb-ud-test": 120, "th_pud-ud-test": 1000}

word = st.tuples(st.sampled_from(FORMS), st.sampled_from(TAGS), st.integers(0, 6), st.sampled_from(("_", "2:x|3:y|0:z")))


def sentence(words: list[tuple[str, str, int, str]], spans: dict[int, int]) -> str:
    """Return a sentence in CoNLL-U; `spans` maps the first word of a multiword token to its last."""
    lines = []
    for number, (form, tag, head, deps) in enumerate(words, start=1):
        if number in spans:
            lines.append(f"{number}-{spans[number]}\tfused{number}" + "\t_" * 8)
        lines.append(f"{number}\t{form}\t_\t{tag}\t_\t_\t{head}\t_\t{deps}\t_")
    return "\n".join(lines) + "\n\n"


def read(folder: Path, *texts: str, **options: Any) -> list[dict[str, Any]]:
    paths = []
    for i, text in enumerate(texts):
        paths.append(folder / f"{i}.conllu")
        paths[-1].write_text(text, encoding="utf-8")
    return list(conllu.read(paths, options=conllu.Options(**options), language="xx"))


@given(words=st.lists(word, min_size=1, max_size=6), start=st.integers(1, 6), length=st.integers(2, 3))
def test_every_sentence_is_as_xtreme_writes_it(tmp_path_factory, words, start, length) -> None:
    last = start + length - 1
    spans = {start: last} if last <= len(words) else {}
    rows = read(tmp_path_factory.mktemp("conllu"), sentence(words, spans))
    inside = range(start, last + 1) if spans else range(0)
    surface = [(form, tag) for n, (form, tag, *_) in enumerate(words, start=1) if n not in inside]
    n_surface = len(surface) + len(spans)
    withheld = sum(form == "_" for form, _ in surface)
    kept = not (withheld and withheld >= n_surface - 1)
    n_blank = sum(not form.strip() for form, _ in surface)
    assert len(rows) == (kept and n_surface > n_blank)
    for row in rows:
        assert len(row["tokens"]) == len(row["tags"]) == n_surface - n_blank
        assert all(token and not {" ", "\u200c"} & set(token) for token in row["tokens"])
        if spans:
            fused = row["tokens"].index(f"fused{start}")
            assert row["tags"][fused] in {words[n - 1][1] for n in inside}


def test_files_of_a_language_are_numbered_on(tmp_path) -> None:
    one = sentence([("x", "X", 0, "_"), ("y", "X", 1, "_")], {})
    assert [row["id"] for row in read(tmp_path, one * 2, one)] == ["xx-0", "xx-1", "xx-2"]


def test_heads_of_the_enhanced_graph_count(tmp_path) -> None:
    words = [("r", "VERB", 0, "_"), ("b", "PUNCT", 1, "_"), ("c", "NOUN", 1, "_"), ("d", "ADV", 1, "_")]
    assert read(tmp_path, sentence(words, {2: 3}))[0]["tags"] == ["VERB", "NOUN", "ADV"]
    # A second head puts one more word above the noun: the other part is nearer to the root now. Empty nodes do not count.
    words[2] = ("c", "NOUN", 1, "1:obj|4:conj|4.1:conj")
    assert read(tmp_path, sentence(words, {2: 3}))[0]["tags"] == ["VERB", "PUNCT", "ADV"]


def test_languages_have_their_own_precedence(tmp_path) -> None:
    words = [("r", "X", 0, "_"), ("a", "ADV", 1, "_"), ("b", "PRON", 1, "_"), ("c", "NOUN", 1, "_")]
    tags = {
        "default": read(tmp_path, sentence(words, {2: 4})),
        "it": read(tmp_path, sentence(words, {2: 4}), precedence=("VERB", "AUX", "ADV", "PRON", "ADP", "DET", "INTJ")),
        "es": read(tmp_path, sentence(words, {2: 4}), precedence=("VERB", "AUX", "PRON", "ADP", "DET")),
    }
    assert {language: rows[0]["tags"][1] for language, rows in tags.items()} == {
        "default": "NOUN",
        "it": "ADV",
        "es": "PRON",
    }


@pytest.mark.parametrize("name", SENTENCES)
def test_real_treebanks(name, mirror) -> None:
    (path,) = (mirror / "sources" / "ud").rglob(f"{name}.conllu")
    rows = list(conllu.read([path], options=conllu.Options(), language=name[:2]))
    assert len(rows) == SENTENCES[name]
    assert {tag for row in rows for tag in row["tags"]} <= set(TAGS)
    assert all(token and not {" ", "\u200c"} & set(token) for row in rows for token in row["tokens"])
