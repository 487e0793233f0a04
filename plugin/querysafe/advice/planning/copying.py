"""A schema carried from one database to another by PostgreSQL's own programs."""

import tempfile
from pathlib import Path

from querysafe.advice.planning import catalog as catalogs
from querysafe.advice.planning.errors import PlanningError
from querysafe.errors import ServerError
from querysafe.postgres import run
from querysafe.postgres.programs import for_server
from querysafe.postgres.target import Target

_WITHOUT = (
    "--schema-only",
    "--no-owner",
    "--no-privileges",
    "--no-comments",
    "--no-publications",
    "--no-subscriptions",
    "--no-security-labels",
    "--no-tablespaces",
    "--lock-wait-timeout=10s",
)
_SECONDS = 300.0


def copy_schema(source: Target, target: Target, *, bin_directory: Path | None = None) -> None:
    """Copy all that a role may read of a schema into an empty database.

    What the other server does not take, such as an extension that it lacks, is left out: who
    plans there compares what arrived. Raises :class:`PlanningError` and
    :class:`querysafe.errors.ProgramNotFound`.
    """
    with source.connect(autocommit=True) as connection:
        major = connection.info.server_version // 10000
        hidden = [
            f'--exclude-table="{each.table.schema}"."{each.table.name}"'
            for each in catalogs.read(connection).values()
            if not each.is_copyable
        ]
    dump = for_server("pg_dump", major, bin_directory=bin_directory)
    psql = for_server("psql", major, bin_directory=bin_directory)
    with tempfile.TemporaryDirectory(prefix="querysafe-schema-") as folder:
        file = Path(folder) / "schema.sql"
        try:
            with source.credentials() as environment:
                run(
                    dump,
                    [f"--dbname={source.conninfo}", f"--file={file}", *_WITHOUT, *hidden],
                    environment=environment,
                    timeout_seconds=_SECONDS,
                )
            with target.credentials() as environment:
                run(
                    psql,
                    [f"--dbname={target.conninfo}", "-X", "-q", f"--file={file}"],
                    environment={**environment, "PGOPTIONS": "-c client_min_messages=error"},
                    timeout_seconds=_SECONDS,
                )
        except ServerError as error:
            raise PlanningError(
                f'the schema of "{source}" cannot be copied: {source.without_secrets(error.message)}'
            ) from None
