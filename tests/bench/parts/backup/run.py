"""Every contestant in one run, and the targets."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from querysafe.backup.keys import generate
from tests.bench.part import Cell, Options, Table
from tests.bench.parts.backup.data import change
from tests.bench.parts.backup.scene import QUERYSAFE, Measured, Scene, scene, size_of

POUR = Path(__file__).resolve().parents[2] / "pour.py"
POURED = 905_000_000
TARGETS = (
    "logical backup to S3: at most 12 CPU s a GB, 150 MB of memory, 0.85 of pg_dump -Fc's size; "
    "drill of it: 35 CPU s a GB",
    "base backup: at most 1.3 times the CPU of pg_basebackup | zstd -3; "
    "its restore: 1.3 times that of plain extraction and start",
    "905 MB poured into S3: at most 100 MB of memory; idle WAL: at most 2 MB a day",
)


def run(options: Options) -> Sequence[Table]:
    """Build the database, let all run one after the other, compare."""
    progress = options.progress
    progress("backup: the database is built …")
    with scene(quick=options.quick) as place:
        progress(f"backup: {place.database_bytes / 1e6:.0f} MB on disk")
        measured: dict[str, Measured] = {}
        for group in (logical, base, wal_and_store):
            for each in group(place, options):
                measured[each.name] = each
                progress(f"backup: {' '.join(f'{k} {v}' for k, v in each.row().items())}")
        idle = idle_day(place) if "wal" in options.only or not options.only else None
    rows: list[dict[str, Cell]] = [each.row() for each in measured.values()]
    notes = [*TARGETS, "CPU of the S3 server is in no row; a drill's own server is in its client"]
    if idle is not None:
        notes.append(f"an idle segment takes {idle:.0f} bytes: {idle * 1440 / 1e6:.2f} MB a day")
    return [
        Table(
            title="backup: what backups and restores cost",
            rows=rows,
            notes=notes,
            misses=[] if options.quick else list(misses(measured, idle)),
        )
    ]


def logical(place: Scene, options: Options) -> Iterator[Measured]:
    """One database as an archive."""
    if options.only not in "logical":
        return
    dump, database = place.program("pg_dump"), f"--dbname={place.conninfo}"
    plain, packed = place.work / "plain.dump", place.work / "packed.dump.zst"
    yield place.measure("pg_dump -Fc", [dump, "-Fc", f"--file={plain}", database], plain)
    yield place.measure(
        "pg_dump -Fc -Z0 | zstd -3",
        f"'{dump}' -Fc -Z0 \"{database}\" | zstd -q -3 > {packed}",
        packed,
    )
    for path in (plain, packed):
        path.unlink()
    public, private = generate()
    key = place.work / "key.txt"
    key.write_text(private)
    command = [QUERYSAFE, "backup", "create", "--database", place.conninfo]
    stored = place.stored
    encrypted = [*command, "--repository", place.s3, "--recipient", public]
    yield place.measure("querysafe create, S3, encrypted", encrypted, stored)
    drill = [QUERYSAFE, "backup", "drill", "--repository", place.s3, "--identity", str(key)]
    yield place.measure("querysafe drill, logical", drill, client=False)
    verify = [QUERYSAFE, "backup", "verify", "--repository", place.s3, "--identity", str(key)]
    yield place.measure("querysafe verify", verify, client=False)
    yield place.measure("querysafe create, rows hashed as well", [*encrypted, "--hash"], stored)
    shutil.rmtree(stored)


def base(place: Scene, options: Options) -> Iterator[Measured]:
    """The whole cluster, and its restore."""
    if options.only not in "base":
        return
    repository = place.work / "repository"
    repository.mkdir()
    tar = place.work / "base.tar.zst"
    program, database = place.program("pg_basebackup"), f"--dbname={place.conninfo}"
    yield place.measure(
        "pg_basebackup -Ft -X fetch | zstd -3",
        f"'{program}' -Ft -X fetch -c fast -D - \"{database}\" | zstd -q -3 > {tar}",
        tar,
    )
    command = [QUERYSAFE, "backup", "create", "--kind", "base", "--database", place.conninfo]
    yield place.measure(
        "querysafe create --kind base", [*command, "--repository", str(repository)], repository
    )
    yield from _pgbackrest(place, options)
    restored = place.work / "plain"
    user = "" if os.geteuid() else "setpriv --reuid postgres --regid postgres --clear-groups "
    control, socket = place.program("pg_ctl"), place.sockets
    start = (
        f"{user}'{control}' -D {restored} -w -s -l /dev/null -o \"-c listen_addresses='' "
        f'-c unix_socket_directories={socket} -p 5999 -c archive_mode=off"'
    )
    asked = f"'{place.program('psql')}' -qXAt -h {socket} -p 5999 -U postgres"
    yield place.measure(
        "zstd -dc | tar x, start, first query, stop",
        f"mkdir -m 700 {restored} && zstd -dcq {tar} | tar x -C {restored} "
        + (f"&& chown -R postgres {restored} " if user else "")
        + f"&& {start} start && {asked} -c 'SELECT count(*) FROM pgbench_branches' bench"
        f" && {start} -m fast stop",
        restored,
        client=False,
    )
    shutil.rmtree(restored)
    command = [QUERYSAFE, "backup", "restore", "--repository", str(repository)]
    target = place.work / "restored"
    yield place.measure(
        "querysafe restore --to-latest --recover",
        [*command, "--data-directory", str(target), "--to-latest", "--recover"],
        target,
        client=False,
    )
    shutil.rmtree(target)
    tar.unlink()


def _pgbackrest(place: Scene, options: Options) -> Iterator[Measured]:
    program = shutil.which("pgbackrest")
    if program is None:
        options.progress("backup: pgbackrest is not installed and takes no part")
        return
    home = place.work / "pgbackrest"
    home.mkdir()
    common = [
        program,
        "--stanza=bench",
        f"--repo1-path={home / 'repo'}",
        f"--lock-path={home / 'lock'}",
        f"--log-path={home}",
        "--log-level-console=error",
        "--log-level-file=off",
        f"--pg1-path={place.data}",
        f"--pg1-port={place.cluster.port}",
        f"--pg1-socket-path={place.sockets}",
        "--pg1-user=postgres",
        "--compress-type=zst",
        "--compress-level=3",
        "--start-fast",
        "--no-archive-check",
    ]
    subprocess.run(
        [each for each in [*common, "stanza-create"] if not _of_backup(each)],
        env=dict(place.environment),
        check=True,
        capture_output=True,
    )
    repo = home / "repo" / "backup"
    yield place.measure("pgbackrest full, zst 3", [*common, "--type=full", "backup"], repo)
    change(place.database, 5000)
    yield place.measure("pgbackrest incr, 5,000 tx later", [*common, "--type=incr", "backup"], repo)
    shutil.rmtree(home)


def _of_backup(option: str) -> bool:
    names = ("--compress-type", "--compress-level", "--start-fast", "--no-archive-check")
    return option.startswith(names)


def wal_and_store(place: Scene, options: Options) -> Iterator[Measured]:
    """A stream without an end into the store."""
    if options.only not in "store":
        return
    count = POURED // (10 if options.quick else 1)
    poured = place.work / "s3" / "bucket" / "pour"
    command = [sys.executable, str(POUR), "s3://bucket/pour", str(count)]
    yield place.measure(f"{count // 1_000_000} MB poured into S3", command, poured)
    shutil.rmtree(poured)


def idle_day(place: Scene) -> float:
    """Bytes that a segment takes in the archive when a switch is all that happened."""
    repository = place.work / "idle"
    repository.mkdir()
    repository.chmod(0o777)
    sizes = []
    for _ in range(3):
        name = place.execute(
            "SELECT pg_walfile_name(lsn) FROM (SELECT pg_switch_wal() AS lsn, "
            "pg_create_restore_point('idle')) AS switched"
        )[0]
        before = size_of(repository)
        push = [QUERYSAFE, "backup", "wal-push", str(place.data / "pg_wal" / name)]
        subprocess.run(
            [*push, "--repository", str(repository)],
            env=dict(place.environment),
            check=True,
            capture_output=True,
        )
        sizes.append(size_of(repository) - before)
    return max(sizes)


def misses(measured: dict[str, Measured], idle: float | None) -> Iterator[str]:
    """The targets that were not reached."""
    limits = (
        ("querysafe create, S3, encrypted", "cpu_seconds_per_gb", 12.0),
        ("querysafe create, S3, encrypted", "peak_bytes", 150e6),
        ("querysafe drill, logical", "cpu_seconds_per_gb", 35.0),
        (f"{POURED // 1_000_000} MB poured into S3", "peak_bytes", 100e6),
    )
    for name, what, limit in limits:
        if name in measured and (found := getattr(measured[name], what)) > limit:
            yield f"{name}: {what} {found:.1f}, {limit:.0f} is the target"
    ratios = (
        ("querysafe create, S3, encrypted", "pg_dump -Fc", "size_bytes", 0.85),
        (
            "querysafe create --kind base",
            "pg_basebackup -Ft -X fetch | zstd -3",
            "cpu_seconds",
            1.3,
        ),
        (
            "querysafe restore --to-latest --recover",
            "zstd -dc | tar x, start, first query, stop",
            "cpu_seconds",
            1.3,
        ),
    )
    for name, other, what, limit in ratios:
        if name in measured and other in measured:
            ratio = getattr(measured[name], what) / getattr(measured[other], what)
            if ratio > limit:
                yield f"{name}: {what} {ratio:.2f} times {other}, {limit} is the target"
    if idle is not None and idle * 1440 > 2e6:
        yield f"idle WAL: {idle * 1440 / 1e6:.1f} MB a day, 2 is the target"
