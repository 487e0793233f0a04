"""What ended well and wrote half is no backup."""

import io

import pytest

from querysafe.backup.errors import BackupError
from querysafe.backup.logical.whole import Archive, Script

_BLOCK = b"\x01\x00\x05\x00\x00\x00" + b"\x00\x04\x00\x00\x00abc\n"
_END = b"\x00\x06\x00\x00\x00\\.\n\n\n" + b"\0" * 5
_HEAD = b"PGDMP\x01\x0e\x00\x04\x08" + b"\x03" + b"\0" * 8
WHOLE = _HEAD + 3 * (_BLOCK + _END)


def _through(content: bytes, size: int) -> Archive:
    archive = Archive(io.BytesIO(content))
    passed = b"".join(iter(lambda: archive.read(size), b""))
    assert passed == content
    return archive


@pytest.mark.parametrize("size", [1, 3, 9, 10, 11, 64, 2**20])
def test_a_whole_archive_is_known_whatever_pieces_it_comes_in(size: int) -> None:
    _through(WHOLE, size).refuse_half("pg_dump", 3)


@pytest.mark.parametrize("size", [1, 10, 2**20])
def test_an_archive_that_lacks_a_table_is_refused(size: int) -> None:
    with pytest.raises(BackupError, match=r'"pg_dump" .* the rows of 3 of 4 tables'):
        _through(WHOLE, size).refuse_half("pg_dump", 4)


@pytest.mark.parametrize("length", range(len(_HEAD) + 3, len(WHOLE)))
def test_an_archive_that_is_cut_anywhere_is_refused(length: int) -> None:
    with pytest.raises(BackupError, match="of 3 tables"):
        _through(WHOLE[:length], 64).refuse_half("pg_dump", 3)


def test_large_objects_that_are_cut_off_are_refused() -> None:
    archive = _through(WHOLE + b"\x03\x00\x09\x00\x00\x00" + b"\x00\x90\x00\x00\x00half", 64)
    with pytest.raises(BackupError, match="cut off"):
        archive.refuse_half("pg_dump", 3)


@pytest.mark.parametrize("content", [b"", b"PGD", b"garbage" * 100])
def test_what_is_no_archive_is_refused(content: bytes) -> None:
    with pytest.raises(BackupError, match="no archive"):
        _through(content, 64).refuse_half("pg_dump", 0)


def test_rows_that_spell_the_end_of_a_table_are_no_end() -> None:
    archive = _through(_HEAD + _BLOCK + b"\\\\.\n\n\n" + b"\\.\n\n\n" + _BLOCK, 64)
    with pytest.raises(BackupError, match="0 of 1"):
        archive.refuse_half("pg_dump", 1)


def test_a_script_is_whole_by_its_last_line() -> None:
    text = b"--\n" * 9000 + b"-- PostgreSQL database dump complete\n--\n\n\\unrestrict x\n\n"
    script = Script(io.BytesIO(text))
    while script.read(100):
        pass
    script.refuse_half("pg_dump")
    cut = Script(io.BytesIO(text[:-90]))
    cut.read()
    with pytest.raises(BackupError, match="a script that is cut off"):
        cut.refuse_half("pg_dump")
