"""Verdicts as the summary of a CI job, in GitHub's Markdown, and never longer than such a summary may be."""

from __future__ import annotations

from collections.abc import Sequence

from harness.records import JSON
from harness.report import wording
from harness.report.verdicts import Results, cell, claim_markdown, outcome_words, tally

# GitHub takes 1,048,576 bytes from a step and nothing at all of a longer text; a little is left for what else it writes.
MAX_BYTES = 1_040_000
_ROOM = 4_000  # for title, tally and the note of what is left out
_CLIPPED = 200
# The shorter and shorter forms of a claim, and what the last cut left out of it.
_CUTS = ("", "the folded details of", "the parts of", "all about")


def markdown(results: Results, max_bytes: int = MAX_BYTES) -> str:
    """Returns the tally and of each claim the sentence, its parts, and folded what would change them.

    What is too long is left out in this order, and the text says so: the folded details of decided claims, those of the
    others, the parts of decided claims, those of the others, whole claims.
    """
    document = results.document
    claims = document["claims"]
    cuts = [0] * len(claims)
    forms = [_form(claim, 0) for claim in claims]
    size = sum(map(_bytes, forms))
    for cut, i in _order(claims):
        if size <= max_bytes - _ROOM:
            break
        shorter = _form(claims[i], cut)
        size += _bytes(shorter) - _bytes(forms[i])
        forms[i], cuts[i] = shorter, cut
    blocks = [f"# Claims against {_clip(results.study or 'all studies')}", f"**{tally(document)}**"]
    note = _note(cuts, results)
    return "\n\n".join(block for block in [*blocks, note, *forms] if block) + "\n"


def _order(claims: Sequence[JSON]) -> list[tuple[int, int]]:
    """Returns the cuts and the claims they are made in, first to last: reproduced, contradicted, undecided, last first."""
    last_first = range(len(claims) - 1, -1, -1)
    rank = {"reproduced": 0, "contradicted": 1}
    order = sorted(last_first, key=lambda i: rank.get(claims[i]["outcome"], 2))
    return [(cut, i) for cut in range(1, len(_CUTS)) for i in order]


def _note(cuts: Sequence[int], results: Results) -> str:
    told = [f"{words} {wording.plural(cuts.count(cut), 'claim')}" for cut, words in enumerate(_CUTS) if cut and cut in cuts]
    if not told:
        return ""
    command = results.command[: 2 * _CLIPPED].replace("`", "'").replace("\n", " ")
    return f"> Left out, for a job's summary may not be longer than 1 MiB: {', '.join(told)}. `{command}` prints all."


def _form(claim: JSON, cut: int) -> str:
    if cut < 2:
        return claim_markdown(claim, level=2, details=cut == 0)
    if cut > 2:
        return ""
    outcome = outcome_words(claim["outcome"])
    return f"## {_clip(claim['id'])} · {outcome} · {claim['fidelity']}\n\n{_clip(claim['statement'])}"


def _clip(text: str) -> str:
    return cell(text if len(text) <= _CLIPPED else f"{text[: _CLIPPED - 1]}…")


def _bytes(block: str) -> int:
    return len(block.encode()) + 2  # and a blank line
