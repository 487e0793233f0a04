"""Changing keys: at every moment what was stored opens with a key that somebody holds."""

import hashlib
import io
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from querysafe.backup import catalog, data_key, streams
from querysafe.backup.drill import key_check
from querysafe.backup.errors import BackupError, Busy, DamagedBackup, KeyMissing
from querysafe.backup.keys import Identities, Recipients, generate
from querysafe.backup.lease import lease
from querysafe.backup.logical.restore import read_part
from querysafe.backup.manifest import Manifest, encode, new_id
from querysafe.backup.rekey import PURPOSE, Change, Wishes, rekey
from querysafe.backup.repository import Repository, open_repository
from querysafe.backup.repository.directory import DirectoryRepository
from querysafe.backup.verify import verify
from querysafe.backup.wal import archive
from tests.integration.backup.cli import run, told
from tests.integration.backup.s3 import BUCKET
from tests.integration.backup.test_archive import NAME, segment
from tests.unit.backup.test_manifest import SOUND

RAW = b"what was backed up " * 1000


@dataclass(frozen=True)
class Key:
    """A pair of keys."""

    public: str
    private: str = field(repr=False)

    @property
    def recipients(self) -> Recipients:
        return Recipients.parse([self.public])

    @property
    def identities(self) -> Identities:
        return Identities.of(self.private)

    def file(self, folder: Path, *more: "Key") -> Path:
        path = folder / f"{self.public[:12]}-{len(more)}.txt"
        path.write_text("".join(f"{key.private}\n" for key in (self, *more)))
        return path


@cache
def key(number: int) -> Key:
    return Key(*generate())


OLD, NEW, OTHER = key(0), key(1), key(2)


@pytest.fixture(params=["directory", "S3"])
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Repository:
    if request.param == "directory":
        return local(tmp_path)
    request.getfixturevalue("s3_environment")
    return open_repository(f"s3://{BUCKET}/{secrets.token_hex(8)}")


def local(folder: Path) -> Repository:
    return open_repository(str(folder / "store"), create=True)


def backup(repository: Repository, recipients: Recipients | None, *, old: bool = False) -> Manifest:
    """Store a backup; an ``old`` one has no data key."""
    id = new_id(SOUND.started)
    keys = recipients if old else data_key.make(repository, id, recipients)
    name = "files.json.zst" + (".age" if keys else "")
    with repository.create(catalog.place(id, name)) as writer:
        part = streams.store(io.BytesIO(RAW), writer, name=name, recipients=keys)
    manifest = replace(
        SOUND,
        id=id,
        kind="base",
        parts=(part,),
        encryption="age" if keys else "none",
        data_key=None if old or keys is None else keys.names[0],
    )
    catalog.publish(repository, manifest)
    return manifest


def opens(repository: Repository, manifest: Manifest, with_: Key) -> bool:
    try:
        found = read_part(repository, manifest, manifest.part("files"), with_.identities)
    except KeyMissing:
        return False
    assert found == RAW
    return True


def changed(repository: Repository, to: Key, given: Key, *, drop_old: bool = False) -> Change:
    """Change the only backup's key."""
    wishes = Wishes(recipients=to.recipients, identities=given.identities, drop_old=drop_old)
    (found,) = rekey(repository, wishes).backups
    return found


def test_old_and_new_key_open_it_until_the_old_wrap_is_dropped(repository: Repository) -> None:
    manifest = backup(repository, OLD.recipients)
    place = catalog.place(manifest.id, manifest.parts[0].name)
    before = repository.read(place)
    assert (opens(repository, manifest, OLD), opens(repository, manifest, NEW)) == (True, False)
    assert changed(repository, NEW, OLD).is_new
    assert (opens(repository, manifest, OLD), opens(repository, manifest, NEW)) == (True, True)
    assert len(changed(repository, NEW, NEW, drop_old=True).dropped) == 1
    assert (opens(repository, manifest, OLD), opens(repository, manifest, NEW)) == (False, True)
    assert changed(repository, NEW, NEW, drop_old=True) == Change(subject=manifest.id)
    assert repository.read(place) == before, "its parts are not touched"
    assert catalog.listing(repository)[0].status == "ok"
    assert verify(repository, manifest, identities=NEW.identities, wal=False).is_sound
    assert verify(repository, manifest, wal=False).is_sound
    catalog.remove(repository, manifest.id)
    assert not list(repository.entries("backups/"))


