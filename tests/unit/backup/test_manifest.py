"""A manifest is read as it was written, or refused."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from querysafe.backup.errors import ManifestError
from querysafe.backup.manifest import Content, Manifest, Part, decode, encode, new_id
from querysafe.backup.wal.coverage import segment_bytes, stopped

ID = "20260131T120000Z-0123abcd"
PART = Part(
    name="database.dump.zst",
    raw_bytes=3,
    raw_sha256="a" * 64,
    stored_bytes=2,
    stored_sha256="b" * 64,
)
SOUND = Manifest(
    id=ID,
    kind="logical",
    server_version="15.4",
    system_identifier="7",
    started=datetime(2026, 1, 31, 12, tzinfo=UTC),
    ended=datetime(2026, 1, 31, 13, tzinfo=UTC),
    parts=(PART,),
    contents=(Content(table='public."Größe"', rows=2),),
    facts={"owner": "ann"},
)


def test_a_manifest_comes_back_as_it_was() -> None:
    assert decode(encode(SOUND), id=ID) == SOUND


@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_changed_byte_is_refused(where: float, bit: int) -> None:
    data = bytearray(encode(SOUND))
    data[int(where * len(data))] ^= 1 << bit
    with pytest.raises(ManifestError):
        decode(bytes(data), id=ID)


def test_a_missing_last_byte_is_refused() -> None:
    with pytest.raises(ManifestError, match="was changed"):
        decode(encode(SOUND)[:-1], id=ID)


@pytest.mark.parametrize("name", ["../a", "a/b", "/etc/x", "", ".a", "manifest.json", "A"])
def test_a_part_that_would_leave_its_folder_is_refused(name: str) -> None:
    with pytest.raises(ManifestError, match="no name of a part"):
        replace(SOUND, parts=(replace(PART, name=name),))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"system_identifier": "../../etc"}, "names no system"),
        ({"start_lsn": "0/0; rm"}, "is no LSN"),
        ({"stop_lsn": "nowhere"}, "is no LSN"),
    ],
)
def test_a_system_or_a_position_that_is_none_is_refused(wrong: dict[str, str], said: str) -> None:
    with pytest.raises(ManifestError, match=said):
        replace(SOUND, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [0, 3, 2**19, "16MB", None])
def test_a_size_of_segments_that_cannot_be_is_refused(size: object) -> None:
    assert segment_bytes(SOUND) == 2**24
    with pytest.raises(ManifestError, match="a segment has"):
        segment_bytes(replace(SOUND, facts={"wal_segment_size": size}))


@pytest.mark.parametrize("text", ["yesterday", "2026-01-31T12:00:00", 7])
def test_a_time_that_is_none_is_refused(text: object) -> None:
    assert stopped(SOUND) == SOUND.ended
    with pytest.raises(ManifestError, match="is no time"):
        stopped(replace(SOUND, facts={"stopped": text}))


def test_two_parts_of_one_name_are_refused() -> None:
    with pytest.raises(ManifestError, match="two parts"):
        replace(SOUND, parts=(PART, PART))


def test_a_manifest_of_another_backup_or_version_is_refused() -> None:
    with pytest.raises(ManifestError, match="is that of"):
        decode(encode(SOUND), id=new_id(datetime.now(UTC)))
    newer = json.dumps({**json.loads(encode(SOUND)), "version": 3}).encode()
    with pytest.raises(ManifestError, match="version 3, this is 2"):
        decode(newer, id=ID)


def test_only_a_backup_with_a_data_key_needs_the_newer_version() -> None:
    keyed = replace(SOUND, encryption="age", data_key=f"age1{'q' * 58}")
    assert decode(encode(keyed), id=ID) == keyed
    assert json.loads(encode(keyed))["version"] == 2
    assert json.loads(encode(SOUND))["version"] == 1
    assert "data_key" not in json.loads(encode(SOUND))


@pytest.mark.parametrize(
    ("encryption", "key"), [("none", f"age1{'q' * 58}"), ("age", "age1"), ("age", "../../etc")]
)
def test_a_data_key_that_is_none_is_refused(encryption: str, key: str) -> None:
    with pytest.raises(ManifestError, match="data key"):
        replace(SOUND, encryption=encryption, data_key=key)


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"\xff", b"{", b"[" * 100_000, b'{"version": 1, "a": "\\ud800"}']
)
def test_what_is_no_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(ManifestError):
        decode(data, id=ID)
