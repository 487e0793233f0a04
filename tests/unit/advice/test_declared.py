"""Row counts that a project declares."""

from pathlib import Path

import pytest

from querysafe.advice.declared import declared_rows, rows_of
from querysafe.errors import SettingsError
from querysafe.settings import resolve


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "pyproject.toml"
    path.write_text(text)
    return path


def test_rows_are_declared_by_table_with_or_without_its_schema(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        '[tool.querysafe.advice.rows]\norders = 2_000_000\napp.events = 5e6\n"old.log" = 7\n',
    )
    declared = declared_rows(path)
    assert declared == {"orders": 2_000_000, "app.events": 5_000_000, "old.log": 7}
    assert rows_of(declared, "public", "orders") == 2_000_000
    assert rows_of(declared, "app", "events") == 5_000_000
    assert rows_of(declared, "public", "events") is None
    assert resolve(environ={}, pyproject=path).mode == "report"


def test_without_a_declaration_nothing_is_known(tmp_path: Path) -> None:
    assert declared_rows(None) == {}
    assert declared_rows(tmp_path / "none.toml") == {}
    assert declared_rows(written(tmp_path, "[tool.querysafe]\n")) == {}


@pytest.mark.parametrize(
    "text", ['orders = "many"', "orders = true", "orders = -1", "orders = 1e18", "orders = nan"]
)
def test_what_is_no_number_of_rows_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="orders"):
        declared_rows(written(tmp_path, f"[tool.querysafe.advice.rows]\n{text}\n"))
    with pytest.raises(SettingsError, match="rows is no table"):
        declared_rows(written(tmp_path, "[tool.querysafe.advice]\nrows = 5\n"))
    with pytest.raises(SettingsError, match="cannot be read"):
        declared_rows(written(tmp_path, "["))


def test_another_table_below_ours_stays_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match='no option "advise"'):
        resolve(environ={}, pyproject=written(tmp_path, "[tool.querysafe.advise]\nx = 1\n"))
