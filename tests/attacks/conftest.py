"""Rows of every family in languages of many scripts, and a way to attack them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness import plugin
from harness.attacks import Setup

Row = dict[str, Any]
PACKAGE = "harness.attacks"
# Two sentences, the answer that stands in the first, a question, a word and its translation. With and without spaces,
# with case and without, with marks of their own (Arabic points, Devanagari signs, Thai tones), from right to left.
Sample = tuple[str, str, str, str, tuple[str, str]]
LANGUAGES: dict[str, Sample] = {
    "en": (
        "Anna saw 3 big dogs in Paris.",
        "She's never met John Smith, I think.",
        "Paris",
        "Where did Anna see dogs?",
        ("dogs", "hunde"),
    ),
    "tr": (
        "Ali İzmir'de iki kedi gördü.",
        "Işık çok güzeldi, değil mi?",
        "iki kedi",
        "Ali ne gördü İzmir'de?",
        ("kedi", "cat"),
    ),
    "vi": (
        "Lan đã mua một quyển sách ở Hà Nội.",
        "Trời hôm đó rất đẹp.",
        "Hà Nội",
        "Lan mua sách ở đâu?",
        ("sách", "book"),
    ),
    "ru": (
        "Анна увидела трёх собак в Москве.",
        "Потом она ушла домой.",
        "Москве",
        "Где Анна увидела собак?",
        ("собак", "dogs"),
    ),
    "el": (
        "Η Άννα είδε δύο σκύλους στην Αθήνα.",
        "Μετά πήγε στο σπίτι της.",
        "Αθήνα",
        "Πού είδε σκύλους η Άννα;",
        ("σκύλους", "dogs"),
    ),
    "ka": (
        "ანამ ნახა ორი ძაღლი თბილისში.",
        "მერე სახლში წავიდა.",
        "თბილისში",
        "სად ნახა ანამ ძაღლი?",
        ("ძაღლი", "dog"),
    ),
    "ar": (
        "رأت آنا كَلْبًا كبيرا في القاهرة.",
        "ثم ذهبت إلى البيت.",
        "القاهرة",
        "أين رأت آنا كلبا؟",
        ("في", "in"),
    ),
    "he": (
        "אנה ראתה כלב גדול בירושלים.",
        "אחר כך הלכה הביתה.",
        "בירושלים",
        "איפה ראתה אנה כלב?",
        ("כלב", "dog"),
    ),
    "hi": (
        "आना ने दिल्ली में एक बड़ा कुत्ता देखा।",
        "फिर वह घर चली गई।",
        "दिल्ली",
        "आना ने कुत्ता कहाँ देखा?",
        ("कुत्ता", "dog"),
    ),
    "zh": (
        "安娜在北京看见了三只大狗。",
        "然后她回家了。",
        "北京",
        "安娜在哪里看见了狗?",
        ("安娜", "anna"),
    ),
    "ja": (
        "アンナは東京で犬を見ました。",
        "それから家に帰りました。",
        "東京",
        "アンナはどこで犬を見ましたか?",
        ("それから", "then"),
    ),
    "th": (
        "แอนนาเห็นสุนัขตัวใหญ่ที่กรุงเทพ",
        "แล้วเธอก็กลับบ้าน",
        "กรุงเทพ",
        "แอนนาเห็นสุนัขที่ไหน",
        ("ที่", "at"),
    ),
    "ko": (
        "안나는 서울에서 큰 개를 보았다.",
        "그리고 집에 갔다.",
        "서울",
        "안나는 어디에서 개를 보았니?",
        ("개를", "dog"),
    ),
}
LABELS = {"sequence_classification": ("entailment", "neutral", "contradiction")}


# The places and the names of further questions: material for attacks that take some from other rows.
PLACES = ("Berlin", "Rome", "Oslo")


def _tagged(language: str, first: str, number: int) -> Row:
    tokens = first.split() if " " in first else [first[i : i + 2] for i in range(0, len(first), 2)]
    if number == 2:
        return {"tokens": [*tokens, "."], "tags": [*["NOUN"] * len(tokens), "PUNCT"]}
    tags = ["B-PER", "O", "O", "B-ORG", "I-ORG", *["O"] * len(tokens)][: len(tokens)]
    return {"tokens": [*tokens, "."], "tags": [*tags, "O"]}


def _pair(first: str, second: str, number: int) -> Row:
    if number == 2:
        first, second = "There Anna met John and Mary.", "There John and Mary met Anna."
        return {"text_a": first, "text_b": second, "label": "neutral"}
    return {"text_a": first, "text_b": None if number == 3 else second, "label": "neutral"}


def make_others(family: str, language: str) -> list[Row]:
    """Return further rows of the same set."""
    if family == "token_classification":
        names = [(f"Bob{place}", "Bank", f"of{place}") for place in PLACES]
        return [{"id": f"other-{i}", "tokens": list(n), "tags": ["B-PER", "B-ORG", "I-ORG"]} for i, n in enumerate(names)]
    if family == "sentence_retrieval":
        texts = [
            text.format(place) for place in PLACES for text in ("Anna saw 3 big cats in {}.", "Anna saw 3 wild dogs in {}.")
        ]
        return [{"id": f"other-{i}", "source": text, "target": text} for i, text in enumerate(texts)]
    if family != "extractive_qa":
        return []
    questions = [
        {"question": f"Where did Bob{i} see cats?", "context": f"Bob{i} saw cats in {place}.", "place": place}
        for i, place in enumerate(PLACES)
    ]
    return [
        {
            "id": f"other-{i}",
            "question": row["question"],
            "context": row["context"],
            "answers": [{"text": row["place"], "start": row["context"].index(row["place"])}],
            "hints": {"candidates": [], "negated": [], "kind": "where"},
        }
        for i, row in enumerate(questions)
    ]


def _row(family: str, language: str, number: int) -> Row:
    first, second, answer, question, _ = LANGUAGES[language]
    if number % 2 and family != "extractive_qa":
        first, second = second, first
    context = f"{first} {second} {first}"
    start = context.index(answer)
    row: Row = {
        "sequence_classification": _pair(first, second, number),
        "extractive_qa": {
            "question": question,
            "context": context,
            "answers": [{"text": answer, "start": start}, {"text": answer, "start": context.rindex(answer)}][: 3 - number],
            "hints": {"candidates": [[start, start + len(answer)], [0, 3]], "negated": [False, True], "kind": "where"},
        },
        "multiple_choice": {"prompt": first, "choices": [second, question], "label": number % 2},
        "token_classification": _tagged(language, first, number),
        "sentence_retrieval": {"source": LANGUAGES["en"][number % 2], "target": first},
        "bitext_mining": {"source": LANGUAGES["en"][0], "target": None if number == 3 else first, "source_id": "en-1"},
        "passage_retrieval": {
            "question": [question, f"{answer}: {second} {{ {answer} }} {first}", second, None][number],
            "context": context,
            "passages": [first, second],
            "names": ["p-0", "p-1"],
            "accepted": ["p-0"],
        },
    }[family]
    return {"id": f"{family}-{number}", **row}


def make_rows(family: str, language: str) -> list[Row]:
    return [_row(family, language, number) for number in range(4)]


def make_setup(attack: str, family: str, language: str, *, strength: float, seed: int = 7, **options: Any) -> Setup:
    word, translation = LANGUAGES.get(language, LANGUAGES["en"])[-1]
    return Setup(
        attack=attack,
        family=family,
        language=language,
        strength=strength,
        seed=seed,
        options=plugin.load(PACKAGE, attack).Options(**options),
        labels=LABELS.get(family, ()),
        lexicon={word: translation},
        # Material for those that take any; the same for one row as for all.
        others=[*make_rows(family, language), *make_others(family, language)] if language in LANGUAGES else (),
    )


def attack_rows(
    attack: str, family: str, language: str, strength: float = 1.0, rows: list[Row] | None = None, **more: Any
) -> list[Row | None]:
    setup = make_setup(attack, family, language, strength=strength, **more)
    return list(plugin.load(PACKAGE, attack).attack(make_rows(family, language) if rows is None else rows, setup))


def cases() -> list[tuple[str, str, str]]:
    """Return (attack, family, language): every attack with all that it attacks."""
    families = {attack: plugin.load(PACKAGE, attack).FAMILIES for attack in plugin.names(PACKAGE)}
    return [(a, f, language) for a, of in families.items() for f in of for language in LANGUAGES]


@pytest.fixture(scope="session")
def rows_of() -> Callable[[str, str], list[Row]]:
    return make_rows


@pytest.fixture(scope="session")
def all_cases() -> list[tuple[str, str, str]]:
    return cases()


@pytest.fixture(scope="session")
def attacked() -> Callable[..., list[Row | None]]:
    """Return a function that attacks rows: those of the table, or others."""
    return attack_rows


@pytest.fixture(scope="session")
def one(attacked: Callable[..., Any]) -> Callable[..., str | None]:
    """Return a function from a text to what an attack makes of it, none where the condition is not met."""

    def run(attack: str, text: str, language: str = "xx", strength: float = 1.0, **more: Any) -> str | None:
        row = {"id": "1", "source": "", "target": text}
        (after,) = attacked(attack, "sentence_retrieval", language, strength, [row], **more)
        return None if after is None else after["target"]

    return run
