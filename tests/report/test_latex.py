"""LaTeX tables: balanced, escaped, the same every time, and the numbers of the report."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.evidence import Evidence
from harness.records import JSON, PartVerdict, Verdict
from harness.report import latex
from harness.report.summary import summarize
from harness.report.verdicts import claims_document

NASTY = r"""\ { } $ & # ^ _ ~ % < > | " ' ` - -- --- [x] * ?` !` \\ \input{/etc/passwd} ½ é 字 עברית العربية ไทย 한 𒀀"""


@pytest.fixture(scope="module")
def summary(evidence: Evidence, verdicts: list[Verdict]) -> JSON:
    return summarize(evidence, verdicts)


def check(text: str) -> None:
    """Check braces, environments, and that every row has as many cells as there are columns."""
    body = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
    bare = re.sub(r"\\\\|\\[{}%&#$_]", "", body)
    depth = 0
    for letter in bare:
        depth += {"{": 1, "}": -1}.get(letter, 0)
        assert depth >= 0
    assert depth == 0
    assert not set("%#^") & set(bare)
    assert bare.count("$") % 2 == 0
    assert "\0" not in body
    open_: list[str] = []
    for verb, name in re.findall(r"\\(begin|end)\{(\w+)\}", body):
        if verb == "begin":
            open_.append(name)
        else:
            assert open_.pop() == name
    assert open_ == []
    for columns, inner in re.findall(r"\\begin\{tabular\}\{(\S+)\}\n(.*?)\\end\{tabular\}", body, re.DOTALL):
        n = len(re.sub(r"p\{[^}]*\}", "p", columns))
        rows = [line for line in inner.splitlines() if line.endswith(r" \\")]
        assert rows
        assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {n - 1}
    assert set(re.findall(r"\\(\w+rule)", body)) <= {"toprule", "midrule", "bottomrule"}


def test_it_has_scores_and_claims(summary: JSON, verdicts: list[Verdict]) -> None:
    text = latex.page(summary, claims_document("small", "store", verdicts))
    check(text)
    assert text.startswith("% Tables of the study small.")
    assert r"\usepackage{booktabs}" in text.splitlines()[1]
    cell = next(row for row in summary["table"] if row["arm"] == "nli" and row["target"] == "small_qa")
    low, high = cell["delta_interval"]
    assert rf"{cell['mean']:.1f} {{[}}" in text
    assert rf"{cell['delta']:+.1f} {{[}}{low:+.1f}, {high:+.1f}{{]}}" in text.replace("$-$", "-")
    assert r"C4 & nli: +8.2 $\pm$ 1 points over none & +8.2 & +20.0 & {[}+12.5, +28.0{]} & not comparable & proxy \\" in text
    assert r"C3 & arms that improve: at least 1 of 1 & -- & 1 arms & between 0 and 1 & inconclusive & proxy \\" in text
    assert "its \\textless{}table\\textgreater{}" in text


def test_the_same_summary_gives_the_same_bytes(summary: JSON, verdicts: list[Verdict]) -> None:
    document = claims_document("small", "store", verdicts)
    assert latex.page(summary, document) == latex.page(summary, document)


def test_hostile_texts_stay_texts(summary: JSON, verdicts: list[Verdict]) -> None:
    part = PartVerdict("greater", "not_run", "proxy", {"arm": NASTY})
    hostile = replace(verdicts[0], id="*[" + NASTY, parts=(part,) * 30)
    text = latex.page({**summary, "title": NASTY, "study": NASTY + "\n}"}, claims_document("s", "store", [hostile]))
    check(text)
    assert r"\input{/" not in text
    assert text.count(r"\begin{table}") == 4
    assert all(line.startswith("%") for line in text.splitlines()[:3])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\\", r"\textbackslash{}"),
        ("a_b & c%", r"a\_b \& c\%"),
        ("#$ {}", r"\#\$ \{\}"),
        ("^~", r"\textasciicircum{}\textasciitilde{}"),
        ("<|>", r"\textless{}\textbar{}\textgreater{}"),
        ("--allow", "-{}-allow"),
        ("“q” ± −1 → ≥ …", r"``q'' $\pm$ $-$1 $\rightarrow$ $\geq$ \ldots{}"),
        ("''", "'{}'"),
        ("[1]*", "{[}1{]}{*}"),
        ("a\nb\x00\x1b\u202e", "a b"),
        ("字 é ไทย", "字 é ไทย"),
        (8.5, "8.5"),
    ],
)
def test_escapes(text: object, expected: str) -> None:
    assert latex.escape(text) == expected


@given(st.text())
def test_no_text_breaks_a_table(text: str) -> None:
    check(f"\\begin{{tabular}}{{ll}}\n{latex.escape(text)} & x \\\\\n\\end{{tabular}}")


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="no pdflatex")
def test_it_compiles(summary: JSON, verdicts: list[Verdict], tmp_path: Path) -> None:
    (tmp_path / "tables.tex").write_text(latex.page(summary, claims_document("small", "store", verdicts)), encoding="utf-8")
    (tmp_path / "paper.tex").write_text(
        "\\documentclass{article}\\usepackage{booktabs}\\begin{document}\\input{tables}\\end{document}"
    )
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
