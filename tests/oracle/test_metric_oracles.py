"""Scores published by others or worked out by hand, each with where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from harness import plugin


@dataclass(frozen=True)
class Oracle:
    """A known score: `expected` in percent, and the origin of that number."""

    metric: str
    source: str
    gold: list[Any]
    predicted: list[Any]
    expected: float
    language: str = "en"


MISC = [["O", "O", "O", "B-MISC", "I-MISC", "I-MISC", "O"], ["B-PER", "I-PER", "O"]]
MISC_EARLY = [["O", "O", "B-MISC", "I-MISC", "I-MISC", "I-MISC", "O"], ["B-PER", "I-PER", "O"]]
CLIMATE = [["1976"], ["Beyoncé and Bruno Mars"], ["climate change"]]

# Language, accepted answer, prediction, F1 and exact match.
MLQA = [
    ("de", "die Berliner Mauer", "Der Mauer!", 66.66666666666666, 0.0),
    ("es", "¿la Casa Blanca?", "una casa", 66.66666666666666, 0.0),
    ("vi", "của những người Việt", "người Việt", 100.0, 100.0),
    ("ar", "السلام عليكم", "سلام", 66.66666666666666, 0.0),
    ("zh", "中国，北京 Beijing大学", "北京beijing", 60.0, 0.0),
    ("hi", "दिल्ली, भारत।", "भारत", 66.66666666666666, 0.0),
    ("en", "«U.S. Army»", "the us army", 100.0, 100.0),
]

ORACLES = [
    Oracle("accuracy", "by hand: 3 of 4", ["a", "b", "c", "d"], ["a", "b", "c", "x"], 75.0),
    Oracle("chunk_f1", "seqeval 1.2.2, README: f1_score 0.50", MISC, MISC_EARLY, 50.0),
    Oracle("token_accuracy", "seqeval 0.0.12, README: accuracy_score 0.80", MISC, MISC_EARLY, 80.0),
    Oracle(
        "chunk_f1",
        "by hand, conlleval's rules: gold PER 0-1 and LOC 2-2; predicted PER 0-0, LOC 1-1 (an I- of another "
        "kind begins a chunk) and LOC 2-2 (B- begins one), so tp 1, fp 2, fn 1",
        [["B-PER", "I-PER", "B-LOC"]],
        [["B-PER", "I-LOC", "B-LOC"]],
        100 * 2 / 5,
    ),
    Oracle(
        "chunk_f1",
        "by hand: I- after O begins a chunk, so both readings are LOC 1-2",
        [["O", "B-LOC", "I-LOC"]],
        [["O", "I-LOC", "I-LOC"]],
        100.0,
    ),
    Oracle(
        "upos_f1",
        "by hand: NOUN NOUN is one chunk; gold DET, NOUN 1-2, VERB; predicted DET, NOUN 1-1, VERB 2-3: "
        "tp 1, fp 2, fn 2, while 3 of 4 tokens are right",
        [["DET", "NOUN", "NOUN", "VERB"]],
        [["DET", "NOUN", "VERB", "VERB"]],
        100 * 2 / 6,
    ),
    Oracle(
        "upos_f1",
        "by hand: without its first letter CCONJ is SCONJ, but only S always begins a chunk; gold and predicted CONJ 0-0",
        [["CCONJ", "VERB"]],
        [["SCONJ", "VERB"]],
        100.0,
    ),
    Oracle(
        "upos_f1",
        "seqeval 1.2.2, run: f1_score 0.7272727272727272 (tp 8, fp 4, fn 2; X at a sentence's end is lost, "
        "one at its start reaches back)",
        [
            ["X", "DET", "NOUN", "NOUN", "PUNCT"],
            ["CCONJ", "SCONJ", "VERB", "SYM", "SYM"],
            ["X", "VERB", "X"],
        ],
        [
            ["X", "DET", "NOUN", "PROPN", "PUNCT"],
            ["SCONJ", "CCONJ", "VERB", "SYM", "SYM"],
            ["X", "VERB", "X"],
        ],
        72.72727272727272,
    ),
    Oracle(
        "upos_f1_v0",
        "seqeval 0.0.12 (as jiant pins it), run: f1_score 0.7199999999999999, precision 0.692, recall 0.75 (tp 9, fp 4, "
        "fn 3), where 1.2.2 gives 0.727 for the same tags",
        [
            ["X", "DET", "NOUN", "NOUN", "PUNCT"],
            ["CCONJ", "SCONJ", "VERB", "SYM", "SYM"],
            ["X", "VERB", "X"],
        ],
        [
            ["X", "DET", "NOUN", "PROPN", "PUNCT"],
            ["SCONJ", "CCONJ", "VERB", "SYM", "SYM"],
            ["X", "VERB", "X"],
        ],
        72.0,
    ),
    Oracle(
        "squad_f1",
        "Hugging Face evaluate, card of the metric `squad`: f1 66.66666666666667",
        CLIMATE,
        ["1976", "Beyonce", "climate change"],
        66.66666666666667,
    ),
    Oracle(
        "squad_exact_match",
        "Hugging Face evaluate, card of the metric `squad`: exact_match 66.66666666666667",
        CLIMATE,
        ["1976", "Beyonce", "climate change"],
        66.66666666666667,
    ),
    Oracle(
        "squad_f1",
        "by hand: 'big red cat' against 'red cat' has precision 2/3, recall 1, F1 0.8, against 'dog' none; "
        "the unanswerable question, left unanswered, gives 1",
        [["the red cat", "dog"], []],
        ["a big, Red cat!", ""],
        100 * (0.8 + 1) / 2,
    ),
    Oracle(
        "squad_f1",
        "by hand: repeated tokens count as often as both sides have them: 2 shared of 3 and 2",
        [["no no no"]],
        ["no no"],
        80.0,
    ),
    Oracle(
        "squad_exact_match",
        "by hand: only ASCII punctuation and English articles go, in every language, so '¿que?' and 'que' "
        "differ and 'la casa' keeps its article, while 'U.S.' is 'us'",
        [["¿que?"], ["la casa"], ["U.S."]],
        ["que", "casa", "The US"],
        100 / 3,
    ),
    *(
        Oracle(metric, f"google-research/xtreme, third_party/evaluate_mlqa.py, run in {x}", [[gold]], [guess], value, x)
        for x, gold, guess, *values in MLQA
        for metric, value in zip(("mlqa_f1", "mlqa_exact_match"), values, strict=True)
    ),
    Oracle(
        "mean_average_precision",
        "benhamner/Metrics, test_average_precision.py: apk([1, 3], range(1, 6)) = 5/6, apk([1, 2, 3], [1, 1, 1]) = 1/3 and "
        "apk(range(1, 101), [*range(1, 21), *range(200, 601)], 20) = 1",
        [["1", "3"], ["1", "2", "3"], [str(i) for i in range(1, 101)]],
        [list("12345"), ["1", "1", "1"], [str(i) for i in (*range(1, 21), *range(200, 601))]],
        100 * (5 / 6 + 1 / 3 + 1) / 3,
    ),
    Oracle(
        "bitext_f1",
        "by hand: 2 of 3 mined pairs are among the 4 true ones: precision 2/3, recall 1/2",
        [["a"], ["b"], ["c"], ["d"], []],
        [["a"], ["b"], [], [], ["e"]],
        100 * 2 * 2 / (2 * 2 + 1 + 2),
        "de",
    ),
    Oracle(
        "checklist_error",
        "by hand, the rules of multichecklist/generate_test_utils.py: 'the bus.' is 'bus', but 'Bus' is not; one wrong "
        "answer fails its group: 2 of 3",
        [[["bus"], ["a cat"]], [["bus"], ["bus"]], [["red"]]],
        [["the bus.", "cat"], ["bus", "Bus"], ["blue"]],
        200 / 3,
    ),
]


@pytest.mark.parametrize("oracle", ORACLES, ids=lambda oracle: f"{oracle.metric}: {oracle.source[:40]}")
def test_score(oracle: Oracle) -> None:
    metric = plugin.load("harness.metrics", oracle.metric)
    totals = metric.statistics(oracle.gold, oracle.predicted, language=oracle.language).sum(axis=0)
    assert metric.aggregate(totals) == pytest.approx(oracle.expected, abs=1e-9), oracle.source
