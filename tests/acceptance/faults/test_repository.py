"""What may go wrong with a directory, and with what lies in it."""

import json
import os
import random
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from querysafe.backup.manifest import _sealed, _written
from tests.acceptance.faults.bench import Bench
from tests.requirements import require


def stored(shop: Bench, pattern: str = "backups/*/*") -> list[Path]:
    """The objects of the repository."""
    return sorted(Path(shop.repository).glob(pattern))


def state(shop: Bench) -> dict[str, bytes]:
    """Every file of the repository and what is in it, but for the notes of `status`."""
    root = Path(shop.repository)
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and path.parent.name != "outcomes"
    }


def overwrite(path: Path, data: bytes) -> None:
    path.chmod(0o600)
    path.write_bytes(data)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own, which is soon full."""
    require("root", os.geteuid() == 0, "only root mounts a file system")
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0777", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    require("mount", mounted.returncode == 0, mounted.stderr.decode())
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_is_named_and_nothing_is_left(shop: Bench, tmp_path: Path) -> None:
    shop.sql(
        "CREATE TABLE noise AS SELECT i, gen_random_uuid()::text || gen_random_uuid() AS n "
        "FROM generate_series(1, 40000) AS i"
    )
    with small_disk(tmp_path / "disk", "1m") as disk:
        full = Bench(cluster=shop.cluster, database=shop.database, repository=str(disk))
        ended = full.create(status=3)
        assert "No space left on device" in ended.stderr
        assert state(full) == {}
        assert full.ok() == []
    shop.assert_quiet()


def test_a_limit_of_the_size_of_files_is_named(shop: Bench) -> None:
    shop.sql(
        "CREATE TABLE noise AS SELECT i, gen_random_uuid()::text || gen_random_uuid() AS n "
        "FROM generate_series(1, 20000) AS i"
    )
    words = shlex.join([sys.executable, "-m", "querysafe", "backup", *map(str, shop.creating())])
    command = f"ulimit -f 200; exec {words}"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, env=shop.given({}), check=False
    )
    assert done.returncode == 3
    assert "File too large" in done.stderr
    assert state(shop) == {}


def test_a_folder_that_may_not_be_written_is_named(shop: Bench, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("a file, not a folder")
    for place in (file, file / "below"):
        ended = shop.run(*("create", "--database", shop.url(), "--repository", place), status=3)
        assert str(file) in ended.stderr
    assert file.read_text() == "a file, not a folder"


def test_a_repository_that_is_read_only_can_be_read(shop: Bench, tmp_path: Path) -> None:
    shop.create()
    with small_disk(tmp_path / "disk", "20m") as disk:
        shutil.copytree(shop.repository, disk, dirs_exist_ok=True)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        sealed = Bench(cluster=shop.cluster, database=shop.database, repository=str(disk))
        ended = sealed.run(*sealed.creating(), status=3)
        assert "Read-only file system" in ended.stderr
        assert len(sealed.ok()) == 1
        sealed.run("verify", "--repository", disk)
        sealed.run(*sealed.restoring("_new"))
    assert shop.content("_new") == shop.content()


def _flip(data: bytes, generator: random.Random) -> bytes:
    changed = bytearray(data)
    changed[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
    return bytes(changed)


DAMAGE: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "a flipped bit": _flip,
    "its end missing": lambda data, generator: data[: generator.randrange(len(data))],
    "something behind it": lambda data, generator: data + generator.randbytes(3),
    "empty": lambda _data, _generator: b"",
}


@pytest.mark.parametrize(
    "damage",
    [
        each if each == "a flipped bit" else pytest.param(each, marks=pytest.mark.soak)
        for each in DAMAGE
    ],
)
def test_damage_to_any_object_is_seen_and_restores_nothing(shop: Bench, damage: str) -> None:
    shop.create()
    (id,) = [each["id"] for each in shop.ok()]
    generator = random.Random(f"{damage} 4")
    before = state(shop)
    for name, data in before.items():
        overwrite(Path(shop.repository, name), DAMAGE[damage](data, generator))
        shop.run("verify", "--repository", shop.repository, "--id", id, status=(1, 3))
        if "globals" not in name:
            restored = shop.run(*shop.restoring("_new", "--id", id), status=3)
            assert id in restored.stderr or name.rpartition("/")[2] in restored.stderr
            assert shop.databases() == {shop.database}
        assert shop.ok() == [], "verify has seen it, so it is no longer ok"
        overwrite(Path(shop.repository, name), data)
    shop.run("verify", "--repository", shop.repository)
    assert [each["id"] for each in shop.ok()] == [id]


@pytest.mark.soak
def test_every_bit_of_a_manifest_counts(shop: Bench) -> None:
    from querysafe.backup.errors import ManifestError
    from querysafe.backup.manifest import decode, encode

    shop.create()
    (path,) = stored(shop, "backups/*/manifest.json")
    data, id = path.read_bytes(), path.parent.name
    assert encode(decode(data, id=id)) == data
    for position in range(len(data) * 8):
        changed = bytearray(data)
        changed[position // 8] ^= 1 << position % 8
        with pytest.raises(ManifestError):
            decode(bytes(changed), id=id)


def test_a_part_that_is_gone_is_missed(shop: Bench) -> None:
    shop.create()
    for path in stored(shop, "backups/*/*.zst"):
        kept = path.read_bytes()
        path.unlink()
        (found,) = shop.listed()
        assert found["status"] == "damaged"
        assert path.name in found["problem"]
        shop.run("verify", "--repository", shop.repository, "--id", found["id"], status=1)
        path.write_bytes(kept)
    assert shop.databases() == {shop.database}


def _forged(path: Path, **changes: object) -> None:
    content = json.loads(path.read_bytes())
    del content["manifest_sha256"]
    content |= changes
    content["manifest_sha256"] = _sealed(content)
    overwrite(path, _written(content))


@pytest.mark.parametrize(
    "name",
    [
        "../../secret",
        *(
            pytest.param(each, marks=pytest.mark.soak)
            for each in ("/etc/hostname", "..", "a/b", "manifest.json", "x\u0000y", "A b")
        ),
    ],
)
def test_a_part_that_leads_out_of_its_folder_is_refused(shop: Bench, name: str) -> None:
    shop.create()
    (path,) = stored(shop, "backups/*/manifest.json")
    parts = json.loads(path.read_bytes())["parts"]
    parts[0]["name"] = name
    Path(shop.repository, "secret").write_bytes(b"outside")
    _forged(path, parts=parts)
    (found,) = shop.listed()
    assert found["status"] == "damaged"
    shop.run(*shop.restoring("_new", "--id", path.parent.name), status=3)
    shop.run("verify", "--repository", shop.repository, "--id", path.parent.name, status=3)
    shop.run("expire", "--repository", shop.repository)
    assert Path(shop.repository, "secret").read_bytes() == b"outside"


def test_a_manifest_of_the_future_is_left_alone_and_says_so(shop: Bench) -> None:
    shop.create()
    (path,) = stored(shop, "backups/*/manifest.json")
    _forged(path, version=99, colour="blue")
    before = state(shop)
    (found,) = shop.listed()
    assert "version 99" in found["problem"]
    ended = shop.run(*shop.restoring("_new", "--id", path.parent.name), status=3)
    assert "version 99" in ended.stderr
    shop.run("expire", "--repository", shop.repository)
    assert state(shop) == before


def test_the_newest_is_damaged(shop: Bench) -> None:
    shop.create()
    shop.sql("INSERT INTO item VALUES (0, 'newer')")
    shop.create()
    newest, older = shop.ok()
    (path,) = stored(shop, f"backups/{newest['id']}/manifest.json")
    overwrite(path, path.read_bytes().replace(b'"logical"', b'"logicaL"'))
    ended = shop.run("verify", "--repository", shop.repository, status=3)
    assert newest["id"] in ended.stderr
    assert [each["id"] for each in shop.ok()] == [older["id"]]
    ended = shop.run(*shop.restoring("_new"))
    assert f"passed over {newest['id']}" in ended.stderr
    assert shop.content("_new") == [(200, shop.content("_new")[0][1])]


def test_files_of_others_stay_where_they_are(shop: Bench) -> None:
    root = Path(shop.repository)
    shop.create()
    (folder,) = root.glob("backups/*")
    old = (datetime.now(UTC) - timedelta(days=400)).timestamp()
    mine = [
        root / "README",
        root / ".unfinished-thoughts",
        root / "backups" / "letter.txt",
        root / "backups" / "20200101T000000Z-00000000" / "photo.jpg",
        root / "holiday" / "manifest.json",
        folder / "notes.txt",
        root / "leases-of-the-house.pdf",
    ]
    for path in mine:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"mine")
        os.utime(path, (old, old))
    for _ in range(2):
        shop.create()
    shop.run("expire", "--repository", shop.repository, "--daily", 1, "--weekly", 0, "--monthly", 0)
    assert len(shop.ok()) == 1
    assert [path.read_bytes() for path in mine] == [b"mine"] * len(mine)
