"""Attacks on characters, by examples that were checked by hand."""

from __future__ import annotations

import unicodedata

import pytest

from harness.attacks.homoglyphs import DOUBLES
from harness.attacks.keyboard import neighbours


@pytest.mark.parametrize(
    ("key", "beside"),
    [
        ("s", "adwezx"), ("q", "wa"), ("m", "njk"), ("G", "FHTYVB"), ("а", "впкесм"), ("ß", ""), ("é", ""),
        ("σ", "αδςεζχ"), ("ა", "სქწზ"), ("თ", "ღ"), ("ب", "يلقفؤر"), ("ש", "דז"),
        ("क", "रतगदस"), ("\u093f", "\u094d\u0941\u0940\u0942"), ("中", ""), ("ก", ""), ("7", ""), (" ", ""),
    ],
)  # fmt: skip
def test_neighbours(key, beside):
    found = neighbours(key)
    assert set(found) == set(beside)
    assert all(unicodedata.category(k)[0] == unicodedata.category(key)[0] for k in found)


def test_neighbours_are_mutual():
    for key in "qwertyasdfghзжბდשסबम":
        assert all(key in neighbours(other) for other in neighbours(key))


def test_a_slip_on_the_keyboard_keeps_length_case_and_digits(one):
    before = "Anna saw 42 dogs, x2."
    after = one("keyboard", before)
    assert len(after) == len(before)
    assert after[0].isupper()
    assert [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a == b] == [4, 8, 9, 10, 11, 16, 17, 18, 19, 20]
    assert one("keyboard", "安娜 ที่ é 42") is None


@pytest.mark.parametrize(
    ("kind", "text", "after"),
    [
        ("swap", "abcde f", "acbed f"),
        ("delete", "abc don't 1a", "a d 1a"),
        ("repeat", "abc", "abbcc"),
        ("swap", "कुत्ता ab", None),
        ("swap", "aab", "aba"),
        ("swap", "abb", None),
        ("delete", "I a 22", None),
    ],
)
def test_a_typo_of_one_kind(one, kind, text, after):
    assert one("typo", text, kinds=(kind,)) == after


def test_typos_may_touch_the_first_character_but_never_leave_it_out(one):
    assert one("typo", "ab cd", kinds=("swap",), keep_first=False) == "ba dc"
    assert one("typo", "ab cd", kinds=("delete",), keep_first=False) == "a c"
    assert set(one("typo", "ab", kinds=("insert",))) == {"a", "b"}


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("Café à l'hôtel", "Cafe a l'hotel"),
        ("e\u0301te\u0301", "ete"),
        ("Lan đã ở Hà Nội", "Lan đa o Ha Nôi".replace("ô", "o")),
        ("Άννα", "Αννα"),
        ("чёрный", "черный"),  # short i is a letter of its own
        ("كَلْبًا آخر", "كلبا اخر"),
        ("שָׁלוֹם", "שלום"),
        ("दिल्ली बड़ा", None),
        ("がぎ ที่", None),
        ("한국 dog", None),
    ],
)
def test_diacritics(one, text, after):
    assert one("diacritics", text) == after


@pytest.mark.parametrize(
    ("to", "language", "text", "after"),
    [
        ("upper", "en", "Anna's dog", "ANNA'S DOG"),
        ("upper", "de", "Straße 3", "STRASSE 3"),
        ("lower", "el", "ΟΔΟΣ", "οδος"),
        ("swap", "en", "aB", "Ab"),
        ("upper", "tr", "ilk ışık", "İLK IŞIK"),
        ("lower", "tr", "İLK IŞIK", "ilk ışık"),
        ("swap", "tr", "iIıİ", "İıIi"),
        ("upper", "ka", "თბილისი", None),
        ("upper", "zh", "北京 ที่ 3", None),
        ("upper", "en", "NATO", None),
    ],
)
def test_case(one, to, language, text, after):
    assert one("case", text, language, to=to) == after


def test_homoglyphs_are_of_another_alphabet(one):
    assert one("homoglyphs", "pbp") in {f"{a}b{b}" for a in "рρ" for b in "рρ"}
    assert one("homoglyphs", "თბ 中 gz") is None
    for letter, doubles in DOUBLES.items():
        for double in doubles:
            assert unicodedata.name(letter).split()[0] != unicodedata.name(double).split()[0]
            assert letter in DOUBLES[double]
            assert unicodedata.category(letter) == unicodedata.category(double)


def test_spaces(one):
    assert one("spacing", "a b") in {"ab", "a  b"}
    assert one("spacing", "1 2") == "1  2"  # two numbers stay two
    assert one("spacing", "北京人") == "北 京 人"
    assert one("spacing", "น้ำที่") == "น้ำ ที่"
    assert one("spacing", "word.") is None
    assert {one("spacing", "a b", seed=seed) for seed in range(9)} == {"ab", "a  b"}


def test_punctuation(one):
    kinds = ("punctuation",)
    assert {one("spacing", "Yes, it's 3.5% at -5.", seed=seed, kinds=kinds) for seed in range(40)} == {
        f"Yes{comma} it's 3.5% at -5{stop}" for comma in ("", ",,") for stop in ("", "..")
    }
    assert one("spacing", "北京。", kinds=kinds) in {"北京", "北京。。"}
    assert one("spacing", "a b", kinds=kinds) is None
