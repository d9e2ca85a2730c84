"""The page in a real browser: nothing is cut off, nothing is asked of the network, nothing is complained about."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from pathlib import Path

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


@pytest.mark.slow
def test_the_console_stays_empty_and_the_page_is_drawn(chromium: str, page: Path) -> None:
    picture = page.with_name("page.png")
    done = browse(chromium, page, "--window-size=390,1200", f"--screenshot={picture}")
    assert "CONSOLE" not in done.stderr
    assert picture.stat().st_size > 20_000
