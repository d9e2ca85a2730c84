"""What the commands share."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import pytest

from harness.console import browse


@pytest.mark.parametrize("error", [None, webbrowser.Error("could not locate runnable browser"), OSError("no display")])
def test_no_browser_is_no_failure(
    error: Exception | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(url: str) -> bool:
        if error:
            raise error
        return False

    monkeypatch.setattr(webbrowser, "open", fail)
    browse(tmp_path / "index.html")
    assert capsys.readouterr() == ("", f"no browser could be opened: open {tmp_path / 'index.html'} in one\n")


def test_a_page_is_opened_by_its_whole_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or True)
    monkeypatch.chdir(tmp_path)
    browse(Path("a report") / "index.html")
    assert opened == [(tmp_path / "a report" / "index.html").as_uri()]
    assert capsys.readouterr() == ("", "")
