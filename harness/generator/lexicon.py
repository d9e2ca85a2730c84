"""The concepts of the constructed world and their written forms in every language.

A concept is an integer. A sentence is a list of concepts in the word order of a language, so that
translation, tags and answer spans are exact by construction. What sets each language apart:

====  =======================================================================================
en    the source: subject-verb-object, adjectives before nouns, English words
la    30 % of the content words are spelt as in the source, the others are its own
lb    no content word is shared
lc    as lb (words of its own), and subject-object-verb
ld    as lb (words of its own), and verb-subject-object
le    as lb (words of its own), Georgian letters, no shared name
====  =======================================================================================

la, lb, lc and ld share 60 % of the proper names with the source; all languages share digits and
punctuation.
"""

from __future__ import annotations

from functools import lru_cache
from random import Random
from typing import Final

SEED: Final = 20200713
SOURCE: Final = "en"
DERIVED: Final = ("la", "lb", "lc", "ld", "le")
LANGUAGES: Final = (SOURCE, *DERIVED)
ORDERS: Final = {"en": "svo", "la": "svo", "lb": "svo", "lc": "sov", "ld": "vso", "le": "svo"}
COGNATE_FRACTION: Final = 0.3
SHARED_NAME_FRACTION: Final = 0.6

_WORDS: Final[dict[str, str]] = {
    "name": (
        "anna maria peter john laura thomas sofia martin helen david clara simon julia oscar emma felix "
        "ford florence jordan chelsea"
    ),
    "city": "paris oslo rome berlin madrid vienna lisbon florence jordan chelsea",
    "org": "acme bolt orion vertex zenith lumen ford jordan",
    "org_type": "bank group",
    "animal": "dog cat horse bird rabbit goat duck turtle sheep donkey",
    "food": "cake apple bread soup cheese orange rice salad cookie pie",
    "tool": "hammer knife saw ladder rope bucket shovel brush drill axe",
    "job": "doctor teacher farmer baker lawyer pilot nurse painter driver judge",
    "spot": "kitchen garden market station library office school barn",
    # Antonyms stand side by side: the partner of index i is i ^ 1.
    "adjective": "big small old new hot cold clean dirty heavy light fast slow cheap expensive",
    "colour": "red blue green black orange",
    # Synonyms stand side by side: the partner of index i is i ^ 1.
    "thing_verb": (
        "bought purchased found discovered washed rinsed carried hauled lost misplaced saw noticed wanted desired"
    ),
    "person_verb": "helped assisted met encountered called phoned",
    "city_verb": "lived resided studied trained",
    "org_verb": "worked toiled drove motored",
    "plain_verb": "slept laughed waited danced sang rested",
    "adverb": "quickly quietly often happily early fast",
    "hypernym": "animal food tool person",
    "function": "the in near for and never not who what where whom how many",
    "digit": "2 3 4 5 6 7 8 9",
    "mark": ". ?",
}
_NOUNS: Final = ("animal", "food", "tool")
_PROPER: Final = ("name", "city", "org")
_VERBATIM: Final = ("digit", "mark")

_POS: Final = {
    "name": "PROPN", "city": "PROPN", "org": "PROPN", "org_type": "PROPN", "animal": "NOUN", "food": "NOUN",
    "tool": "NOUN", "job": "NOUN", "spot": "NOUN", "adjective": "ADJ", "colour": "ADJ", "thing_verb": "VERB",
    "person_verb": "VERB", "city_verb": "VERB", "org_verb": "VERB", "plain_verb": "VERB", "adverb": "ADV",
    "hypernym": "NOUN", "digit": "NUM", "mark": "PUNCT", "plural": "NOUN",
}  # fmt: skip
_FUNCTION_POS: Final = {
    "the": "DET", "in": "ADP", "near": "ADP", "for": "ADP", "and": "CCONJ", "never": "ADV", "not": "PART",
    "who": "PRON", "what": "PRON", "where": "ADV", "whom": "PRON", "how": "ADV", "many": "ADJ",
}  # fmt: skip
_ENTITY: Final = {"name": "B-PER", "city": "B-LOC", "org": "B-ORG", "org_type": "I-ORG"}


def _index_concepts() -> tuple[dict[str, range], list[tuple[str, str]]]:
    """Return the range of each category, and (category, English word) of each concept."""
    ranges: dict[str, range] = {}
    concepts: list[tuple[str, str]] = []
    for category, words in _WORDS.items():
        entries = [(category, word) for word in words.split()]
        ranges[category] = range(len(concepts), len(concepts) + len(entries))
        concepts += entries
    plurals = [("plural", concepts[c][1]) for category in _NOUNS for c in ranges[category]]
    ranges["plural"] = range(len(concepts), len(concepts) + len(plurals))
    return ranges, concepts + plurals


