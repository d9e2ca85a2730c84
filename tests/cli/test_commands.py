"""Every command, as far as it goes without training: exit codes, both streams, JSON."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from harness.check import KINDS
from harness.plan import make_plan
from harness.records import OUTCOMES, Manifest, Stage
from harness.spec.catalog import Catalog
from harness.store import LARGE, Store

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = (
    "validate",
    "schema",
    "tasks",
    "show",
    "data",
    "plan",
    "run",
    "verify",
    "report",
    "store",
    "doctor",
    "score",
    "export",
    "compare",
)


def publish(store: Store, stage: Stage, content: bytes = b"[]") -> Path:
    folder = store.work(stage) / "out"
    folder.mkdir()
    (folder / "scores.json").write_bytes(content)
    manifest = Manifest(
        stage.key, stage, {}, {"commit": "c0ffee", "dirty": False}, {}, "cpu", "2026-01-01T00:00:00+00:00", 1.5
    )
    return store.publish(manifest, folder)


@pytest.fixture
def mini_stages() -> tuple[Stage, ...]:
    catalog = Catalog(ROOT / "specs")
    return make_plan(catalog.study("mini"), catalog).stages


class TestCommandLine:
    def test_help_lists_every_command(self, pristine, harness) -> None:
        done = harness("--help", cwd=pristine)
        assert done.code == 0
        assert all(f" {command} " in done.out for command in COMMANDS)

    def test_version(self, pristine, harness) -> None:
        done = harness("--version", cwd=pristine)
        assert (done.code, done.out.split()[0], done.err) == (0, "harness", "")

    @pytest.mark.parametrize(
        "arguments",
        [
            ["valdate"],
            ["validate", "--colour"],
            ["schema"],
            ["data", "fetsh"],
            ["plan", "mini", "--limit", "0"],
            ["plan", "mini", "--limit", "many"],
            ["run", "mini", "--jobs", "-1"],
            ["--store"],
            [],
        ],
        ids=" ".join,
    )
    def test_wrong_usage(self, arguments, pristine, harness) -> None:
        done = harness(*arguments, cwd=pristine)
        assert done.code == 2
        assert done.out + done.err
        assert "Traceback" not in done.err

    @pytest.mark.parametrize(
        ("arguments", "hint"),
        [
            (["plan", "mimi"], "did you mean 'mini'"),
            (["run", "mimi"], "did you mean 'mini'"),
            (["report", "mimi"], "did you mean 'mini'"),
            (["verify", "claims.yaml", "--study", "mimi"], "did you mean 'mini'"),
            (["plan", "specs/studies/mimi.yaml"], "did you mean 'mini.yaml'"),
            (["verify", "claim.yaml"], "did you mean 'claims.yaml'"),
            (["validate", "specs/studies/mimi.yaml"], "did you mean 'mini.yaml'"),
            (["show", "xnly"], "did you mean 'xnli'"),
            (["schema", "stduy"], "did you mean 'study'"),
            (["data", "status", "xnly"], "did you mean 'xnli'"),
            (["data", "fetch", "xnly"], "did you mean 'xnli'"),
            (["data", "fetch", "xnli", "--mirror", "nowhere"], "nowhere"),
            (["plan", "mini", "--for", "C44"], "did you mean 'C4'"),
            (["run", "mini", "--engine", "locl"], "did you mean 'local'"),
            (["run", "mini", "--only", "*nothing*"], "matches no stage"),
            (["verify", "claims.yaml", "--format", "jsn"], "did you mean 'json'"),
            (["verify", "claims.yaml", "--allow", "notrun"], "did you mean 'not_run'"),
            (["--specs", "nowhere", "tasks"], "no such folder"),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, list) else "",
    )
    def test_wrong_names_have_a_near_miss(self, arguments, hint, pristine, harness) -> None:
        done = harness(*arguments, cwd=pristine)
        assert done.code == 2
        assert done.err.startswith("error: ")
        assert hint in done.err
        assert done.out == ""

    def test_quiet_leaves_results_alone(self, pristine, harness) -> None:
        loud, quiet = harness("show", "xnli", cwd=pristine), harness("--quiet", "show", "xnli", cwd=pristine)
        assert loud.out == quiet.out
        assert quiet.err == ""
        assert "specs/tasks/xnli.yaml" in loud.err

    @pytest.mark.parametrize("arguments", [("--no-color", "tasks"), ("tasks",), ("--help",), ("valdate",)])
    def test_no_escape_codes_without_a_terminal(self, arguments, pristine, process) -> None:
        done = process(*arguments, cwd=pristine, NO_COLOR="1")
        assert "\x1b[" not in done.out + done.err

    @pytest.mark.parametrize("arguments", [("tasks", "--json"), ("schema", "study"), ("show", "tatoeba")])
    def test_a_reader_that_has_seen_enough(self, arguments, pristine, repository) -> None:
        reading, writing = os.pipe()
        os.close(reading)
        command = [sys.executable, "-m", "harness", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(repository)}
        done = subprocess.run(
            command, cwd=pristine, env=environment, stdout=writing, stderr=subprocess.PIPE, text=True, check=False
        )
        os.close(writing)
        assert "Traceback" not in done.stderr
        assert "Exception ignored" not in done.stderr

    def test_control_c_exits_130(self, tmp_path, pristine, start) -> None:
        # A named pipe shows when the program has begun to read, and keeps it reading.
        os.mkfifo(tmp_path / "endless.yaml")
        with start("validate", tmp_path / "endless.yaml", cwd=pristine) as running:
            with (tmp_path / "endless.yaml").open("w"):
                running.send_signal(signal.SIGINT)
                running.wait(timeout=60)
            assert running.returncode == 130
            assert "Traceback" not in running.stderr.read()

    @pytest.mark.parametrize("how", ["interrupted", "end of input"])
    def test_a_question_without_an_answer_exits_130_and_does_nothing(self, how, tmp_path, pristine, start) -> None:
        store = Store(tmp_path / "store")
        publish(store, Stage("evaluate", {"of": "no study"}, (), "alone"))
        with start("--store", store.root, "store", "gc", cwd=pristine) as running:
            assert running.stdout.read(len("Delete")) == "Delete"
            if how == "interrupted":
                running.send_signal(signal.SIGINT)
            _, err = running.communicate(timeout=60)
        assert running.returncode == 130
        assert "Traceback" not in err
        assert len(list(store.entries())) == 1


class TestCatalogue:
    def test_everything_is_valid(self, workspace, harness) -> None:
        done = harness("validate", cwd=workspace)
        n = sum(1 for _ in (workspace / "specs").rglob("*.yaml")) + 1
        assert (done.code, done.out, done.err) == (0, f"{n} files valid\n", "")

    def test_a_folder_is_all_its_files(self, pristine, harness) -> None:
        assert harness("validate", "specs/models", cwd=pristine).out.endswith("files valid\n")

    def test_a_file_outside_the_specs_is_known_by_its_fields(self, workspace, harness) -> None:
        (workspace / "mini.yaml").write_text((workspace / "specs/studies/mini.yaml").read_text())
        assert harness("validate", "mini.yaml", cwd=workspace).out == "1 file valid\n"
        (workspace / "other.yaml").write_text("colour: red\n")
        done = harness("validate", "other.yaml", cwd=workspace)
        assert done.code == 2
        assert "other.yaml:1: cannot tell what kind of spec this is" in done.err

    @pytest.mark.parametrize("kind", KINDS)
    def test_schemas(self, kind, pristine, harness) -> None:
        done = harness("schema", kind, cwd=pristine)
        schema = done.document
        assert done.code == 0
        assert schema["type"] == "object"
        assert schema["additionalProperties"] is False
        assert set(schema["required"]) <= set(schema["properties"]) == set(KINDS[kind].model_fields)
        text = json.dumps(schema)
        references = {part.split('"')[0] for part in text.split('"$ref": "')[1:]}
        assert references <= {f"#/$defs/{name}" for name in schema.get("$defs", {})}
        assert all("type" in definition or "anyOf" in definition for definition in schema.get("$defs", {}).values())

    def test_tasks_as_json(self, pristine, harness) -> None:
        done = harness("tasks", "--json", cwd=pristine)
        assert (done.code, done.err) == (0, "")
        fields = "name role family benchmarks languages editions finetuned_as rows metric metrics source licence".split()
        fields += ["version", "state"]
        names = [task["name"] for task in done.document]
        assert names == sorted(path.stem for path in (ROOT / "specs" / "tasks").glob("*.yaml"))
        for task in done.document:
            assert list(task) == fields
            assert task["metric"] == next(iter(task["metrics"]), None)
            assert set(task["source"]) == {"paper", "url", "licence", "citation"}
            assert task["source"]["licence"] == task["licence"]
        rows = {task["name"]: task["rows"] for task in done.document}
        assert rows["anli"] == {"train": 1104934, "test": None}
        assert rows["xnli"] == {"train": 392702, "test": 15 * 5010}
        assert rows["ccg"] == {"train": None, "test": None}
        assert rows["mlqa"] == {"train": 87599, "test": 42245}
        states = {task["name"]: task["state"] for task in done.document}
        assert states["ccg"] == {"own": "bring your own"}
        assert states["xnli"] == {"own": "fetchable", "open": "fetchable"}

    def test_tasks_as_a_table(self, pristine, harness) -> None:
        lines = harness("tasks", cwd=pristine).out.splitlines()
        assert lines[0].split() == "task role family languages train test metrics sources licence".split()
        assert len(lines) == 2 + len(Catalog(ROOT / "specs").tasks)

    @pytest.mark.parametrize("folder", ["tasks", "models", "benchmarks", "reference"])
    def test_show_writes_every_default_out(self, folder, pristine, harness) -> None:
        for name in Catalog(ROOT / "specs").names(folder):
            done = harness("show", name, cwd=pristine)
            assert done.code == 0
            # A name that a model shares with a study gives two documents.
            document, _ = json.JSONDecoder().raw_decode(done.out)
            assert document["name"] == name
            if folder == "tasks":
                assert "max_length" in document["options"]


class TestPlan:
    def test_as_json(self, pristine, tmp_path, harness) -> None:
        done = harness("--store", tmp_path / "none", "plan", "mini", "--json", cwd=pristine)
        assert (done.code, done.err) == (0, "")
        stages, totals = done.document["stages"], done.document["totals"]
        assert len({stage["key"] for stage in stages}) == len(stages) == totals["stages"]
        for stage in stages:
            assert list(stage) == ["key", "kind", "label", "state", "why", "estimate"]
            assert stage["state"] in ("ready", "waiting")
            assert stage["why"]
            assert set(stage["estimate"]) == {"gpu_hours", "memory_bytes", "disk_bytes"}
        assert totals["done"] == 0
        assert totals["gpu_hours"] > 0
        assert not (tmp_path / "none").exists()

    def test_what_is_done_is_done(self, pristine, tmp_path, mini_stages, harness) -> None:
        first = mini_stages[0]
        publish(Store(tmp_path / "store"), first)
        found = harness("--store", tmp_path / "store", "plan", "mini", "--json", cwd=pristine).document
        states = {stage["key"]: stage["state"] for stage in found["stages"]}
        assert states[first.key] == "done"
        assert found["totals"]["done"] == 1
        children = [stage.key for stage in mini_stages if stage.inputs == (first.key,)]
        assert {states[key] for key in children} == {"ready"}

    def test_for_one_claim(self, pristine, tmp_path, harness) -> None:
        whole, part = (
            harness("--store", tmp_path, "plan", "mini", "--json", *more, cwd=pristine).document["stages"]
            for more in ((), ("--for", "C4"))
        )
        keys = [stage["key"] for stage in whole]
        assert 0 < len(part) < len(whole)
        assert [key for key in keys if key in {stage["key"] for stage in part}] == [stage["key"] for stage in part]
        assert not any("mini_pos" in stage["label"] for stage in part)

    def test_as_a_table(self, pristine, tmp_path, harness) -> None:
        done = harness("--store", tmp_path, "plan", "mini", cwd=pristine)
        total, basis = done.out.splitlines()[-2:]
        assert "0 of " in total
        assert "GPU-hours" in total
        assert basis.startswith("Basis: 6 N T FLOPs")


class TestData:
    def test_status_as_json(self, pristine, tmp_path, harness) -> None:
        done = harness("--data", tmp_path, "data", "status", "mini_nli", "xnli", "--json", cwd=pristine)
        assert (done.code, done.err) == (0, "")
        assert {row["task"] for row in done.document} == {"mini_nli", "xnli"}
        for row in done.document:
            assert list(row) == ["task", "edition", "split", "language", "state", "why"]
            assert row["state"] == "fetchable"
            assert row["why"]

    def test_generated_files_are_fetched(self, pristine, tmp_path, harness) -> None:
        arguments = ("--data", tmp_path / "data", "data", "fetch", "mini_ner")
        first, second = harness(*arguments, cwd=pristine), harness(*arguments, cwd=pristine)
        assert first.code == second.code == 0
        n = len(list((tmp_path / "data" / "files").iterdir()))
        assert f"{n} of {n} files" in first.out
        assert f"{n} of them new" in first.out
        assert "0 of them new" in second.out
        status = harness("--data", tmp_path / "data", "data", "status", "mini_ner", "--json", cwd=pristine)
        assert {row["state"] for row in status.document if not row["edition"]} == {"ready"}

    def test_files_come_from_a_mirror(self, pristine, mirror, tmp_path, harness) -> None:
        done = harness("--data", tmp_path, "data", "fetch", "commonsense_qa", "--mirror", mirror, cwd=pristine)
        assert (done.code, done.err) == (0, "")
        assert "2 of 2 files" in done.out

    def test_other_bytes_are_refused(self, workspace, tmp_path, harness) -> None:
        path = workspace / "specs" / "tasks" / "mini_ner.yaml"
        digest = path.read_text().split("sha256: ")[1][:64]
        path.write_text(path.read_text().replace(digest, "f" * 64))
        done = harness("--data", tmp_path, "data", "fetch", "mini_ner", cwd=workspace)
        assert done.code == 4
        assert "mini_ner: " in done.err
        assert f"expected sha256 {'f' * 64}, found {digest}" in done.err

    def test_a_mirror_without_the_files(self, pristine, tmp_path, harness) -> None:
        (tmp_path / "empty").mkdir()
        done = harness("--data", tmp_path, "data", "fetch", "commonsense_qa", "--mirror", tmp_path / "empty", cwd=pristine)
        assert done.code == 4
        assert "not in the mirror" in done.err

    def test_a_run_without_its_data_names_the_command(self, pristine, tmp_path, harness) -> None:
        done = harness("--data", tmp_path / "d", "--store", tmp_path / "s", "run", "open", "--limit", "2", cwd=pristine)
        assert done.code == 3
        assert "harness data fetch " in done.err


class TestStore:
    @pytest.fixture
    def store(self, tmp_path, mini_stages) -> Store:
        store = Store(tmp_path / "store")
        publish(store, mini_stages[0], b"x" * LARGE)
        publish(store, mini_stages[1])
        publish(store, Stage("evaluate", {"of": "no study"}, (), "alone"), b"x" * LARGE)
        return store

    @pytest.mark.parametrize("command", ["ls", "verify", "gc"])
    def test_an_empty_store_is_sound(self, command, pristine, tmp_path, harness) -> None:
        done = harness("--store", tmp_path / "none", "store", command, cwd=pristine)
        assert (done.code, done.err) == (0, "")
        assert not (tmp_path / "none").exists()

    def test_nothing_to_explain(self, pristine, tmp_path, harness) -> None:
        done = harness("--store", tmp_path / "none", "store", "why", "abc", cwd=pristine)
        assert done.code == 3
        assert "harness store ls" in done.err

    def test_ls(self, store, pristine, harness) -> None:
        done = harness("--store", store.root, "store", "ls", "--json", cwd=pristine)
        assert [list(row) for row in done.document] == [["key", "kind", "label", "started", "seconds"]] * 3
        assert "alone" in harness("--store", store.root, "store", "ls", cwd=pristine).out

    def test_why(self, store, mini_stages, pristine, harness) -> None:
        child = mini_stages[1]
        done = harness("--store", store.root, "store", "why", child.key[:12], cwd=pristine)
        assert done.code == 0
        assert done.out.startswith(child.label)
        assert all(f"({key[:12]})" in done.out for key in child.inputs)

    @pytest.mark.parametrize("key", ["", "[", "*", "/etc", "**", "../x"])
    def test_why_of_no_key(self, key, store, pristine, harness) -> None:
        done = harness("--store", store.root, "store", "why", key, cwd=pristine)
        assert done.code in (2, 3)
        assert done.err.startswith("error: ")

    def test_why_of_a_failure(self, store, pristine, harness) -> None:
        failed = Stage("finetune", {"of": "nothing"}, (), "failed once")
        store.fail(failed, {"started": "2026-01-01", "error": "out of luck", "traceback": ["line 1", "line 2"]})
        done = harness("--store", store.root, "store", "why", failed.key[:16], cwd=pristine)
        assert done.code == 0
        assert "failed once: not in the store; last attempt 2026-01-01: out of luck" in done.out

    def test_a_sound_store(self, store, pristine, harness) -> None:
        done = harness("--store", store.root, "store", "verify", cwd=pristine)
        assert (done.code, done.err) == (0, "")
        assert done.out.startswith("3 stages")

    @pytest.mark.parametrize("name", ["scores.json", "manifest.json"])
    def test_one_changed_byte_is_found(self, name, store, mini_stages, pristine, harness) -> None:
        path = store.path(mini_stages[1]) / name
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.chmod(0o644)
        path.write_bytes(content)
        done = harness("--store", store.root, "store", "verify", cwd=pristine)
        assert done.code == 5
        assert str(path) in done.err

    def test_gc_drops_what_no_study_reaches(self, store, mini_stages, pristine, harness) -> None:
        done = harness("--store", store.root, "store", "gc", "--yes", cwd=pristine)
        assert done.code == 0
        assert done.out.startswith("1 stages deleted") or done.out.startswith("1 stage deleted")
        assert {folder.name for folder in store.entries()} == {stage.key for stage in mini_stages[:2]}
        assert store.verify() == []


class TestVerdicts:
    def test_without_evidence_nothing_is_run(self, workspace, harness) -> None:
        done = harness("verify", "claims.yaml", "--study", "mini", "--format", "json", cwd=workspace)
        assert (done.code, done.err) == (3, "")
        found = done.document
        assert list(found) == ["schema_version", "study", "store", "claims", "summary"]
        assert found["schema_version"] == 1
        assert found["study"] == "mini"
        assert [claim["id"] for claim in found["claims"]] == [f"C{i}" for i in range(1, 10)]
        assert sum(found["summary"].values()) == 9
        assert set(found["summary"]) == set(OUTCOMES)
        for claim in found["claims"]:
            assert list(claim) == "id statement source kind parts outcome fidelity".split()
            assert claim["outcome"] in ("not_run", "not_comparable")
            for part in claim["parts"]:
                if part["outcome"] == "not_run":
                    words = part["next"].split()
                    named = [Path(word.rstrip(";,.:")) for word in words if "specs/studies/" in word]
                    assert named or "no study" in part["next"] or "write" in part["next"]
                    assert all((workspace / path).is_file() for path in named)

    def test_every_study_counts_without_a_study(self, workspace, harness) -> None:
        done = harness("verify", "claims.yaml", "--format", "json", cwd=workspace)
        assert done.code == 3
        assert done.document["summary"]["reproduced"] == 0

    @pytest.mark.parametrize("form", ["table", "markdown", "junit", "sarif"])
    def test_other_forms(self, form, workspace, harness) -> None:
        done = harness("verify", "claims.yaml", "--study", "mini", "--format", form, cwd=workspace)
        assert done.code == 3
        assert "C9" in done.out

    def test_outcomes_may_be_allowed(self, workspace, harness) -> None:
        allowed = ("--allow", "not_run,not_comparable,inconclusive")
        assert harness("verify", "claims.yaml", "--study", "mini", *allowed, cwd=workspace).code == 0

    def test_one_judgement_has_many_forms(self, workspace, harness) -> None:
        allowed = ("--allow", "inconclusive", "--write", "out/ci")
        done = harness("verify", "claims.yaml", "--study", "mini", "--format", "junit", *allowed, cwd=workspace)
        folder = workspace / "out/ci"
        assert done.code == 3
        assert done.err.split() == [f"out/ci/{n}" for n in ("verdicts.json", "junit.xml", "verdicts.sarif", "summary.md")]
        assert (folder / "junit.xml").read_text() == done.out
        assert '<property name="exit_code" value="3" />' in done.out
        run = json.loads((folder / "verdicts.sarif").read_text())["runs"][0]
        assert run["invocations"][0]["exitCode"] == 3
        lines = (workspace / "claims.yaml").read_text().splitlines()
        for result in run["results"]:
            place = result["locations"][0]["physicalLocation"]
            assert place["artifactLocation"]["uri"] == "claims.yaml"
            kind = {"selected_greater": "greater", "comparison": "greater"}
            told = lines[place["region"]["startLine"] - 1].split("kind: ")[1].split(",")[0].rstrip("}")
            assert kind.get(told, told) == result["properties"]["kind"]

    def test_every_open_part_has_a_next_step(self, workspace, harness) -> None:
        done = harness("verify", "claims.yaml", "--study", "mini", cwd=workspace)
        _, _, rest = done.out.partition("What would decide the rest\n")
        commands = [line.split("next: ")[1] for line in rest.splitlines() if "next: " in line]
        assert {f"harness run specs/studies/{name}.yaml" for name in ("mini", "open", "mini-alternatives")} <= set(commands)
        assert max(map(len, done.out.splitlines())) <= 100

    @pytest.mark.parametrize(
        ("arguments", "variables", "painted"),
        [
            ((), {}, True),
            (("--no-color",), {}, False),
            ((), {"NO_COLOR": "1"}, False),
        ],
    )
    def test_colour_on_a_terminal(self, arguments, variables, painted, workspace, repository) -> None:
        reading, writing = os.openpty()
        command = [sys.executable, "-m", "harness", *arguments, "verify", "claims.yaml", "--study", "mini"]
        clean = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        environment = {**clean, "PYTHONPATH": str(repository), "TERM": "xterm", **variables}
        with subprocess.Popen(command, cwd=workspace, env=environment, stdout=writing) as running:
            os.close(writing)
            found = b""
            with suppress(OSError):  # what Linux says when the other side has closed
                while more := os.read(reading, 65536):
                    found += more
        os.close(reading)
        assert running.returncode == 3
        assert "○ not run" in found.decode()
        assert (b"\x1b[" in found) == painted

    def test_no_colour_in_a_pipe(self, workspace, process) -> None:
        done = process("verify", "claims.yaml", "--study", "mini", cwd=workspace, TERM="xterm", FORCE_COLOR="1")
        assert done.code == 3
        assert "\x1b" not in done.out

    def test_a_report_of_nothing_names_the_command(self, workspace, harness) -> None:
        done = harness("report", "mini", cwd=workspace)
        assert done.code == 3
        assert "harness run specs/studies/mini.yaml" in done.err
        assert not (workspace / "reports").exists()


def test_doctor_as_json(pristine, tmp_path, harness) -> None:
    done = harness("--store", tmp_path / "s", "--data", tmp_path / "d", "doctor", "--json", cwd=pristine)
    assert [list(check) for check in done.document] == [["name", "ok", "found", "advice", "fatal"]] * len(done.document)
    names = [check["name"] for check in done.document]
    assert {"python", "packages", "accelerator", "lock", "container engine", "disk", "store", "data"} <= set(names)
    assert all(check["ok"] or check["advice"] for check in done.document)
    fatal = any(check["fatal"] and not check["ok"] for check in done.document)
    assert done.code == (4 if fatal else 0)
