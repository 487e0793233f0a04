"""Incremental base backups and encrypted ones: whole with all that they need, or refused."""

import io
import json
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from querysafe.backup import streams
from querysafe.backup.keys import generate
from querysafe.backup.manifest import decode, encode
from querysafe.postgres.cluster import Database
from querysafe.postgres.programs import version_of
from tests.acceptance.backup.cluster import archiver, initialised, place, restored, using
from tests.acceptance.backup.conftest import History, insert
from tests.integration.backup.cli import listed, run, told

COUNT = "SELECT count(*), sum(id) FROM kept"


@dataclass(frozen=True, kw_only=True)
class Chain:
    """An encrypted repository with a full backup, an incremental one upon it, and WAL."""

    repository: Path
    key: Path
    full: str
    incremental: str


@pytest.fixture(scope="session")
def chain(binaries: Path) -> Iterator[Chain]:
    version = version_of(binaries / "postgres")
    assert version is not None
    if version[0] < 17:
        pytest.skip("PostgreSQL 17 and newer have incremental backups")
    folder = place("chain")
    repository = folder / "repository"
    public, private = generate()
    key = folder / "key"
    key.write_text(private)
    try:
        with using(binaries), archiver(folder, repository, "--recipient", public) as command:
            cluster = initialised(folder, binaries, archive_command=command, summarize_wal="on")
            cluster.start()
            try:
                cluster.rows("CREATE TABLE kept (id int PRIMARY KEY, word text)")
                insert(cluster, 0)
                where = ("--database", cluster.dsn, "--repository", repository, "--kind", "base")
                keys = ("--recipient", public)
                full = told("create", *where, *keys)["id"]
                insert(cluster, 1)
                more = ("--incremental", "--identity", key)
                incremental = told("create", *where, *keys, *more)["id"]
                insert(cluster, 2)
                cluster.switch()
            finally:
                cluster.stop("immediate")
        yield Chain(repository=repository, key=key, full=full, incremental=incremental)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def repository(chain: Chain, tmp_path: Path) -> Path:
    return Path(shutil.copytree(chain.repository, tmp_path / "repository"))


def restore(repository: Path, data: Path, *more: object, status: int = 0) -> str:
    done = run(
        "restore", "--repository", repository, "--data-directory", data, *more, status=status
    )
    return done.output if status == 0 else done.stderr


def statuses(repository: Path) -> dict[str, str]:
    return {each["id"]: each["status"] for each in listed(repository)}


def test_a_chain_with_its_key_is_restored(
    chain: Chain, repository: Path, data: Path, binaries: Path
) -> None:
    assert statuses(repository) == {chain.full: "ok", chain.incremental: "ok"}
    sound = told("verify", "--repository", repository, "--identity", chain.key)
    assert (sound["sound"], sound["segments"]) == (True, 2)
    restore(repository, data, "--identity", chain.key)
    with restored(data, binaries) as cluster:
        assert cluster.rows(COUNT) == [(30, 465)]


def test_a_lost_key_is_said_and_nothing_is_made(
    chain: Chain, repository: Path, data: Path, tmp_path: Path
) -> None:
    assert "is encrypted" in restore(repository, data, status=3)
    other = tmp_path / "other"
    other.write_text(generate()[1])
    assert "other keys" in restore(repository, data, "--identity", other, status=3)
    assert not data.exists()
    failed = told("drill", "--repository", repository, "--kind", "base", status=1)
    assert "is encrypted" in failed["checks"][0]["detail"]
    unread = run("verify", "--repository", repository)
    assert "there is no key" in unread.output
    everything = b"".join(path.read_bytes() for path in repository.rglob("*") if path.is_file())
    assert chain.key.read_bytes() not in everything


def test_after_a_change_of_keys_the_new_one_restores_all_and_the_old_one_nothing(
    chain: Chain, repository: Path, data: Path, binaries: Path, tmp_path: Path
) -> None:
    public, private = generate()
    new = tmp_path / "new"
    new.write_text(private)
    change = ("rekey", "--repository", repository, "--recipient", public)
    done = told(*change, "--identity", chain.key)
    assert [each["rekeyed"] for each in done["backups"]] == [True, True]
    assert done["wal"]
    assert told("verify", "--repository", repository, "--identity", chain.key)["sound"]
    told(*change, "--identity", new, "--drop-old")
    assert "other keys" in restore(repository, data, "--identity", chain.key, status=3)
    sound = told("verify", "--repository", repository, "--identity", new)
    assert (sound["sound"], sound["segments"]) == (True, 2)
    restore(repository, data, "--identity", new)
    with restored(data, binaries) as cluster:
        assert cluster.rows(COUNT) == [(30, 465)]


