"""Running a drill: restore into a throw-away cluster, look, measure, remember."""

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from querysafe.backup import catalog
from querysafe.backup.base import restore as directories
from querysafe.backup.base.recover import recovered
from querysafe.backup.base.target import Moment, choose
from querysafe.backup.drill import key_check
from querysafe.backup.drill.checks import Restored, look
from querysafe.backup.drill.place import place
from querysafe.backup.drill.result import FAILED, PASSED, SKIPPED, Check, Drill
from querysafe.backup.errors import RepositoryError
from querysafe.backup.keys import Identities
from querysafe.backup.logical import restore as databases
from querysafe.backup.logical.scratch import drop, name_for
from querysafe.backup.manifest import Manifest
from querysafe.backup.repository import Repository
from querysafe.backup.steps import Steps
from querysafe.errors import ProgramNotFound, QuerysafeError
from querysafe.postgres import server
from querysafe.postgres.programs import for_server
from querysafe.postgres.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a person asks of a drill."""

    server: str | None = None
    """URL of a server to restore a logical backup into; a throw-away one by default."""
    identities: Identities | None = None
    smoke: Sequence[Path] = ()
    smoke_database: str | None = None
    """Of a restored cluster, where to run them; by default the database that was named when it
    was backed up."""
    bin_directory: Path | None = None


def drill(
    repository: Repository,
    manifest: Manifest,
    *,
    moment: Moment | None = None,
    wishes: Wishes | None = None,
    steps: Steps | None = None,
) -> Drill:
    """Restore a backup elsewhere, look at everything, and note the result in the repository.

    Whatever goes wrong with the backup is a failed check; :class:`QuerysafeError` is raised
    only when the drill itself cannot be held, for want of a server or of the repository. What
    cannot be noted there is a skipped check, and no news to ``status``.
    """
    wishes, steps = wishes or Wishes(), steps or Steps()
    held = _Held(repository, manifest, moment, wishes, steps)
    result = held.logical() if manifest.kind == "logical" else held.base()
    keys = key_check.look(repository, manifest, wishes.identities)
    result = replace(result, checks=(*result.checks, *keys))
    try:
        catalog.note_drill(repository, manifest.id, result.to_json())
    except RepositoryError as error:
        # Whoever drills from a copy that he may not write to has drilled all the same.
        unnoted = Check(name="note", outcome=SKIPPED, detail=f"it is not noted: {error.message}")
        result = replace(result, checks=(*result.checks, unnoted))
    return result


class _Held:
    """One drill while it is held."""

    def __init__(
        self,
        repository: Repository,
        manifest: Manifest,
        moment: Moment | None,
        wishes: Wishes,
        steps: Steps,
    ) -> None:
        self._repository = repository
        self._manifest = manifest
        self._moment = moment or Moment()
        self._wishes = wishes
        self._steps = steps
        self._started = datetime.now(UTC)
        self._checks: list[Check] = []
        self._restored_in: float | None = None
        self._age = (self._started - manifest.started).total_seconds()

    def logical(self) -> Drill:
        with self._server() as target:
            began = time.monotonic()
            try:
                done = databases.restore(
                    self._repository,
                    self._manifest,
                    target,
                    databases.Wishes(
                        owner=self._wishes.server is None,
                        create_roles=self._wishes.server is None,
                        identities=self._wishes.identities,
                        bin_directory=self._wishes.bin_directory,
                    ),
                    self._steps,
                )
            except ProgramNotFound:
                raise
            except QuerysafeError as error:
                self._fail(error, began)
            else:
                compared = "counts and hashes" if done.hashed else "counts"
                self._passed(began, f"{done.tables} tables, {done.rows} rows: {compared} are equal")
                self._look(target, whole=True)
        return self._result("the backup")

    def base(self) -> Drill:
        with place() as work:
            began = time.monotonic()
            try:
                self._recover(work, began)
            except ProgramNotFound:
                raise
            except QuerysafeError as error:
                self._fail(error, began)
        return self._result(str(self._moment))

    def _recover(self, work: Path, began: float) -> None:
        wishes = self._wishes
        coverage = choose(
            self._repository, self._moment, id=self._manifest.id, identities=wishes.identities
        )
        self._age = (self._started - coverage.until).total_seconds()
        prepared = directories.restore(
            self._repository,
            coverage,
            self._moment,
            work / "data",
            directories.Wishes(identities=wishes.identities, bin_directory=wishes.bin_directory),
            self._steps,
        )
        work.chmod(0o711)
        major = int(prepared.server_version.partition(".")[0])
        with (
            self._steps.step("recover"),
            recovered(prepared.directory, major=major, bin_directory=wishes.bin_directory) as ready,
        ):
            target, reached = ready
            self._passed(
                began,
                f"recovery stopped {reached.stopped}; {prepared.segments} segments, "
                f"LSN {reached.lsn}",
            )
            with closing(target.connect(autocommit=True)) as connection:
                names = connection.execute(
                    "SELECT datname FROM pg_database WHERE datallowconn AND datname <> 'template1'"
                ).fetchall()
            for (name,) in names:
                self._look(target.to(name), whole=False)
            if wishes.smoke and (self._smokes_in,) not in names:
                self._checks.append(
                    Check(
                        name="smoke",
                        outcome=FAILED,
                        detail=f'there is no database "{self._smokes_in}" to run it in',
                    )
                )

    @property
    def _smokes_in(self) -> str:
        named = self._wishes.smoke_database or self._manifest.facts.get("database")
        return str(named or "postgres")

    def _look(self, target: Target, *, whole: bool) -> None:
        restored = Restored(
            target=target,
            manifest=self._manifest,
            bin_directory=self._wishes.bin_directory,
            smoke=self._wishes.smoke if whole or target.database == self._smokes_in else (),
        )
        with self._steps.step(f"look at {target.database}"):
            named = "" if whole else target.database
            self._checks += [replace(each, database=named) for each in look(restored, whole=whole)]

    def _passed(self, began: float, detail: str) -> None:
        self._restored_in = time.monotonic() - began
        self._checks.append(
            Check(name="restore", outcome=PASSED, detail=detail, seconds=self._restored_in)
        )

    def _fail(self, error: QuerysafeError, began: float) -> None:
        self._checks.append(
            Check(
                name="restore",
                outcome=FAILED,
                detail=str(error),
                seconds=time.monotonic() - began,
            )
        )

    def _result(self, moment: str) -> Drill:
        return Drill(
            backup=self._manifest.id,
            kind=self._manifest.kind,
            database=self._manifest.database,
            moment=moment,
            started=self._started,
            ended=datetime.now(UTC),
            checks=tuple(self._checks),
            restore_seconds=self._restored_in,
            age_seconds=self._age,
        )

    @contextmanager
    def _server(self) -> Iterator[Target]:
        """A database name on a server of its own, or a new one on the server that was named."""
        name = name_for(self._manifest.database or "backup", f"drill_{secrets.token_hex(4)}")
        if self._wishes.server is not None:
            target = Target.parse(self._wishes.server).to(name)
            with closing(Target.parse(self._wishes.server).connect(autocommit=True)) as connection:
                try:
                    yield target
                finally:
                    drop(connection, name)
            return
        major = int(self._manifest.server_version.partition(".")[0])
        program = for_server("postgres", major, bin_directory=self._wishes.bin_directory)
        with server(bin_directory=program.path.parent) as cluster:
            yield Target.parse(cluster.url(driver="")).to(name)
