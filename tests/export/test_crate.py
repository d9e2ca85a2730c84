"""The crate: what it says of runs, sources and licences; and that the validator of the profile takes it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness.export.credits import credited, licences

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def entities(sealed: Path) -> dict[str, Any]:
    graph = json.loads((sealed / "ro-crate-metadata.json").read_text())["@graph"]
    found = {entity["@id"]: entity for entity in graph}
    assert len(found) == len(graph)
    return found


def ids(value: Any) -> list[str]:
    return [v["@id"] for v in (value if isinstance(value, list) else [value])]


def of_type(entities: dict[str, Any], name: str) -> list[Any]:
    return [e for e in entities.values() if name in ([e["@type"]] if isinstance(e["@type"], str) else e["@type"])]


def test_every_reference_leads_somewhere(entities: dict[str, Any]) -> None:
    outside = ("https://w3id.org/ro/crate/", "https://bioschemas.org/profiles/")

    def mentioned(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [value["@id"]] if set(value) == {"@id"} else [x for v in value.values() for x in mentioned(v)]
        return [x for v in value for x in mentioned(v)] if isinstance(value, list) else []

    lost = {x for e in entities.values() for x in mentioned(e) if x not in entities and not x.startswith(outside)}
    assert lost == set()


def test_every_file_and_folder_is_there(entities: dict[str, Any], sealed: Path) -> None:
    for entity in (*of_type(entities, "File"), *of_type(entities, "Dataset")):
        if not entity["@id"].startswith("#"):
            assert (sealed / entity["@id"]).exists(), entity["@id"]


def test_a_stage_is_a_run_of_its_tool(entities: dict[str, Any], sealed: Path) -> None:
    manifests = [json.loads(p.read_text()) for p in sealed.glob("store/*/*/manifest.json")]
    assert len(of_type(entities, "ControlAction")) == len(manifests)
    for manifest in manifests:
        stage, run = manifest["stage"], entities[f"#run-{manifest['key']}"]
        assert ids(run["instrument"]) == [f"#tool-{stage['kind']}"]
        assert ids(run["result"]) == [f"store/{stage['kind']}/{manifest['key']}/"]
        read = ids(run["object"])
        parents = [name for name in read if name.startswith("store/")]
        assert [name.split("/")[2] for name in parents] == stage["inputs"]
        assert any(name.startswith("#file-") for name in read)
        assert run["startTime"] == manifest["started"]
        wanted = "2026-01-01T00:00:01+00:00" if stage["kind"] == "evaluate" else "2026-01-01T00:00:12+00:00"
        assert run["endTime"] == wanted


def test_the_engine_is_the_program_with_its_packages(entities: dict[str, Any]) -> None:
    engines = [e for e in of_type(entities, "SoftwareApplication") if e["@id"].startswith("#engine-")]
    assert {e["softwareVersion"] for e in engines} == {"commit c0ffee"}
    packages = [e for e in of_type(entities, "SoftwareApplication") if e["@id"].startswith("#package-")]
    assert {(p["name"], p["softwareVersion"]) for p in packages} == {
        ("Python", "3.11.7"),
        ("numpy", "2.4.6"),
        ("torch", "2.13.0+cpu"),
    }


def test_sources_have_citation_and_licence(entities: dict[str, Any]) -> None:
    source = entities["#data-set-t_qa"]
    assert ids(source["license"]) == ["https://spdx.org/licenses/Apache-2.0"]
    assert entities[source["citation"]["@id"]]["@type"] == "ScholarlyArticle"
    assert source["description"] == "t_qa; to be cited: none"
    assert ids(entities["./"]["license"]) == ["https://spdx.org/licenses/Apache-2.0"]
    assert "#encoder-tiny" in entities
    assert "#benchmark-tiny-bench" in entities


def test_licences_in_words_of_their_own() -> None:
    base = {"kind": "data set", "title": "T", "paper": "P", "url": "", "citation": "C", "note": ""}
    sources = [
        {**base, "name": "a", "licence": "CC-BY-NC-4.0 (ANLI); OANC"},
        {**base, "name": "b", "licence": "MIT"},
        {**base, "name": "c", "licence": ""},
        {**base, "name": "d", "licence": "MIT"},
    ]
    assert licences(sources) == ["#licence-cc-by-nc-4.0-anli-oanc", "https://spdx.org/licenses/MIT"]
    found = {e["@id"]: e for e in credited(sources)}
    assert found["#licence-cc-by-nc-4.0-anli-oanc"]["name"] == "CC-BY-NC-4.0 (ANLI); OANC"
    assert "license" not in found["#data-set-c"]


def test_who_ran_it_is_told_if_it_is_said(workspace: Path, tmp_path: Path, harness) -> None:
    out = tmp_path / "by"
    by = "Ada Lovelace <https://orcid.org/0000-0002-1825-0097>"
    assert harness("export", "ro-crate", "small", "--out", out, "--agent", by, cwd=workspace)[0] == 0
    graph = json.loads((out / "ro-crate-metadata.json").read_text())["@graph"]
    person = {"@id": "https://orcid.org/0000-0002-1825-0097", "@type": "Person", "name": "Ada Lovelace"}
    assert person in graph
    agents = [e["agent"]["@id"] for e in graph if e["@type"] in ("CreateAction", "OrganizeAction")]
    assert set(agents) == {person["@id"]}
    assert harness("verify-bundle", out, cwd=tmp_path)[0] == 1
    code, _, err = harness("export", "ro-crate", "small", "--out", tmp_path / "no", "--agent", "<>", cwd=workspace)
    assert code == 2
    assert "--agent" in err


def test_the_validator_of_the_profile_takes_it(sealed: Path) -> None:
    program = shutil.which("rocrate-validator")
    if not program:
        pytest.skip("no rocrate-validator on PATH: pip install roc-validator into an environment of its own")
    python = Path(program).resolve().with_name("python")
    command = [str(python), str(HERE / "validate_crate.py"), str(sealed), str(HERE / "ro-crate-1.1-terms.json"), "REQUIRED"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)
    assert found["issues"] == [], done.stderr
    assert found["passed"]
    assert found["n_checks"] > 80
