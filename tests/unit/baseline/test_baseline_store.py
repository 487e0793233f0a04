"""The directory: mirrored paths, whole files or none, nothing left behind."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from querysafe.baseline import Accepted, Baseline, exists, file_of, load, write
from querysafe.baseline import store as store_module
from querysafe.errors import BaselineError
from tests.unit.baseline.builders import BASELINES, IDENTITY, accepting

DEEP = accepting({IDENTITY: 6}, test="tests/api/test_orders.py::test_list")


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("tests/test_orders.py", "tests/test_orders.txt"),
        ("test_orders.py", "test_orders.txt"),
        ("docs/guide.md", "docs/guide.md.txt"),
        ("docs/guide.txt", "docs/guide.txt.txt"),
        ("../other/test_a.py", "up/other/test_a.txt"),
        ("/elsewhere/test_a.py", "elsewhere/test_a.txt"),
        ("tests\\test_a.py", "tests/test_a.txt"),
    ],
)
def test_a_file_mirrors_the_path_of_its_module(module: str, expected: str, tmp_path: Path) -> None:
    assert file_of(tmp_path, module) == tmp_path / expected


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    changed = write(tmp_path / "base", DEEP)
    assert changed == (tmp_path / "base/tests/api/test_orders.txt",)
    assert load(tmp_path / "base") == DEEP


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(BASELINES)
def test_any_baseline_survives_the_directory(tmp_path: Path, baseline: Baseline) -> None:
    write(tmp_path / "base", baseline)
    assert load(tmp_path / "base") == baseline


def test_a_second_writing_changes_no_file(tmp_path: Path) -> None:
    write(tmp_path, DEEP)
    assert write(tmp_path, DEEP) == ()


def test_a_file_without_entries_and_its_empty_directory_are_removed(tmp_path: Path) -> None:
    write(tmp_path, DEEP)
    assert write(tmp_path, Baseline()) == (tmp_path / "tests/api/test_orders.txt",)
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]


def test_a_baseline_exists_once_written_even_when_nothing_had_to_be_accepted(
    tmp_path: Path,
) -> None:
    assert not exists(tmp_path / "base")
    assert load(tmp_path / "base") == Baseline()
    write(tmp_path / "base", Baseline())
    assert exists(tmp_path / "base")


def test_a_baseline_exists_when_somebody_removed_the_note(tmp_path: Path) -> None:
    write(tmp_path, DEEP)
    (tmp_path / "README.md").unlink()
    assert exists(tmp_path)


def test_a_foreign_text_file_is_refused_by_name_and_never_removed(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(BaselineError, match=r"notes\.txt"):
        load(tmp_path)
    write(tmp_path, Baseline())
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BaselineError, match="cannot be read"):
        load(tmp_path)


def test_a_failed_writing_leaves_the_old_file_and_no_rubbish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, DEEP)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store_module.os, "fsync", full)
    more = Baseline(tests={**DEEP.tests, "tests/api/test_b.py::test": Accepted(shapes={"a": 3})})
    with pytest.raises(BaselineError, match="No space left on device"):
        write(tmp_path, more)
    assert load(tmp_path) == DEEP
    assert not [path for path in tmp_path.rglob(".*") if path.is_file()]
