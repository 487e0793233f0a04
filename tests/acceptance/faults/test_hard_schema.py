"""A database with everything that restores are known to lose is the same afterwards."""

import secrets
from pathlib import Path

import pytest

from tests.acceptance.faults.bench import Bench
from tests.integration.backup.extensions import AVAILABLE, adapted, wanted
from tests.requirements import require

HARD = (Path(__file__).parent / "hard.sql").read_text(encoding="utf-8")
TABLES = (
    "SELECT format('%I.%I', nspname, relname) FROM pg_class "
    "JOIN pg_namespace AS n ON n.oid = relnamespace "
    "WHERE relkind IN ('r', 'm') AND relispopulated AND nspname !~ '^(pg_|information_schema)' "
    "AND relname <> 'moods' ORDER BY 1"
)
CATALOGS = (
    "SELECT extname, extversion FROM pg_extension ORDER BY 1",
    "SELECT lo_get(oid) FROM pg_largeobject_metadata",
    "SELECT lomacl::text, obj_description(oid, 'pg_largeobject') FROM pg_largeobject_metadata",
    "SELECT polname, polrelid::regclass::text, pg_get_expr(polqual, polrelid) FROM pg_policy",
    "SELECT tgname, tgenabled, tgrelid::regclass::text FROM pg_trigger "
    "WHERE NOT tgisinternal ORDER BY 1",
    "SELECT conname, convalidated, condeferrable, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE conrelid <> 0 AND contype <> 'n' ORDER BY 1, 4",
    "SELECT schemaname, sequencename, last_value, increment_by, cycle FROM pg_sequences "
    "ORDER BY 1, 2",
    "SELECT indexdef FROM pg_indexes WHERE schemaname !~ '^pg_' ORDER BY 1",
    "SELECT relname, relpersistence, relrowsecurity, relforcerowsecurity, relreplident, "
    "reloptions, array(SELECT unnest(relacl)::text ORDER BY 1), relowner::regrole::text FROM pg_class "
    "JOIN pg_namespace AS n ON n.oid = relnamespace WHERE nspname !~ '^(pg_|information_schema)' "
    "ORDER BY 1",
    "SELECT attrelid::regclass::text, attname, format_type(atttypid, atttypmod), attidentity, "
    "attgenerated, col_description(attrelid, attnum) FROM pg_attribute JOIN pg_class AS c "
    "ON c.oid = attrelid JOIN pg_namespace AS n ON n.oid = relnamespace "
    "WHERE attnum > 0 AND NOT attisdropped AND nspname !~ '^(pg_|information_schema)' "
    "ORDER BY 1, attnum",
    "SELECT proname, pg_get_function_arguments(oid) FROM pg_proc WHERE pronamespace = "
    "'public'::regnamespace AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid "
    "AND deptype = 'e') ORDER BY 1, 2",
    "SELECT stxname FROM pg_statistic_ext",
    "SELECT evtname FROM pg_event_trigger",
    "SELECT pubname FROM pg_publication",
    "SELECT collname FROM pg_collation WHERE collnamespace > 16384",
    "SELECT d.datcollate, pg_encoding_to_char(encoding), datconnlimit, datdba::regrole::text, "
    "array(SELECT unnest(datacl)::text ORDER BY 1), shobj_description(d.oid, 'pg_database') "
    "FROM pg_database AS d WHERE datname = current_database()",
    "SELECT setrole::regrole::text, setconfig FROM pg_db_role_setting AS s "
    "JOIN pg_database AS d ON d.oid = setdatabase WHERE datname = current_database() ORDER BY 1",
)


def contents(bench: Bench, suffix: str = "") -> dict[str, list[tuple[object, ...]]]:
    """The rows of every table as text, in an order of their own."""
    tables = [name for (name,) in bench.sql(TABLES, suffix)]
    return {
        name: sorted(bench.sql(f"SELECT ROW(t.*)::text FROM ONLY {name} AS t", suffix))
        for name in tables
    }


