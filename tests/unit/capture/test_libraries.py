"""Which code is the user's: what is installed somewhere else than usual is not."""

import sys
from pathlib import Path

import pytest

from querysafe.capture.call_site import LIBRARY, USER, CallSites


def _kind(sites: CallSites, file: Path) -> int:
    return sites._classify(str(file), sys._getframe())


def test_a_folder_that_pip_installed_into_holds_libraries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, layer = tmp_path / "project", tmp_path / "layer"
    (layer / "drivers-1.0.dist-info").mkdir(parents=True)
    root.mkdir()
    monkeypatch.setattr(sys, "path", [str(root), str(layer), str(tmp_path / "gone"), "", *sys.path])
    sites = CallSites(root)
    assert _kind(sites, layer / "drivers" / "core.py") == LIBRARY
    assert _kind(sites, root / "app.py") == USER
    assert _kind(CallSites(root, own=[str(layer)]), layer / "drivers" / "core.py") == USER


def test_a_project_that_holds_the_metadata_of_its_own_wheel_stays_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "project-1.0.dist-info").mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert _kind(CallSites(tmp_path), tmp_path / "app.py") == USER
