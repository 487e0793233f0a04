"""Bytes come back as they were, or the backup is told to be damaged."""

import io
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from querysafe.backup.errors import BackupError, DamagedBackup, KeyMissing
from querysafe.backup.keys import Identities, Recipients, generate
from querysafe.backup.manifest import Part
from querysafe.backup.streams import load, store

RAW = b"".join(index.to_bytes(4, "big") * 3 for index in range(3000))
PUBLIC, PRIVATE = generate()


@cache
def stored(encrypted: bool) -> tuple[Part, bytes]:
    held = io.BytesIO()
    recipients = Recipients.parse([PUBLIC]) if encrypted else None
    return store(io.BytesIO(RAW), held, name="a.zst", recipients=recipients), held.getvalue()


@pytest.fixture(scope="module")
def identities(tmp_path_factory: pytest.TempPathFactory) -> Identities:
    return keys(tmp_path_factory.mktemp("keys") / "key", PRIVATE)


def keys(file: Path, private: str) -> Identities:
    file.write_text(f"# a comment\n{private}\n")
    return Identities.read(file)


@pytest.mark.parametrize("encrypted", [False, True])
def test_what_was_stored_comes_back(identities: Identities, encrypted: bool) -> None:
    part, data = stored(encrypted)
    back = io.BytesIO()
    load(io.BytesIO(data), back, part, encrypted=encrypted, identities=identities)
    assert back.getvalue() == RAW
    assert (part.raw_bytes, part.stored_bytes) == (len(RAW), len(data))


@given(
    encrypted=st.booleans(),
    where=st.floats(0, 1, exclude_max=True),
    how=st.sampled_from(["cut", "flip", "add"]),
)
def test_a_byte_less_more_or_other_is_refused(
    identities: Identities, encrypted: bool, where: float, how: str
) -> None:
    part, data = stored(encrypted)
    at = int(where * len(data))
    damaged = {
        "cut": data[:at],
        "flip": data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :],
        "add": data[:at] + b"\0" + data[at:],
    }[how]
    if damaged == data:
        return
    with pytest.raises((DamagedBackup, KeyMissing)):
        load(io.BytesIO(damaged), io.BytesIO(), part, encrypted=encrypted, identities=identities)


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_byte_after_the_end_is_refused(identities: Identities, encrypted: bool) -> None:
    part, data = stored(encrypted)
    with pytest.raises(DamagedBackup):
        load(
            io.BytesIO(data + b"x"), io.BytesIO(), part, encrypted=encrypted, identities=identities
        )


def test_another_key_or_none_opens_nothing(tmp_path: Path) -> None:
    part, data = stored(True)
    other = keys(tmp_path / "other", generate()[1])
    for given_keys in (other, None):
        with pytest.raises(KeyMissing):
            load(io.BytesIO(data), io.BytesIO(), part, encrypted=True, identities=given_keys)


def test_more_than_was_backed_up_is_refused_before_it_fills_a_disk() -> None:
    part, data = stored(False)
    with pytest.raises(DamagedBackup, match="more than"):
        load(io.BytesIO(data), io.BytesIO(), replace(part, raw_bytes=10))


def test_a_private_key_given_as_a_recipient_is_refused_and_not_shown() -> None:
    with pytest.raises(BackupError) as told:
        Recipients.parse([PRIVATE])
    assert PRIVATE not in str(told.value)
