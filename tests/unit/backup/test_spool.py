"""The folder of a receiver: what is whole, what goes on, what may go."""

from pathlib import Path

import pytest

from querysafe.backup.errors import BackupError, Busy
from querysafe.backup.receive import spool

ONE, TWO, THREE = (f"0000000100000000000000{number:02X}" for number in (1, 2, 3))
THREE_ON_2 = f"00000002{THREE[8:]}"
FOUR_ON_2 = "000000020000000000000004"


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_bytes(b"x")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_histories_come_first_and_segments_in_the_order_of_the_log(tmp_path: Path) -> None:
    write(tmp_path, FOUR_ON_2, TWO, "00000002.history", ONE, f"{THREE}.partial", "notes.txt")
    found = [path.name for path in spool.complete(tmp_path)]
    assert found == ["00000002.history", ONE, TWO, FOUR_ON_2]


def test_the_furthest_partial_segment_is_the_one_that_goes_on(tmp_path: Path) -> None:
    assert spool.unfinished(tmp_path) is None
    write(tmp_path, f"{THREE}.partial", f"{FOUR_ON_2}.partial", "other.partial")
    found = spool.unfinished(tmp_path)
    assert found is not None
    assert found.name == f"{FOUR_ON_2}.partial"


def test_what_is_archived_goes_but_for_the_furthest_segment(tmp_path: Path) -> None:
    write(tmp_path, ONE, TWO, f"{THREE}.partial", "00000002.history")
    spool.forget(tmp_path, [tmp_path / ONE, tmp_path / TWO, tmp_path / "00000002.history"])
    assert names(tmp_path) == sorted([TWO, f"{THREE}.partial", "00000002.history"])
    spool.forget(tmp_path, [])
    assert TWO in names(tmp_path)


def test_a_partial_segment_of_a_left_timeline_goes_once_the_new_one_has_its_place(
    tmp_path: Path,
) -> None:
    write(tmp_path, TWO, f"{THREE}.partial")
    spool.forget(tmp_path, [tmp_path / TWO])
    assert f"{THREE}.partial" in names(tmp_path)
    write(tmp_path, THREE_ON_2)
    spool.forget(tmp_path, [tmp_path / TWO, tmp_path / THREE_ON_2])
    assert names(tmp_path) == [THREE_ON_2]


def test_a_spool_is_held_by_one_and_belongs_to_one_cluster(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    with spool.held(folder, "77"), pytest.raises(Busy), spool.held(folder, "77"):
        pass
    with spool.held(folder, "77"):
        pass
    with pytest.raises(BackupError, match="of the cluster 77"), spool.held(folder, "78"):
        pass


def test_a_spool_of_nobodys_choice_has_a_place_for_each_cluster_and_slot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert spool.place("77", "shop") == Path("/state/querysafe/wal/77-shop")
