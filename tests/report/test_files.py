"""The report as files: whole, the same every time, and safe whatever the texts hold."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from harness.evidence import Evidence
from harness.records import Verdict
from harness.report import files, html, markdown
from harness.report.summary import summarize
from harness.report.verdicts import claims_document

NAMES = ["index.html", "report.md", "metrics.json", "claims.json", "curves.json", "tables.tex"]


class Page(HTMLParser):
    """What a test asks of a page: identifiers, links, tables, tags left open."""

    VOID = frozenset({"meta", "link", "br", "input", "line", "rect", "circle", "polygon", "path"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.headings: list[int] = []
        self.unscoped = 0
        self.parts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if given.get("id"):
            self.ids.append(given["id"] or "")
        if "data-part" in given:
            self.parts.append(given["data-part"] or "")
        self.links += [given[k] or "" for k in ("href", "src") if k in given]
        self.unscoped += tag == "th" and "scope" not in given
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def out(evidence: Evidence, verdicts: list[Verdict], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out") / "reports" / "small"
    files.write(evidence, verdicts, folder)
    return folder


def test_all_files_are_written_and_nothing_else(evidence: Evidence, verdicts: list[Verdict], tmp_path: Path) -> None:
    written = files.write(evidence, verdicts, tmp_path / "out")
    assert [path.name for path in written] == NAMES
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(NAMES)


def test_the_same_store_gives_the_same_bytes(out: Path, evidence: Evidence, verdicts: list[Verdict]) -> None:
    again = Evidence(evidence.plan, evidence.store, evidence.catalog)
    place = out.with_name("again")  # as far from the store, to which the page links
    for path in files.write(again, verdicts, place):
        assert path.read_bytes() == (out / path.name).read_bytes()
    shutil.rmtree(place)


def test_the_json_files_are_json(out: Path) -> None:
    documents = {name: json.loads((out / name).read_bytes()) for name in NAMES if name.endswith(".json")}
    assert documents["metrics.json"]["study"] == "small"
    assert documents["claims.json"]["study"] == "small"
    assert set(documents["curves.json"][0]) == {"stage", "step", "loss"}


def test_the_page_is_self_contained(out: Path) -> None:
    text = (out / "index.html").read_text(encoding="utf-8")
    page = Page(text)
    assert not {"img", "iframe", "object", "embed"} & set(page.tags)
    assert all(link.startswith(("#", "../")) or link == "data:," for link in page.links)
    assert not re.search(r"@import|url\(", text)


def test_one_script_may_run_and_no_other(out: Path) -> None:
    text = (out / "index.html").read_text(encoding="utf-8")
    (script,) = re.findall(r"<script>(.*?)</script>", text, flags=re.DOTALL)
    assert text.count("<script") == 1
    known = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; script-src 'sha256-{known}'; style-src 'unsafe-inline'; img-src data:" in text
    assert not re.search(r"\bfetch\b|XMLHttpRequest|import\(|innerHTML|eval", script)


def test_every_done_stage_links_to_its_manifest(out: Path, evidence: Evidence) -> None:
    page = Page((out / "index.html").read_text(encoding="utf-8"))
    found = {(out / unquote(link)).resolve() for link in page.links if link.startswith("../")}
    assert found == {(evidence.store.path(stage) / "manifest.json").resolve() for stage in evidence.plan.stages}


def test_without_a_way_to_the_store_manifests_are_named(evidence: Evidence, verdicts: list[Verdict]) -> None:
    document = claims_document("small", evidence.store.root, verdicts)
    text = html.page(summarize(evidence, verdicts), document)
    assert not any(link.startswith("../") for link in Page(text).links)
    assert f"{evidence.plan.stages[0].key}/manifest.json" in text


def test_every_part_has_a_card_and_a_line_among_the_sizes(out: Path, verdicts: list[Verdict]) -> None:
    page = Page((out / "index.html").read_text(encoding="utf-8"))
    every = [f"{verdict.id}.{i}" for verdict in verdicts for i in range(1, len(verdict.parts) + 1)]
    assert sorted(page.parts) == sorted(every * 2)


def test_the_page_is_well_formed_and_its_links_lead_somewhere(out: Path) -> None:
    page = Page((out / "index.html").read_text(encoding="utf-8"))
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)


def test_headings_and_tables_can_be_read_aloud(out: Path) -> None:
    page = Page((out / "index.html").read_text(encoding="utf-8"))
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(page.headings, page.headings[1:], strict=False))
    assert page.unscoped == 0
    assert page.tags.count("caption") == page.tags.count("table")


def test_markup_in_texts_stays_text(out: Path) -> None:
    for name in ("index.html", "report.md"):
        text = (out / name).read_text(encoding="utf-8")
        assert "its &lt;table&gt;" in text
        assert "<b>test</b>" not in text
        assert "<helps>" not in text


def test_page_and_markdown_say_the_same(out: Path) -> None:
    page, text = ((out / name).read_text(encoding="utf-8") for name in ("index.html", "report.md"))
    summary = json.loads((out / "metrics.json").read_bytes())
    cell = next(row for row in summary["table"] if row["arm"] == "nli" and row["target"] == "small_qa")
    for shown in (page, text):
        assert f"{cell['mean']:.1f}" in shown
        assert f"{cell['delta']:+.1f}" in shown
        for one in (e for e in summary["languages"] if e["arm"] == "nli"):
            low, high = (f"{end:+.1f}".replace("-", "−") for end in one["delta_interval"])
            assert f"[{low}, {high}]" in shown
        assert "3.1 % of the examples were cut off" in shown
        assert "Saw the &lt;b&gt;test&lt;/b&gt; languages" in shown
        assert "+20.0 [+12.5, +28.0]" in shown


def test_results_from_outside_the_lock_say_so(evidence: Evidence, verdicts: list[Verdict]) -> None:
    summary = summarize(evidence, verdicts)
    document = claims_document("small", evidence.store.root, verdicts)
    base = summary["provenance"]["environments"][0]
    told = "computed outside the lock"
    for page in (html.page, markdown.page):
        assert told not in page(summary, document)  # manifests of an older program do not tell
        inside = {**base, "n_stages": 2, "lock": "c0ffee" * 10 + "c0ff", "outside_lock": []}
        outside = {**base, "n_stages": 1, "lock": None, "outside_lock": ["torch 2.12.0 instead of 2.13.0"]}
        summary["provenance"]["environments"] = [inside]
        assert told not in page(summary, document)
        summary["provenance"]["environments"] = [inside, outside]
        text = page(summary, document)
        assert "as in the lock c0ffeec0ffee" in text
        assert "outside the lock: torch 2.12.0 instead of 2.13.0" in text
        assert "1 of 3 stages was computed outside the lock." in text
        summary["provenance"]["environments"] = [base]


@pytest.mark.parametrize("without", [["evaluate small_qa lb"], ["evaluate"], [""]])
def test_an_unfinished_study_has_a_report(evidence_of: Callable[..., Evidence], tmp_path: Path, without: list[str]) -> None:
    written = files.write(evidence_of(without=without), [], tmp_path / "out")
    page = Page(written[0].read_text(encoding="utf-8"))
    assert page.open == []
    assert "No claim was judged" in written[1].read_text(encoding="utf-8")


def test_a_failed_write_leaves_the_old_file(
    out: Path, evidence: Evidence, verdicts: list[Verdict], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (out / "index.html").read_bytes()

    def full(self: Path, *_: object, **__: object) -> int:
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space"):
        files.write(evidence, verdicts, out)
    assert (out / "index.html").read_bytes() == before
    assert sorted(path.name for path in out.iterdir()) == sorted(NAMES)
