"""The summary of a CI job: never too long, and honest about what it leaves out."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.records import OUTCOMES, PartVerdict, Verdict
from harness.report.job import MAX_BYTES, markdown
from harness.report.verdicts import Results

LIMIT = 1_048_576  # what GitHub takes from a step
SCRIPTS = ("a", "&", "|", "\n", "字", "𒀀", "\\")


def verdict(i: int, outcome: str, *, statement: str = "A claim.", n_parts: int = 1, words: str = "why") -> Verdict:
    part = PartVerdict("greater", outcome, "proxy", {"arm": "qa"}, 1.0, (0.0, 2.0), next=words, note=words)
    source = {"document": "A paper", "quote": "qa helps"}
    return Verdict(f"C{i}", statement, source, "greater", (part,) * n_parts, outcome, "proxy")


@settings(max_examples=20)
@given(data=st.data())
def test_it_is_never_too_long(data: st.DataObject) -> None:
    n = data.draw(st.sampled_from([0, 1, 3, 40, 3000]))
    longest = max(1, 3_000_000 // max(n, 1))
    size = st.integers(0, min(longest, 600_000))
    kinds = [
        (
            data.draw(st.sampled_from(OUTCOMES)),
            data.draw(st.sampled_from(SCRIPTS)) * data.draw(size),
            data.draw(st.integers(1, 4)),
        )
        for _ in range(min(n, 4))
    ]
    verdicts = []
    for i in range(n):
        outcome, text, n_parts = kinds[i % len(kinds)]
        verdicts.append(verdict(i, outcome, statement=text, n_parts=n_parts, words=text[::-1]))
    text = markdown(
        Results(tuple(verdicts), study=data.draw(st.sampled_from([None, "mini", "字&" * 5000])), store="s" * 5000)
    )
    assert len(text.encode()) <= MAX_BYTES < LIMIT
    assert text.count("<details>") == text.count("</details>")


def test_all_is_shown_where_there_is_room(results: Results) -> None:
    text = markdown(results)
    assert "Left out" not in text
    assert text.count("<details>") == 5
    assert text.startswith("# Claims against small\n\n**1 reproduced · 1 contradicted · ")


def kept(text: str, n: int) -> str:
    """Return for each claim what is left of it: details (d), parts (p), its heading (h), nothing (-)."""
    found = ""
    for i in range(n):
        _, is_there, rest = text.partition(f"## C{i} ·")
        own = rest.partition("\n## ")[0]
        found += "-" if not is_there else "d" if "<details>" in own else "p" if "| part" in own else "h"
    return found


def test_details_of_decided_claims_go_first_one_at_a_time() -> None:
    outcomes = ["contradicted", "reproduced", "not_run", "inconclusive", "not_comparable"]
    claims = [verdict(i, outcome, statement="why " * 300, words="word " * 150) for i, outcome in enumerate(outcomes)]
    results = Results(tuple(claims), study="mini")
    seen: dict[str, str] = {}
    for size in range(25_000, 3_000, -25):
        text = markdown(results, size)
        assert len(text.encode()) <= size
        seen.setdefault(kept(text, 5), next((line for line in text.splitlines() if line.startswith("> Left out")), ""))
    assert list(seen) == [
        "ddddd", "dpddd", "ppddd", "ppddp", "ppdpp", "ppppp",
        "phppp", "hhppp", "hhpph", "hhphh", "hhhhh",
        "h-hhh", "--hhh", "--hh-", "--h--", "-----",
    ]  # fmt: skip
    assert seen["ddddd"] == ""
    for left, told in {
        "dpddd": "the folded details of 1 claim. ",
        "hhphh": "the folded details of 1 claim, the parts of 4 claims. ",
        "-----": "all about 5 claims. ",
    }.items():
        assert f": {told}`harness --store store verify claims.yaml --study mini --format json` prints all." in seen[left]


def test_the_command_cannot_end_its_quotation(results: Results) -> None:
    text = markdown(replace(results, store="a `b` c", study="x"), 0)
    assert "`harness --store 'a '\\''b'\\'' c'" not in text
    (note,) = [line for line in text.splitlines() if line.startswith("> Left out")]
    assert note.count("`") == 2
