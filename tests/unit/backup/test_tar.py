"""A tar stream is watched while it passes."""

import io
import tarfile

import pytest

from querysafe.backup.base.tar import TarWatch


def archive() -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in (("./a", b"x" * 700), ("backup_label", b"label"), ("empty", b"")):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        folder = tarfile.TarInfo("base")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
    return held.getvalue()


@pytest.mark.parametrize("size", [1, 7, 512, 513, 100_000])
def test_wanted_members_are_kept_whatever_the_size_of_the_pieces(size: int) -> None:
    data = archive()
    watch = TarWatch(io.BytesIO(data), frozenset({"backup_label", "a", "empty"}))
    passed = b"".join(iter(lambda: watch.read(size), b""))
    assert passed == data
    assert watch.is_whole
    assert watch.members == 4
    assert watch.found == {"a": b"x" * 700, "backup_label": b"label", "empty": b""}


@pytest.mark.parametrize("cut", [0, 100, 512, 900, 1536, 2048, 2560])
def test_an_archive_that_was_cut_is_not_whole(cut: int) -> None:
    watch = TarWatch(io.BytesIO(archive()[:cut]), frozenset())
    watch.read()
    assert not watch.is_whole