def available(bench: Bench) -> list[str]:
    """The extensions that the server could create."""
    return [name for (name,) in bench.sql(AVAILABLE)]


@pytest.mark.parametrize("extension", wanted(HARD))
def test_the_server_has_what_the_hard_schema_is_made_of(bench: Bench, extension: str) -> None:
    has = extension in available(bench)
    told = f"the hard schema goes without it on PostgreSQL {bench.cluster.version[0]}"
    require(f"extension-{extension}", has, told)
    assert f"CREATE EXTENSION {extension};" in adapted(HARD, available(bench))[0]


def test_a_hard_schema_is_the_same_after_a_restore(bench: Bench) -> None:
    role = f"reader_{secrets.token_hex(4)}"
    bench.sql(adapted(HARD, available(bench))[0])
    columns = ", ".join(f'"c{number} ü" int DEFAULT {number}' for number in range(1, 1500))
    bench.sql(f"CREATE TABLE wide (c0 text, {columns}); INSERT INTO wide VALUES ('x')")
    bench.sql("INSERT INTO wide (c0) VALUES (repeat('long ', 300000))")
    name = bench.database
    bench.sql(
        f"CREATE ROLE {role}; ALTER DATABASE {name} SET work_mem = '7MB';"
        f'ALTER DATABASE {name} SET search_path = "Straße 😀", public;'
        f"ALTER ROLE {role} IN DATABASE {name} SET statement_timeout = '9s';"
        f"ALTER DATABASE {name} CONNECTION LIMIT 17; REVOKE CONNECT ON DATABASE {name} FROM PUBLIC;"
        f"GRANT CREATE, TEMP ON DATABASE {name} TO {role} WITH GRANT OPTION;"
        f"COMMENT ON DATABASE {name} IS 'it''s \"ours\" 😀'"
    )
    try:
        bench.create()
        bench.run("verify", "--repository", bench.repository, "--scratch", bench.url())
        bench.run(*bench.restoring("_new"))
        expected = contents(bench)
        assert len(expected) == 13
        assert contents(bench, "_new") == expected
        for query in CATALOGS:
            assert bench.sql(query), query
            assert bench.sql(query, "_new") == bench.sql(query), query
    finally:
        bench.sql(f"REVOKE ALL ON DATABASE {name} FROM {role} CASCADE")
        bench.sql(f"ALTER ROLE {role} IN DATABASE {name} RESET ALL")
        for left in bench.databases() - {name}:
            bench.cluster.drop_database(left)
        bench.sql(f"DROP ROLE {role}")


def test_a_database_without_an_encoding_is_backed_up(bench: Bench) -> None:
    from querysafe.postgres.cluster import Cluster

    assert isinstance(bench.cluster, Cluster)
    bench.cluster.drop_database(bench.database)
    with bench.__class__(
        cluster=bench.cluster, database="postgres", repository=bench.repository
    ).connected() as connection:
        connection.execute(
            f"CREATE DATABASE {bench.database} ENCODING 'SQL_ASCII' LC_COLLATE 'C' "
            "LC_CTYPE 'C' TEMPLATE template0".encode()
        )
    bench.sql('CREATE TABLE "Möbel" (wort text); INSERT INTO "Möbel" VALUES (\'Stühle 😀\')')
    bench.create()
    bench.run(*bench.restoring("_new"))
    assert bench.sql('SELECT wort FROM "Möbel"', "_new") == [("Stühle 😀",)]


@pytest.mark.soak
def test_an_empty_database_and_one_of_a_thousand_tables_are_backed_up(bench: Bench) -> None:
    bench.create()
    bench.run(*bench.restoring("_empty"))
    for part in range(10):
        bench.sql(";".join(f"CREATE TABLE t{part}_{number} (n int)" for number in range(100)))
    bench.create()
    bench.run(*bench.restoring("_many"))
