"""What networks and stores do to a backup."""

import os
import signal
from pathlib import Path

import pytest

from querysafe.backup.keys import generate
from tests.acceptance.faults.bench import Bench
from tests.acceptance.faults.proxy import Proxy, Request
from tests.integration.backup.s3 import BUCKET, SECRET, Store
from tests.integration.postgres.conftest import eventually

NOISE = (
    "CREATE TABLE noise AS SELECT i, gen_random_uuid()::text || gen_random_uuid() "
    "|| gen_random_uuid() || gen_random_uuid() AS n FROM generate_series(1, 170000) AS i"
)
"""More than one part of an upload, after compression."""


@pytest.fixture
def large(remote: Bench) -> Bench:
    remote.sql(NOISE)
    return remote


def left(s3: Store, bench: Bench) -> list[str]:
    """What the bucket holds of a bench, but for notes of a backup that is whole."""
    folder = f"{BUCKET}/{bench.database}/"
    return [name for name in s3.files() if name.startswith(folder) and "/outcomes/" not in name]


def aborted(proxy: Proxy) -> bool:
    """Whether as many uploads were completed or aborted as were begun."""
    begun = [each for each in proxy.requests if each.method == "POST" and "?uploads" in each.path]
    over = [
        each
        for each in proxy.requests
        if "uploadId=" in each.path and (each.method in ("DELETE", "POST"))
    ]
    return len(over) >= len(begun)


def test_a_backup_in_s3_restores(remote: Bench, s3: Store) -> None:
    remote.create()
    remote.run("verify", "--repository", remote.repository)
    remote.run(*remote.restoring("_new"))
    assert remote.content("_new") == remote.content()
    assert len([name for name in left(s3, remote) if name.endswith(".zst")]) == 3
    assert not [name for name in left(s3, remote) if "leases" in name]


def test_a_store_that_fails_now_and_then_is_tried_again(remote: Bench, proxy: Proxy) -> None:
    proxy.harm = lambda request: "500" if request.number % 3 == 1 else None
    remote.create()
    remote.run(*remote.restoring("_new"))
    assert remote.content("_new") == remote.content()


@pytest.mark.soak
def test_a_slow_store_is_waited_for(large: Bench, proxy: Proxy) -> None:
    proxy.harm = lambda request: "slow" if request.is_part else None
    large.create()
    assert any(request.is_part for request in proxy.requests)


@pytest.mark.parametrize(
    ("harm", "cause"),
    [
        ("500", "failed inside"),
        ("cut", "connection was cut"),
        pytest.param("stall", "did not answer in time", marks=pytest.mark.soak),
    ],
)
def test_a_store_that_keeps_failing_is_named_and_nothing_is_listed(
    remote: Bench, proxy: Proxy, s3: Store, harm: str, cause: str
) -> None:
    proxy.harm = lambda request: harm if request.method == "PUT" and request.is_of_data else None
    ended = remote.run(*remote.creating(), status=3)
    assert cause in ended.stderr
    assert ended.seconds < 90
    proxy.harm = lambda _request: None
    assert remote.listed() == []
    assert left(s3, remote) == []
    remote.assert_quiet()


def test_an_upload_that_is_cut_in_its_middle_is_aborted(
    large: Bench, proxy: Proxy, s3: Store
) -> None:
    proxy.harm = lambda request: (
        "cut" if request.is_part and "partNumber=2" in request.path else None
    )
    ended = large.run(*large.creating(), status=3)
    assert "connection was cut" in ended.stderr
    proxy.harm = lambda _request: None
    assert aborted(proxy)
    assert left(s3, large) == []
    assert large.listed() == []
    large.assert_quiet()


def test_a_killed_upload_is_swept_by_the_next_backup(large: Bench, proxy: Proxy, s3: Store) -> None:
    proxy.harm = lambda request: (
        "stall" if request.is_part and "partNumber=2" in request.path else None
    )
    running = large.start(*large.creating())
    assert eventually(lambda: any("partNumber=2" in each.path for each in proxy.requests))
    os.kill(running.pid, signal.SIGKILL)
    running.communicate()
    assert large.ok() == []
    proxy.harm = lambda _request: None
    large.sql("DROP TABLE noise")
    large.create()
    assert aborted(proxy)
    assert len(large.listed()) == 1
    large.assert_quiet()


def test_a_download_that_is_cut_goes_on(remote: Bench, proxy: Proxy) -> None:
    remote.sql("CREATE TABLE long AS SELECT gen_random_uuid() AS n FROM generate_series(1, 3000)")
    remote.create()

    def first_only(request: Request) -> str | None:
        is_first = request.method == "GET" and "database.dump" in request.path
        return "cut answer" if is_first and request.number < 12 else None

    proxy.harm = first_only
    remote.run(*remote.restoring("_new"))
    assert remote.content("_new") == remote.content()


