"""The page in a real browser: nothing is cut off, nothing is asked of the network, nothing is complained about."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness.evidence import Evidence
from harness.records import Verdict
from harness.report import files

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars --enable-logging=stderr"
).split()
# A window is never narrower than 500 pixels, a frame may be. The host opens what is folded, then writes down how wide
# the page is, how wide it may be, and how much it loaded.
HOST = """<!DOCTYPE html><title>not loaded</title><iframe id="frame" style="border:0" width="{width}" height="900"
srcdoc="{page}"></iframe><script>
addEventListener("load", () => {{
  const frame = document.getElementById("frame").contentWindow, root = frame.document.documentElement;
  for (const each of frame.document.querySelectorAll("details")) each.open = true;
  const loaded = frame.performance.getEntriesByType("resource").length;
  document.title = `wide ${{root.scrollWidth}} of ${{root.clientWidth}}, loaded ${{loaded}}`;
}});
</script>"""


# The same page at work: the host filters, sorts and writes down what it then sees.
DRIVER = """<!DOCTYPE html><title>not loaded</title><iframe id="frame" width="1200" srcdoc="{page}"></iframe><script>
addEventListener("load", () => {{
  const page = document.getElementById("frame").contentDocument, form = page.getElementById("filter");
  const seen = {{ offered: !form.hidden }};
  const look = (name) => seen[name] = {{
    count: form.querySelector("output").textContent,
    claims: [...page.querySelectorAll(".claim:not([hidden]) .id")].map((each) => each.textContent),
    lines: [...page.querySelectorAll(".forest tr[data-part]:not([hidden])")].map((each) => each.dataset.part),
  }};
  const ask = (name, values) => {{
    for (const control of ["outcome", "fidelity", "text"]) form.elements[control].value = values[control] ?? "";
    form.elements.text.dispatchEvent(new Event("input", {{ bubbles: true }}));
    look(name);
  }};
  look("all");
  ask("outcome", {{ outcome: "contradicted" }});
  ask("text", {{ text: "not_comparable CLAIM" }});
  ask("part", {{ text: "hellaswag" }});
  ask("nothing", {{ outcome: "not_run", text: "contradicted" }});
  ask("fidelity", {{ fidelity: "proxy" }});
  const table = page.querySelector("#trivial table"), head = table.tHead.rows[0].cells[3];
  const column = () => [...table.tBodies[0].rows].map((row) => row.cells[3].textContent);
  seen.sorted = [[head.getAttribute("aria-sort"), column()]];
  for (let i = 0; i < 3; i += 1) {{
    head.querySelector("button").click();
    seen.sorted.push([head.getAttribute("aria-sort"), column()]);
  }}
  const keys = page.querySelector("#kind-evaluate table"), groups = () => [...keys.tBodies].map((body) =>
    [body.id, body.rows[0].className, ...[...body.rows].slice(1).map((row) => row.cells[0].textContent)]);
  seen.groups = [groups()];
  keys.tHead.rows[0].cells[0].querySelector("button").click();
  keys.tHead.rows[0].cells[0].querySelector("button").click();
  seen.groups.push(groups());
  seen.unsortable = page.querySelectorAll("table:is(.lines, .grid) thead th:not(:has(button))").length;
  document.title = JSON.stringify(seen);
}});
</script>"""


@pytest.fixture(scope="module")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        pytest.skip("no Chromium on this machine")
    return found


@pytest.fixture
def page(evidence: Evidence, verdicts: list[Verdict], tmp_path: Path) -> Path:
    return files.write(evidence, verdicts, tmp_path / "out")[0]


def browse(chromium: str, page: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    profile = page.with_name("profile")
    command = [chromium, *FLAGS, f"--user-data-dir={profile}", *arguments, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_cut_off_and_nothing_is_loaded(chromium: str, page: Path, width: int) -> None:
    # Without its policy, so that a request would be made and counted.
    text = re.sub(r"<meta http-equiv=[^>]*>", "", page.read_text(encoding="utf-8"))
    host = page.with_name("host.html")
    host.write_text(HOST.format(width=width, page=html.escape(text)), encoding="utf-8")
    done = browse(chromium, host, "--window-size=1400,1000", "--dump-dom")
    found = re.search(r"<title>wide (\d+) of (\d+), loaded (\d+)</title>", done.stdout)
    assert found, done.stderr[-2000:]
    wide, room, loaded = map(int, found.groups())
    assert width - 20 <= room <= width  # less a scroll bar
    assert wide <= room
    assert loaded == 0


@pytest.fixture
def seen(chromium: str, page: Path) -> dict[str, Any]:
    """Return what the driver saw; an inner document inherits no policy, and the page's own would forbid the host nothing."""
    host = page.with_name("host.html")
    text = re.sub(r"<meta http-equiv=[^>]*>", "", page.read_text(encoding="utf-8"))
    host.write_text(DRIVER.format(page=html.escape(text)), encoding="utf-8")
    done = browse(chromium, host, "--dump-dom")
    found = re.search(r"<title>(\{.*\})</title>", done.stdout)
    assert found, done.stderr[-2000:]
    return json.loads(html.unescape(found[1]))


@pytest.mark.slow
def test_verdicts_are_filtered_and_tables_sorted(seen: dict[str, Any]) -> None:
    assert seen["offered"]
    every = [f"C{i}" for i in range(1, 6)]
    assert (seen["all"]["count"], seen["all"]["claims"]) == ("5 of 5 claims, 5 of 5 parts shown", every)
    assert seen["outcome"] == {"count": "1 of 5 claims, 1 of 5 parts shown", "claims": ["C2"], "lines": ["C2.1"]}
    assert (seen["text"]["claims"], seen["part"]["claims"]) == (["C4"], ["C5"])
    assert (seen["nothing"]["count"], seen["nothing"]["claims"]) == ("0 of 5 claims, 0 of 5 parts shown", [])
    assert (seen["fidelity"]["claims"], len(seen["fidelity"]["lines"])) == (every, 5)

    (no, before), (up, rising), (down, falling), (none, after) = seen["sorted"]
    assert (no, up, down, none) == (None, "ascending", "descending", None)
    assert before == after
    assert rising == sorted(before, key=float)
    assert falling == rising[::-1]
    # Within each group, whose head stays first; then the groups.
    ordered, turned = seen["groups"]
    assert [group[0] for group in turned] != [group[0] for group in ordered]
    assert all(group[1] == "group" and group[2:] == sorted(group[2:], reverse=True) for group in turned)
    assert sorted(group[2] for group in turned) == sorted(max(group[2:]) for group in ordered)


@pytest.mark.slow
def test_the_policy_lets_the_script_run(chromium: str, page: Path) -> None:
    done = browse(chromium, page, "--dump-dom")
    assert re.search(r"<html [^>]*data-ready", done.stdout)
    assert "CONSOLE" not in done.stderr
    other = page.with_name("other.html")
    other.write_text(page.read_text(encoding="utf-8").replace('"use strict";', '"use strict"; '), encoding="utf-8")
    assert "data-ready" not in browse(chromium, other, "--dump-dom").stdout.partition("<head>")[0]


@pytest.mark.slow
def test_the_console_stays_empty_and_the_page_is_drawn(chromium: str, page: Path) -> None:
    picture = page.with_name("page.png")
    done = browse(chromium, page, "--window-size=390,1200", f"--screenshot={picture}")
    assert "CONSOLE" not in done.stderr
    assert picture.stat().st_size > 20_000