CATEGORY, CONCEPTS = _index_concepts()
THINGS: Final = range(CATEGORY["animal"].start, CATEGORY["tool"].stop)
FUNCTION: Final = {CONCEPTS[c][1]: c for c in CATEGORY["function"]}
PERIOD, QUESTION_MARK = CATEGORY["mark"]
PERSON: Final = CATEGORY["hypernym"][3]
POS_TAGS: Final = tuple(_FUNCTION_POS[w] if c == "function" else _POS[c] for c, w in CONCEPTS)
ENTITY_TAGS: Final = tuple(_ENTITY.get(c, "O") for c, _ in CONCEPTS)


def plural(noun: int) -> int:
    """Return the plural concept of a concrete noun."""
    return CATEGORY["plural"].start + noun - THINGS.start


def hypernym(noun: int) -> int:
    """Return the more general noun that a concrete noun or a job entails."""
    for position, category in enumerate((*_NOUNS, "job")):
        if noun in CATEGORY[category]:
            return CATEGORY["hypernym"][position]
    raise ValueError(f"concept {noun} has no hypernym")


def partner(concept: int) -> int:
    """Return the antonym of an adjective, or the synonym of a verb that has one."""
    start = CATEGORY[CONCEPTS[concept][0]].start
    return start + ((concept - start) ^ 1)


_ONSETS: Final = {
    "la": "b d f g l m n p r s t v".split(),
    "lb": "k h z j sh t m r b ch w".split(),
    "lc": "kr t p n l gh y d s m v".split(),
    "ld": "ts f br g n m l dz r p h".split(),
    "le": "ბ გ დ ვ ზ თ კ ლ მ ნ პ რ ს ტ ქ შ ჩ ხ".split(),
}
_NUCLEI: Final = {
    "la": "a e i o io ea".split(),
    "lb": "a u ai o ee".split(),
    "lc": "o u i y ua".split(),
    "ld": "e a ou i ie".split(),
    "le": "ა ე ი ო უ".split(),
}
_CODAS: Final = {
    "la": ("", "n", "r"), "lb": ("", "k"), "lc": ("", "x", "n"), "ld": ("", "l", "sh"), "le": ("", "ნ", "რ"),
}  # fmt: skip
_PLURALS: Final = {"en": "s", "la": "ri", "lb": "mok", "lc": "yx", "ld": "esh", "le": "ები"}


def _coin(language: str, rng: Random, syllables: int, taken: set[str]) -> str:
    """Return a new pronounceable word and add it to `taken`."""
    while True:
        word = "".join(rng.choice(_ONSETS[language]) + rng.choice(_NUCLEI[language]) for _ in range(syllables)) + rng.choice(
            _CODAS[language]
        )
        if word not in taken:
            taken.add(word)
            return word


def _shared_words(language: str) -> frozenset[str]:
    """Return the English words that a language spells in the same way."""
    rng = Random(f"{SEED}:shared:{language}")
    shared: set[str] = set()
    proper = sorted({w for c, w in CONCEPTS if c in _PROPER})
    content = sorted({w for c, w in CONCEPTS if c not in (*_PROPER, *_VERBATIM, "function", "plural")} - set(proper))
    if language != "le":
        shared |= set(rng.sample(proper, round(SHARED_NAME_FRACTION * len(proper))))
    if language == "la":
        shared |= set(rng.sample(content, round(COGNATE_FRACTION * len(content))))
    return frozenset(shared)


@lru_cache(maxsize=1)
def forms() -> dict[str, tuple[str, ...]]:
    """Return the written form of every concept, by language.

    Words that are homographs in the source (*saw*, *orange*, *fast*, *jordan*) are homographs in every
    language, so that a word alone does not always tell its tag. No other form means two things, in one
    language or across two.
    """
    taken = {word for _, word in CONCEPTS} | {word + _PLURALS["en"] for c, word in CONCEPTS if c == "plural"}
    tables: dict[str, tuple[str, ...]] = {SOURCE: tuple(w + _PLURALS["en"] if c == "plural" else w for c, w in CONCEPTS)}
    for language in DERIVED:
        rng = Random(f"{SEED}:words:{language}")
        shared = _shared_words(language)
        words: dict[str, str] = {}
        table = []
        for category, word in CONCEPTS:
            if word not in words:
                verbatim = category in _VERBATIM or word in shared
                length = 1 if category == "function" else rng.choice((2, 2, 3))
                words[word] = word if verbatim else _coin(language, rng, length, taken)
            table.append(words[word] + _PLURALS[language] if category == "plural" else words[word])
        tables[language] = tuple(table)
    return tables


def write(concepts: list[int], language: str) -> str:
    """Return the text of a sentence whose concepts already stand in the language's word order."""
    table = forms()[language]
    return " ".join([table[c] for c in concepts])