@pytest.mark.soak
def test_a_download_that_is_always_cut_leaves_the_target(remote: Bench, proxy: Proxy) -> None:
    remote.sql("CREATE TABLE long AS SELECT gen_random_uuid() AS n FROM generate_series(1, 9000)")
    remote.create()
    proxy.harm = lambda request: "cut answer" if "database.dump" in request.path else None
    ended = remote.run(*remote.restoring("_new"), status=3)
    assert "cut" in ended.stderr
    assert remote.databases() == {remote.database}
    remote.assert_quiet()


@pytest.mark.parametrize("fault", ["bucket", "secret", "key", "port", "no credentials"])
def test_a_wrong_store_is_named_at_once(remote: Bench, fault: str) -> None:
    repository, environment = remote.repository, {}
    wrong = "a-wrong-secret-key"
    if fault == "bucket":
        repository, cause = "s3://nobucket/x", "bucket does not exist"
    elif fault == "secret":
        environment, cause = {"AWS_SECRET_ACCESS_KEY": wrong}, "denied"
    elif fault == "key":
        environment, cause = {"AWS_ACCESS_KEY_ID": "nobody"}, "denied"
    elif fault == "port":
        environment, cause = {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}, "connection refused"
    else:
        environment = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
        environment |= {"AWS_EC2_METADATA_DISABLED": "true"}
        cause = "credentials"
    words = ("create", "--database", remote.url(), "--repository", repository)
    ended = remote.run(*words, status=3, **environment)
    assert cause in ended.stderr
    assert SECRET not in ended.said
    assert wrong not in ended.said
    assert ended.seconds < 30
    remote.run("list", "--repository", repository, status=3, **environment)


def test_a_signal_in_the_middle_of_an_upload_aborts_it(
    large: Bench, proxy: Proxy, s3: Store
) -> None:
    proxy.harm = lambda request: "slow" if request.is_part else None
    running = large.start(*large.creating())
    assert eventually(lambda: any(each.is_part for each in proxy.requests))
    os.kill(running.pid, signal.SIGTERM)
    assert large.end(running, seconds=40).status == 128 + signal.SIGTERM
    proxy.harm = lambda _request: None
    assert aborted(proxy)
    assert left(s3, large) == []
    large.assert_quiet()


def test_retention_works_on_a_bucket_and_leaves_what_others_put_there(
    remote: Bench, s3: Store
) -> None:
    for _ in range(3):
        remote.create()
    folder = Path(s3.root, BUCKET, remote.database)
    newest, *_ = (each["id"] for each in remote.ok())
    (folder / "photo.jpg").write_bytes(b"mine")
    (folder / "backups" / newest / "notes.txt").write_bytes(b"mine")
    words = ("expire", "--repository", remote.repository, "--daily", 1, "--weekly", 0)
    remote.run(*words, "--monthly", 0)
    assert [each["id"] for each in remote.ok()] == [newest]
    assert (folder / "photo.jpg").read_bytes() == b"mine"
    assert (folder / "backups" / newest / "notes.txt").read_bytes() == b"mine"


@pytest.mark.soak
def test_a_flipped_bit_in_a_bucket_is_seen(remote: Bench, s3: Store) -> None:
    remote.create()
    for path in Path(s3.root, BUCKET, remote.database).glob("backups/*/*"):
        data = bytearray(path.read_bytes())
        data[len(data) // 3] ^= 16
        kept = path.read_bytes()
        path.write_bytes(data)
        remote.run("verify", "--repository", remote.repository, status=(1, 3))
        path.write_bytes(kept)


@pytest.mark.soak
def test_a_change_of_keys_that_the_store_refuses_is_gone_on_with(
    remote: Bench, proxy: Proxy, tmp_path: Path
) -> None:
    pairs = [generate(), generate()]
    old, new = (tmp_path / "old", tmp_path / "new")
    for path, (_, private) in zip((old, new), pairs, strict=True):
        path.write_text(private)
    for _ in range(2):
        remote.create("--recipient", pairs[0][0])
    change = ("rekey", "--repository", remote.repository, "--recipient", pairs[1][0])
    dropping = (*change, "--identity", new, "--drop-old")

    def only_one(request: Request) -> str | None:
        puts = [each for each in proxy.requests if each.method == "PUT" and "/key-" in each.path]
        return (
            "500" if len(puts) > 3 and request.method == "PUT" and "/key-" in request.path else None
        )

    proxy.harm = only_one
    assert "failed inside" in remote.run(*change, "--identity", old, status=3).stderr
    proxy.harm = lambda _: None
    said = remote.run(*dropping, status=1).stderr
    assert "other keys" in said, "what has no new wrap keeps its old one"
    remote.run(*change, "--identity", old)
    proxy.harm = lambda request: "500" if request.method == "DELETE" else None
    remote.run(*dropping, status=3)
    proxy.harm = lambda _: None
    remote.run(*dropping)
    remote.run(*remote.restoring("_old", "--identity", old), status=3)
    remote.run(*remote.restoring("_new", "--identity", new))
    assert remote.content("_new") == remote.content()