def test_a_wrong_key_changes_nothing_and_is_said(repository: Repository) -> None:
    manifest = backup(repository, OLD.recipients)
    before = [each.name for each in repository.entries()]
    assert "other keys" in str(changed(repository, NEW, OTHER).problem)
    with pytest.raises(KeyMissing, match="none of the given keys opens"):
        changed(repository, NEW, OLD, drop_old=True)
    assert [each.name for each in repository.entries()] == before
    assert opens(repository, manifest, OLD)


def test_the_wal_archive_opens_with_the_new_key(repository: Repository, tmp_path: Path) -> None:
    path = segment(tmp_path / "pg_wal")
    plain = segment(tmp_path / "pg_wal", name=NAME[:-1] + "4", number=4)
    archive.push(repository, path, recipients=OLD.recipients)
    archive.push(repository, plain)

    def fetched(given: Key) -> bool:
        try:
            found = archive.fetch(repository, archive.find(repository, NAME), given.identities)
        except KeyMissing:
            return False
        return found == path.read_bytes()

    wishes = Wishes(recipients=NEW.recipients, identities=OLD.identities)
    assert rekey(repository, wishes).wal == (Change(subject=NAME, is_new=True),)
    assert rekey(repository, wishes).wal == (Change(subject=NAME),)
    assert (fetched(OLD), fetched(NEW), fetched(OTHER)) == (True, True, False)
    assert [file.name for file in archive.files(repository, "77")] == [NAME, plain.name]
    assert archive.push(repository, path, recipients=NEW.recipients)[1], "it is known as one file"
    dropping = replace(wishes, identities=NEW.identities, drop_old=True)
    assert len(rekey(repository, replace(dropping, dry_run=True)).wal[0].dropped) == 1
    assert (fetched(OLD), fetched(NEW)) == (True, True)
    assert len(rekey(repository, dropping).wal[0].dropped) == 1
    assert (fetched(OLD), fetched(NEW)) == (False, True)
    assert archive.fetch(repository, archive.find(repository, plain.name)) == plain.read_bytes()


def test_a_damaged_copy_of_a_segment_is_passed_over(tmp_path: Path) -> None:
    repository = local(tmp_path)
    path = segment(tmp_path / "pg_wal")
    archive.push(repository, path, recipients=OLD.recipients)
    rekey(repository, Wishes(recipients=NEW.recipients, identities=OLD.identities))
    both = Identities.read(OLD.file(tmp_path, NEW))
    for copy in archive.find(repository, NAME).copies:
        data = repository.read(copy.object)
        repository.replace(copy.object, data[:-1])
        assert archive.fetch(repository, archive.find(repository, NAME), both) == path.read_bytes()
        repository.replace(copy.object, data)
    for copy in archive.find(repository, NAME).copies:
        repository.replace(copy.object, repository.read(copy.object)[:-1])
    with pytest.raises(DamagedBackup):
        archive.fetch(repository, archive.find(repository, NAME), both)


def test_a_backup_without_a_data_key_is_named_and_left(tmp_path: Path) -> None:
    repository = local(tmp_path)
    manifest = backup(repository, OLD.recipients, old=True)
    assert b'"version": 1' in encode(manifest)
    assert "older than data keys" in str(changed(repository, NEW, OLD).problem)
    assert opens(repository, manifest, OLD)
    assert verify(repository, manifest, identities=OLD.identities, wal=False).is_sound
    plain = backup(repository, None)
    wishes = Wishes(recipients=NEW.recipients, identities=OLD.identities, id=plain.id)
    assert rekey(repository, wishes).backups == (), "what is not encrypted stays so"


def test_keys_of_several_make_one_repository(tmp_path: Path) -> None:
    repository = local(tmp_path)
    first, second = backup(repository, OLD.recipients), backup(repository, OTHER.recipients)
    both = Identities.read(OLD.file(tmp_path, OTHER))
    recipients = Recipients.parse([NEW.public, OTHER.public])
    done = rekey(repository, Wishes(recipients=recipients, identities=both, drop_old=True))
    assert not done.problems
    for manifest in (first, second):
        opened = [opens(repository, manifest, each) for each in (OLD, NEW, OTHER)]
        assert opened == [False, True, True]
    assert recipients.fingerprint == Recipients.parse([OTHER.public, NEW.public] * 2).fingerprint, (
        "the order does not count"
    )


