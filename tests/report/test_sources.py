"""Whose work a study rests on: nobody is left out, in the document and in both pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import __version__
from harness.evidence import Evidence
from harness.plan import Plan
from harness.records import Verdict
from harness.report import html, markdown
from harness.report.sources import sources
from harness.report.summary import summarize
from harness.report.verdicts import claims_document
from harness.spec import document
from harness.spec.catalog import Catalog
from harness.store import Store

ROOT = Path(__file__).resolve().parents[2]
STUDIES = sorted(path.stem for path in (ROOT / "specs" / "studies").glob("*.yaml"))


def of(catalog: Catalog, name: str) -> Evidence:
    return Evidence(Plan(catalog.study(name), (), ()), Store(Path()), catalog)


@pytest.mark.parametrize("name", STUDIES)
def test_every_source_of_every_study_has_citation_and_licence(name: str) -> None:
    evidence = of(Catalog(ROOT / "specs"), name)
    found = sources(evidence, ["xtreme"])
    assert all(source["citation"] and source["licence"] for source in found)
    names = [(source["kind"], source["name"]) for source in found]
    assert len(set(names)) == len(names)
    study = evidence.plan.study
    wanted = {("data set", n) for n in study.vary.target} | {("encoder", n) for n in study.vary.encoder}
    wanted |= {("data set", n) for arm in study.intermediate.values() for n in arm.tasks}
    assert wanted | {("benchmark", "xtreme")} <= set(names)


def test_an_encoder_that_is_trained_here_has_the_terms_of_its_text() -> None:
    found = {s["name"]: s for s in sources(of(Catalog(ROOT / "specs"), "mini")) if s["kind"] == "encoder"}
    assert found["mini"]["note"] == "trained here on mini_pretrain_n1"
    assert found["mini"]["licence"] == "Apache-2.0"


def test_the_edition_says_whose_files_it_takes() -> None:
    catalog = Catalog(ROOT / "specs")
    own = {s["name"]: s["licence"] for s in sources(of(catalog, "open"))}
    editions = {n: catalog.task(n).editions.get("open") for n in own if n in catalog.names("tasks")}
    other = {n: edition.licence for n, edition in editions.items() if edition and edition.licence}
    assert other
    assert {n: own[n] for n in other} == other


def test_both_pages_name_them(evidence: Evidence, verdicts: list[Verdict]) -> None:
    summary = summarize(evidence, verdicts)
    told = claims_document("small", "store", verdicts)
    assert [s["name"] for s in summary["sources"]] == ["small_nli", "small_qa", "tiny"]
    for page in (markdown.page(summary, told), html.page(summary, told)):
        start = page.index("Sources and licences", page.index("Where each number comes from"))
        for text in ("small_qa", "https://example.org", "Apache-2.0", "tiny", "none on file", "gold answers"):
            assert text in page[start:]


def test_the_program_can_be_cited_in_this_version() -> None:
    cited, _ = document.read(ROOT / "CITATION.cff")
    assert cited["cff-version"] == "1.2.0"
    assert cited["version"] == __version__
    assert cited["authors"] == [{"name": "The harness authors"}]
    assert {"title", "message", "license", "type"} <= set(cited)
