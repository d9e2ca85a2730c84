r"""The report's tables for a paper, to be taken in by `\input{tables}`: scores by arm and target, and the claims."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from harness.records import JSON
from harness.report import views, wording
from harness.report.verdicts import parts

HEAD = r"""% Tables of the study @. Made by `harness report`; change the study, not this file.
% In the preamble: \usepackage{booktabs}. Then: \input{tables}
% Letters beyond Latin need LuaLaTeX or XeLaTeX and a font that has them."""
N_TARGETS = 4  # columns that stand beside each other on a page of one column
N_PARTS = 12  # rows of claims that fit on a page
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "`": r"\textasciigrave{}",
    '"': r"\char34{}",
    # After the end of a row these would be its arguments.
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "−": "$-$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "→": r"$\rightarrow$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "≠": r"$\neq$",
    "–": "--",
    "—": "---",
    "…": r"\ldots{}",
    "“": "``",
    "”": "''",
    "‘": "`",
    "’": "'",
    "\u00a0": "~",
}
# Two of these in a row would be printed as another character.
_LIGATURE = re.compile(r"([-',?!])(?=[-',`])")


def page(summary: JSON, document: JSON) -> str:
    """Returns `tables.tex` of a summary and the claims document of the same study."""
    head = HEAD.replace("@", escape(summary["study"]))
    return "\n\n".join([head, *_score_tables(summary), *_claim_tables(document, summary["study"])]) + "\n"


def escape(text: object) -> str:
    """Returns text as LaTeX that prints it, in one line; control characters are left out."""
    flat = " ".join(str(text).split())
    kept = "".join(letter for letter in flat if unicodedata.category(letter)[0] != "C")
    apart = _LIGATURE.sub(lambda found: f"{found[1]}\0", kept)
    return "".join("{}" if letter == "\0" else _SPECIAL.get(letter, letter) for letter in apart)


def _score_tables(summary: JSON) -> Iterator[str]:
    view = views.arm_by_target(summary)
    titles = [[target["name"], f"({target['metric']})"] for target in summary["targets"]] + [["mean over", "targets"]]
    caption = (
        f"{summary['title']}: mean over languages of the mean over seeds, in percent, with its 95 % interval; below it "
        f"the difference to {summary['baseline']} in points, paired by seed and example."
    )
    for n, start in enumerate(range(0, len(titles), N_TARGETS)):
        chosen = slice(start, start + N_TARGETS)
        rows = []
        for row in view["rows"]:
            arm = views.arm_title(summary, row["arm"]["encoder"], row["arm"]["name"])
            rows.append([escape(arm), *(_stacked(_score(entry)) for entry in [*row["cells"], row["overall"]][chosen])])
        trivial = [[wording.score(f["mean"]), f["baseline"]] if f else [wording.MISSING] for f in view["trivial"]] + [[""]]
        if any(view["trivial"][chosen]):
            rows.append(["best trivial baseline", *map(_stacked, trivial[chosen])])
        headers = ["arm", *map(_stacked, titles[chosen])]
        yield _table(rows, headers, "l" + "r" * (len(headers) - 1), caption, f"tab:{summary['study']}-scores-{n + 1}")


def _score(entry: JSON) -> list[str]:
    if entry["mean"] is None:
        return [wording.MISSING]
    lines = [f"{wording.score(entry['mean'])} {wording.between(entry['interval'])}"]
    if entry["delta"] is not None:
        lines.append(f"{wording.points(entry['delta'])} {wording.between(entry['delta_interval'], signed=True)}")
    return lines


def _claim_tables(document: JSON, study: str) -> Iterator[str]:
    rows = [
        [
            escape(claim["id"]),
            escape(wording.asked(part)),
            escape(wording.papers(part)),
            escape(wording.estimate(part)),
            escape(wording.interval(part) or wording.MISSING),
            escape(wording.OUTCOME_WORDS[part["outcome"]]),
            escape(part["fidelity"]),
        ]
        for claim, part in parts(document)
    ]
    headers = ["claim", "expected", "paper", "ours", r"95 \% interval", "outcome", "fidelity"]
    caption = f"The claims judged on {study}: the paper's number and ours, in points unless it says otherwise."
    for n, start in enumerate(range(0, len(rows), N_PARTS)):
        columns = r"lp{0.28\linewidth}rrlll"
        yield _table(rows[start : start + N_PARTS], headers, columns, caption, f"tab:{study}-claims-{n + 1}")


def _stacked(lines: Sequence[str]) -> str:
    return r"\shortstack[r]{" + r" \\ ".join(map(escape, lines)) + "}"


def _table(rows: Sequence[Sequence[str]], headers: Sequence[str], columns: str, caption: str, label: str) -> str:
    safe = re.sub(r"[^A-Za-z0-9:.-]+", "-", label)
    return "\n".join(
        [
            r"\begin{table}[tbp]",
            r"\centering\scriptsize\setlength{\tabcolsep}{3pt}",
            rf"\caption{{{escape(caption)}}}\label{{{safe}}}",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            rf"{' & '.join(headers)} \\",
            r"\midrule",
            *(rf"{' & '.join(row)} \\" for row in rows),
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
        ]
    )