def test_a_missing_parent_makes_what_builds_upon_it_no_backup(
    chain: Chain, repository: Path, data: Path, binaries: Path
) -> None:
    shutil.rmtree(repository / "backups" / chain.full)
    assert statuses(repository) == {chain.incremental: "damaged"}
    assert "no whole base backup" in restore(repository, data, status=3)
    chosen = ("--id", chain.incremental, "--identity", chain.key)
    assert chain.full in restore(repository, data, *chosen, status=3)
    found = told("verify", "--repository", repository, *chosen, status=1)
    assert any(chain.full in problem for problem in found["problems"])
    assert not data.exists()


def test_a_damaged_parent_is_refused(chain: Chain, repository: Path, data: Path) -> None:
    (part,) = (repository / "backups" / chain.full).glob("base.*")
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    chosen = ("--id", chain.incremental, "--identity", chain.key)
    assert "damaged" in restore(repository, data, *chosen, status=3)
    found = told("verify", "--repository", repository, *chosen, status=1)
    assert any(problem.startswith(chain.full) for problem in found["problems"])
    assert not data.exists()


def test_retention_keeps_the_parent_and_its_wal(chain: Chain, repository: Path) -> None:
    few = ("--daily", 1, "--weekly", 0, "--monthly", 0, "--format", "json")
    done = json.loads(run("expire", "--repository", repository, *few).stdout)
    assert {each["id"] for each in done["kept"]} == {chain.full, chain.incremental}
    (log,) = done["wal"]
    assert log["base"] == chain.full


def test_a_manifest_or_an_archive_that_leads_elsewhere_is_refused(
    history: History, data: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(history.repository, tmp_path / "evil"))
    home = copy / "backups" / history.base
    manifest = decode((home / "manifest.json").read_bytes(), id=history.base)
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        member = tarfile.TarInfo("../../evil")
        member.size = 4
        archive.addfile(member, io.BytesIO(b"evil"))
    held.seek(0)
    with (home / "base.tar.zst").open("wb") as file:
        part = streams.store(held, file, name="base.tar.zst")
    kept = tuple(part if each.name == part.name else each for each in manifest.parts)
    (home / "manifest.json").write_bytes(encode(replace(manifest, parts=kept)))
    assert "does not belong there" in restore(copy, data, status=3)
    assert not data.exists()
    assert not list(tmp_path.rglob("evil/evil"))
    text = (home / "manifest.json").read_text()
    (home / "manifest.json").write_text(text.replace("base.tar.zst", "../base.tar.zst"))
    assert statuses(copy)[history.base] == "damaged"
    assert "no whole base backup" in restore(copy, data, status=3)


def test_a_wrong_password_ends_a_base_backup_at_once(
    querysafe_postgres: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = querysafe_postgres.cluster
    monkeypatch.setenv("PGPASSWORD", "no-such-secret")
    url = f"postgresql://postgres@{cluster.host}:{cluster.port}/postgres"
    where = ("--database", url, "--repository", tmp_path, "--kind", "base")
    said = run("create", *where, status=3).output
    assert "password authentication failed" in said
    assert "no-such-secret" not in said
    assert listed(tmp_path) == []
    kept = {path.parent.name for path in tmp_path.rglob("*") if path.is_file()}
    assert kept <= {"outcomes"}, "only that it failed is noted"


def test_tablespaces_are_refused_before_anything_is_stored(binaries: Path, tmp_path: Path) -> None:
    folder = place("spaces")
    (folder / "space").mkdir()
    shutil.chown(folder / "space", folder.stat().st_uid)
    cluster = initialised(folder, binaries, archive_mode="off")
    cluster.start()
    try:
        where = ("--database", cluster.dsn, "--repository", tmp_path, "--kind", "base")
        said = run("create", *where, "--incremental", status=3).output
        assert "summarize_wal is off" in said or "version 17 has them" in said
        cluster.rows(f"CREATE TABLESPACE other LOCATION '{folder / 'space'}'")
        said = run("create", *where, status=3).output
        assert 'no tablespaces beside the data directory; the cluster has "other"' in said
        assert "take logical backups" in said
        assert listed(tmp_path) == []
    finally:
        cluster.stop("immediate")
        shutil.rmtree(folder)
