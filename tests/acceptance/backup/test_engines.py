"""``--engine``: the real pgBackRest and Barman, on a cluster of PostgreSQL 15."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from querysafe.postgres.programs import SYSTEM
from tests.acceptance.backup.cluster import USER, Cluster, as_server, initialised, place
from tests.integration.backup.cli import run, told
from tests.requirements import require

BINARIES = SYSTEM / "15" / "bin"


@pytest.fixture
def folder() -> Iterator[Path]:
    require("postgresql-15", BINARIES.exists(), "apt-get install postgresql-15")
    made = place("engine")
    yield made
    shutil.rmtree(made, ignore_errors=True)


def needs(program: str) -> None:
    require(program, shutil.which(program) is not None, f"apt-get install {program}")


def given_back(repository: Path) -> None:
    """Let the servers' user own what root has written: it archives there."""
    if USER is not None:
        for path in repository.rglob("*"):
            shutil.chown(path, USER)


def filled(cluster: Cluster) -> None:
    cluster.rows("CREATE TABLE kept AS SELECT generate_series(1, 100) AS id")


@pytest.fixture
def pgbackrest(folder: Path) -> Iterator[tuple[Cluster, Path]]:
    needs("pgbackrest")
    config = folder / "pgbackrest.conf"
    command = f"pgbackrest --config={config} --stanza=shop archive-push %p"
    cluster = initialised(folder, BINARIES, archive_command=command)
    config.write_text(
        f"""[global]
repo1-path={folder / "repo"}
lock-path={folder / "lock"}
log-level-file=off
start-fast=y
repo1-retention-full=2
[shop]
pg1-path={cluster.data}
pg1-socket-path={cluster.sockets}
pg1-user=postgres
"""
    )
    for name in ("repo", "lock"):
        as_server(["mkdir", "-m", "777", folder / name])
    cluster.start()
    try:
        as_server(["pgbackrest", f"--config={config}", "--stanza=shop", "stanza-create"])
        filled(cluster)
        yield cluster, config
    finally:
        cluster.stop("immediate")


def restorable(drill: dict[str, Any]) -> datetime:
    """Until when a drill found that nothing would be lost."""
    return datetime.fromisoformat(drill["started"]) - timedelta(seconds=drill["rpo_seconds"])


@pytest.mark.soak
def test_backups_of_pgbackrest_are_made_listed_verified_and_drilled(
    pgbackrest: tuple[Cluster, Path], folder: Path
) -> None:
    cluster, config = pgbackrest
    engine = ("--engine", "pgbackrest", "--stanza", "shop", "--engine-config", config)
    assert told("list", *engine) == []
    run("verify", *engine, status=3)
    assert "there is no whole backup" in run("status", *engine, status=1).stdout
    full = told("create", *engine)
    given_back(folder / "repo")
    assert (full["status"], full["parent"], full["server_version"]) == ("ok", None, "15")
    incremental = told("create", *engine, "--incremental")
    given_back(folder / "repo")
    assert incremental["parent"] == full["id"]
    assert [each["id"] for each in told("list", *engine)] == [incremental["id"], full["id"]]
    refused = run("create", *engine, "--name", "nightly", status=3)
    assert "--name does not go with --engine pgbackrest" in refused.output
    stands = told("status", *engine)["databases"]
    assert [(each["newest"], each["backups"]) for each in stands] == [(incremental["id"], 2)]
    late = run("status", *engine, "--max-base-age", "0s", status=1).stdout
    assert "0 seconds are promised" in late
    assert "--max-age does not go" in run("status", *engine, "--max-age", "1h", status=3).output
    committing = cluster.now()
    cluster.rows("INSERT INTO kept SELECT generate_series(101, 150)")
    cluster.switch()
    smoke = folder / "smoke.sql"
    smoke.write_text("SELECT count(*) = 150 FROM kept;")
    held = told("drill", *engine, "--smoke", smoke, "--postgres-bin", BINARIES)
    assert restorable(held) >= committing
    outcomes = {check["name"]: check["outcome"] for check in held["checks"]}
    assert held["passed"], held
    assert outcomes["restore"] == outcomes["smoke"] == outcomes["amcheck"] == "passed"
    assert held["rto_seconds"] > 0
    smoke.write_text("SELECT count(*) = 151 FROM kept;")
    run("drill", *engine, "--smoke", smoke, "--postgres-bin", BINARIES, status=1)
    run("verify", *engine)
    stored = max((folder / "repo" / "backup").rglob("*.gz"), key=lambda path: path.stat().st_size)
    stored.write_bytes(stored.read_bytes()[:-100])
    assert told("verify", *engine, status=1)["problems"]
    broken = told("drill", *engine, "--postgres-bin", BINARIES, status=1)
    assert broken["checks"][0]["outcome"] == "failed"


