"""A tar stream is watched while it passes."""

import io
import tarfile

import pytest

from querysafe.backup.base.tar import TarReader, TarWatch, read_header
from querysafe.backup.errors import BackupError


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


def read(data: bytes, buffer_bytes: int) -> list[tuple[str, str, bytes]]:
    reader = TarReader(io.BytesIO(data), buffer_bytes)
    return [
        (each.name, each.kind, b"".join(map(bytes, reader.pieces()))) for each in reader.members()
    ]


@pytest.mark.parametrize("buffer_bytes", [1, 7, 512, 513, 2**20])
def test_members_are_read_whatever_the_size_of_the_buffer(buffer_bytes: int) -> None:
    assert read(archive(), buffer_bytes) == [
        ("./a", "file", b"x" * 700),
        ("backup_label", "file", b"label"),
        ("empty", "file", b""),
        ("base/", "folder", b""),
    ]


def test_what_is_not_read_of_a_member_is_passed_over() -> None:
    names = [each.name for each in TarReader(io.BytesIO(archive()), 600).members()]
    assert names == ["./a", "backup_label", "empty", "base/"]


@pytest.mark.parametrize("cut", [0, 100, 512, 900, 1536, 2048, 2560])
def test_members_of_an_archive_that_was_cut_are_refused(cut: int) -> None:
    with pytest.raises(ValueError, match="too early"):
        read(archive()[:cut], 512)


@pytest.mark.parametrize("place", [0, 130, 150, 156])
def test_a_header_whose_checksum_is_wrong_is_refused(place: int) -> None:
    header = bytearray(archive()[:512])
    assert read_header(bytes(header)) is not None
    header[place] ^= 1
    with pytest.raises(ValueError, match=r"checksum|invalid literal"):
        read_header(bytes(header))


def test_links_and_long_names_are_told() -> None:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        link = tarfile.TarInfo("pg_tblspc/1")
        link.type, link.linkname = tarfile.SYMTYPE, "/elsewhere"
        tar.addfile(link)
        tar.addfile(tarfile.TarInfo(f"{'d' * 90}/{'f' * 90}"))
    found = read(held.getvalue(), 512)
    assert [(name, kind) for name, kind, _ in found] == [
        ("pg_tblspc/1", "other"),
        (f"{'d' * 90}/{'f' * 90}", "file"),
    ]


def test_what_is_no_archive_is_said() -> None:
    with pytest.raises(BackupError, match="no tar archive"):
        TarWatch(io.BytesIO(b"000000x0" * 512), frozenset()).read()
