"""Where the tests find a browser: on PATH, or where `playwright install` put one."""

from pathlib import Path

import pytest

from tests.lab import find_chromium

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


@pytest.fixture
def nothing_installed(tmp_path, monkeypatch):
    """No browser on PATH, and none of playwright's."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    find_chromium.cache_clear()
    yield tmp_path
    find_chromium.cache_clear()


def test_without_a_browser_there_is_none(nothing_installed):
    assert find_chromium() is None


def test_playwrights_own_chromium_is_found_where_path_has_none(nothing_installed):
    with playwright.sync_playwright() as started:
        own = Path(started.chromium.executable_path)
    own.parent.mkdir(parents=True)
    own.touch()
    assert own.is_relative_to(nothing_installed)
    assert find_chromium() == str(own)