@pytest.fixture
def barman(folder: Path) -> Iterator[tuple[Cluster, Path]]:
    needs("barman")
    home, config = folder / "barman", folder / "barman.conf"
    incoming = home / "shop" / "incoming"
    cluster = initialised(folder, BINARIES, archive_command=f"cp %p {incoming}/%f")
    conninfo = f"host={cluster.sockets} user=postgres dbname=postgres"
    config.write_text(
        f"""[barman]
barman_user=root
barman_home={home}
log_file={folder / "barman.log"}
[shop]
description=shop
conninfo={conninfo}
streaming_conninfo={conninfo}
backup_method=postgres
immediate_checkpoint=true
archiver=on
path_prefix={BINARIES}
"""
    )
    incoming.mkdir(parents=True)
    incoming.chmod(0o777)
    cluster.start()
    try:
        filled(cluster)
        # It makes its folders, and wants to have seen a segment before its first backup.
        subprocess.run(["barman", "-c", config, "check", "shop"], capture_output=True, check=False)
        cluster.switch()
        subprocess.run(
            ["barman", "-c", config, "archive-wal", "shop"], check=True, capture_output=True
        )
        yield cluster, config
    finally:
        cluster.stop("immediate")


@pytest.mark.skipif(os.geteuid() != 0, reason="barman is told to run as root")
def test_backups_of_barman_are_made_listed_verified_and_drilled(
    barman: tuple[Cluster, Path], folder: Path
) -> None:
    cluster, config = barman
    engine = ("--engine", "barman", "--server-name", "shop", "--engine-config", config)
    assert told("list", *engine) == []
    made = told("create", *engine)
    assert made["status"] == "ok"
    assert [each["id"] for each in told("list", *engine)] == [made["id"]]
    assert "every promise is kept" in run("status", *engine).stdout
    refused = run("create", *engine, "--incremental", status=3)
    assert "reuse_backup" in refused.output
    committing = cluster.now()
    cluster.rows("INSERT INTO kept SELECT generate_series(101, 150)")
    cluster.switch()
    subprocess.run(["barman", "-c", config, "archive-wal", "shop"], check=True, capture_output=True)
    smoke = folder / "smoke.sql"
    smoke.write_text("SELECT count(*) = 150 FROM kept;")
    held = told("drill", *engine, "--smoke", smoke, "--postgres-bin", BINARIES)
    assert held["passed"], held
    assert restorable(held) >= committing
    assert told("verify", *engine) == {"id": made["id"], "sound": True, "problems": []}
    table = max(
        (folder / "barman" / "shop" / "base").rglob("base/*/[0-9]*"),
        key=lambda path: path.stat().st_size,
    )
    table.write_bytes(table.read_bytes()[:-8192])
    assert told("verify", *engine, status=1)["problems"]


def test_an_engine_that_is_not_there_or_not_named_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    run("list", "--engine", "barman", status=2)
    run("list", status=2)
    monkeypatch.setenv("PATH", "/nowhere")
    missing = run("list", "--engine", "barman", "--server-name", "shop", status=3)
    assert '"barman" is not installed' in missing.output