@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(max_examples=15, deadline=None)
def test_a_flipped_bit_in_the_wrap_is_found_with_and_without_a_key(where: float, bit: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repository = local(Path(folder))
        manifest = backup(repository, OLD.recipients)
        (wrap,) = data_key.wraps(repository, manifest.id)
        data = bytearray(repository.read(wrap.object))
        data[int(where * len(data))] ^= 1 << bit
        repository.replace(wrap.object, bytes(data))
        with pytest.raises(DamagedBackup, match="not what was stored"):
            data_key.opened(repository, manifest, OLD.identities)
        for identities in (None, OLD.identities):
            found = verify(repository, manifest, identities=identities, wal=False)
            assert found.is_damaged
        assert "not what was stored" in str(changed(repository, NEW, OLD).problem)


def test_one_damaged_wrap_is_said_and_the_other_opens_and_mends_it(tmp_path: Path) -> None:
    repository = local(tmp_path)
    manifest = backup(repository, OLD.recipients)
    changed(repository, NEW, OLD)
    (damaged,) = (
        each
        for each in data_key.wraps(repository, manifest.id)
        if each.recipients == NEW.recipients.fingerprint
    )
    repository.replace(damaged.object, b"no key")
    assert opens(repository, manifest, OLD)
    assert verify(repository, manifest, identities=OLD.identities, wal=False).is_damaged
    both = Identities.read(OLD.file(tmp_path, NEW))
    done = rekey(repository, Wishes(recipients=NEW.recipients, identities=both, drop_old=True))
    assert damaged.object in done.backups[0].dropped
    assert verify(repository, manifest, identities=NEW.identities, wal=False).is_sound


def test_the_wrap_of_another_backup_is_refused(tmp_path: Path) -> None:
    repository = local(tmp_path)
    manifest, other = backup(repository, OLD.recipients), backup(repository, OLD.recipients)
    (own,), (wrong,) = (data_key.wraps(repository, each.id) for each in (manifest, other))
    repository.put_once(wrong.object.replace(other.id, manifest.id), repository.read(wrong.object))
    assert opens(repository, manifest, OLD), "its own wrap is there still"
    repository.delete(own.object)
    with pytest.raises(DamagedBackup, match="the key of another backup"):
        opens(repository, manifest, OLD)
    forged = b"AGE-SECRET-KEY-NONE"
    held = io.BytesIO()
    OLD.recipients.encrypt(io.BytesIO(forged), held)
    digest = hashlib.sha256(held.getvalue()).hexdigest()[:16]
    repository.put_once(catalog.place(other.id, f"key-{'0' * 16}-{digest}.age"), held.getvalue())
    repository.delete(wrong.object)
    with pytest.raises(DamagedBackup, match="holds no key"):
        opens(repository, other, OLD)


def test_a_backup_whose_wraps_are_gone_is_not_whole(tmp_path: Path) -> None:
    repository = local(tmp_path)
    manifest = backup(repository, OLD.recipients)
    (wrap,) = data_key.wraps(repository, manifest.id)
    repository.delete(wrap.object)
    (listed,) = catalog.listing(repository)
    assert (listed.status, listed.problem) == ("damaged", "its wrapped key is missing")
    with pytest.raises(DamagedBackup, match="is missing"):
        opens(repository, manifest, OLD)
    assert verify(repository, manifest, wal=False).is_damaged


def test_a_backup_that_dies_leaves_no_key(tmp_path: Path) -> None:
    repository = local(tmp_path)
    id = new_id(SOUND.started)
    data_key.make(repository, id, OLD.recipients)
    assert len(catalog.discard(repository, id)) == 1
    assert not list(repository.entries())


def test_a_drill_says_which_other_backups_its_key_does_not_open(tmp_path: Path) -> None:
    repository = local(tmp_path)
    first = backup(repository, OLD.recipients)
    assert list(key_check.look(repository, first, OLD.identities)) == [], "there is no other"
    second = backup(repository, NEW.recipients)
    (said,) = key_check.look(repository, second, NEW.identities)
    assert (said.name, said.outcome) == ("keys", "skipped")
    assert first.id in said.detail
    both = Identities.read(OLD.file(tmp_path, NEW))
    rekey(repository, Wishes(recipients=NEW.recipients, identities=both))
    (said,) = key_check.look(repository, second, NEW.identities)
    assert said.outcome == "passed"
    plain = backup(repository, None)
    assert list(key_check.look(repository, plain, None)) == []


def test_one_changes_keys_at_a_time(tmp_path: Path) -> None:
    repository = local(tmp_path)
    backup(repository, OLD.recipients)
    with lease(repository, PURPOSE), pytest.raises(Busy):
        changed(repository, NEW, OLD)
    assert changed(repository, NEW, OLD).is_new


class Killed(BaseException):
    """The process ends here."""


class Dying(DirectoryRepository):
    """A directory whose writer is killed after so many writes and deletions of keys."""

    lives = 0

    def _live(self, name: str) -> None:
        if name.startswith("backups/"):
            if self.lives == 0:
                raise Killed
            self.lives -= 1

    def put_once(self, name: str, data: bytes) -> None:
        self._live(name)
        super().put_once(name, data)

    def delete(self, name: str) -> None:
        self._live(name)
        super().delete(name)


@given(
    changes=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 3), st.booleans(), st.integers(0, 7)),
        max_size=6,
    )
)
@settings(max_examples=12, deadline=None)
def test_whatever_is_changed_and_killed_a_key_that_opened_it_last_still_does(
    changes: list[tuple[int, int, bool, int]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repository = local(Path(folder))
        made = [backup(repository, key(0).recipients) for _ in range(2)]
        opening = [{0} for _ in made]
        for to, given_key, drop_old, lives in changes:
            dying = Dying(Path(repository.location))
            dying.lives = lives
            identities = Identities.read(key(given_key).file(Path(folder), key(to)))
            try:
                rekey(
                    dying,
                    Wishes(recipients=key(to).recipients, identities=identities, drop_old=drop_old),
                )
            except Killed:
                pass
            else:
                for known in opening:
                    if known & {to, given_key}:
                        known.add(to)
                        if drop_old:
                            known.intersection_update({to})
                continue
            for number, manifest in enumerate(made):
                found = {each for each in range(4) if opens(repository, manifest, key(each))}
                assert found, "nobody can open it"
                assert found <= opening[number] | {to}
                assert found >= opening[number] or to in found
                opening[number] = found
        for known, manifest in zip(opening, made, strict=True):
            found = {each for each in range(4) if opens(repository, manifest, key(each))}
            assert found == known


def killed_in_the_middle(folder: Path, words: list[str], before: int) -> int:
    """Start a change, kill it at the first new wrap, and tell how many there are."""
    running = subprocess.Popen([sys.executable, "-m", "querysafe", "backup", *words])
    until = time.monotonic() + 60
    while running.poll() is None and time.monotonic() < until:
        if len(list(folder.rglob("key-*.age"))) > before:
            break
        time.sleep(0.001)
    running.send_signal(signal.SIGKILL)
    running.wait()
    return len(list(folder.rglob("key-*.age")))


def test_a_change_that_is_killed_is_gone_on_with_by_the_next(tmp_path: Path) -> None:
    repository = local(tmp_path)
    made = [backup(repository, OLD.recipients) for _ in range(25)]
    words = ["rekey", "--repository", repository.location, "--recipient", NEW.public]
    words += ["--identity", str(OLD.file(tmp_path))]
    there = killed_in_the_middle(Path(repository.location), words, len(made))
    assert all(opens(repository, manifest, OLD) for manifest in made)
    assert sum(opens(repository, manifest, NEW) for manifest in made) == there - len(made)
    done = told(*words)
    assert sum(each["rekeyed"] for each in done["backups"]) == 2 * len(made) - there
    assert all(opens(repository, manifest, NEW) for manifest in made)


def test_the_command_says_what_it_did_and_fails_when_something_is_left(tmp_path: Path) -> None:
    repository = local(tmp_path)
    where = ("rekey", "--repository", repository.location)
    to, old = ("--recipient", NEW.public), ("--identity", OLD.file(tmp_path))
    assert run(*where, *to, *old).stdout == "nothing is encrypted\n"
    manifest = backup(repository, OLD.recipients)
    archive.push(repository, segment(tmp_path / "pg_wal"), recipients=OLD.recipients)
    tried = run(*where, *to, *old, "--dry-run").stdout
    assert f"{manifest.id}: would be wrapped anew" in tried
    assert not opens(repository, manifest, NEW)
    done = run(*where, *to, *old).stdout
    assert f"{manifest.id}: wrapped anew" in done
    assert "WAL: 1 files encrypted anew, 0 have the new key" in done
    assert "--identity" in run(*where, *to, *old, "--drop-old", status=3).stderr
    new = ("--identity", NEW.file(tmp_path))
    dropped = told(*where, *to, *new, "--drop-old", "--id", manifest.id)
    assert (len(dropped["backups"][0]["dropped"]), dropped["wal"]) == (1, [])
    assert "rid of" not in run(*where, *to, *new, "--drop-old").stdout
    backup(repository, OTHER.recipients)
    left = run(*where, *to, *new, status=1)
    assert "other keys" in left.stdout
    assert "other keys" in left.stderr
    assert "--identity" in run(*where, *to, status=2).stderr
    with pytest.raises(BackupError, match="no public key"):
        Recipients.parse(["age1nobody"])
