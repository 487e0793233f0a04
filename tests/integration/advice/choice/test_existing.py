"""Faults of indexes that a real database has are found, and its sound indexes are left alone."""

import json
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from querysafe.cli import main
from querysafe.postgres import Cluster, Database

ROWS = 500_000
FULL = f"""
CREATE TABLE accounts (
    id bigint PRIMARY KEY, email text NOT NULL, kind int NOT NULL, note text, at timestamptz,
    code bigint NOT NULL
);
INSERT INTO accounts SELECT i, 'user' || i || '@example.org', i % 50, 'n' || i % 1000,
    now() - i * interval '1 minute', i FROM generate_series(1, {ROWS}) AS i;
CREATE INDEX code ON accounts (code);
DELETE FROM accounts WHERE id % 10 <> 0;
"""
EMPTIED = """
REINDEX INDEX accounts_pkey;
ALTER TABLE accounts ADD UNIQUE (id);
CREATE INDEX kind ON accounts (kind);
CREATE INDEX kind_again ON accounts (kind);
CREATE INDEX note ON accounts (note);
CREATE INDEX note_bytes ON accounts (note COLLATE "en_US");
CREATE INDEX at ON accounts (at);
CREATE INDEX at_kind ON accounts (at, kind);
CREATE INDEX idle ON accounts ((kind + 1));
CREATE INDEX failed ON accounts (email text_pattern_ops);
CREATE INDEX failed_ccnew ON accounts (email text_pattern_ops);
UPDATE pg_index SET indisvalid = false
    WHERE indexrelid IN ('failed'::regclass, 'failed_ccnew'::regclass);
ANALYZE accounts;
SET enable_seqscan = off;
"""


@pytest.fixture(scope="module")
def accounts(cluster: Cluster) -> Database:
    """Most of its rows are gone; one index still has the size of all of them."""
    database = cluster.create_database("accounts")
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute('CREATE COLLATION "en_US" FROM "POSIX"')
        connection.execute(FULL.encode())
        connection.execute("VACUUM accounts")
        connection.execute(EMPTIED.encode())
        for column, value in (("id", "70"), ("kind", "7"), ("note", "'n70'"), ("code", "70")):
            connection.execute(f"SELECT * FROM accounts WHERE {column} = {value}".encode())
        connection.execute("SELECT at FROM accounts ORDER BY at LIMIT 1")
    return database


@pytest.mark.parametrize("more", [["--live"], []], ids=["the database itself", "a clone"])
def test_each_fault_is_reported_once_and_no_sound_index(
    accounts: Database, tmp_path: Path, more: list[str]
) -> None:
    source = tmp_path / "q.sql"
    source.write_text("SELECT id, kind FROM accounts WHERE email = 'user70@example.org';\n")
    done = CliRunner().invoke(
        main, ["advise", str(source), "--database", accounts.dsn, "--format", "json", *more]
    )
    assert done.exit_code == 0, done.output
    advice = json.loads(done.stdout)
    assert advice["basis"]["name"] == "database"
    found = {(each["kind"], each["subject"]["index"]): each for each in advice["remarks"]}
    unique = [each for each in found if each[0] == "unique"]
    assert sorted(each for each in found if each[0] != "unique") == [
        ("bloated", "code"),
        ("duplicate", "accounts_id_key"),
        ("duplicate", "kind_again"),
        ("invalid", "failed"),
        ("invalid", "failed_ccnew"),
        ("redundant", "at"),
        ("unused", "idle"),
        ("unused", "note_bytes"),
    ]
    assert "DROP CONSTRAINT" in found["duplicate", "accounts_id_key"]["cure"]
    assert found["invalid", "failed"]["cure"].startswith("REINDEX")
    assert found["invalid", "failed_ccnew"]["cure"].startswith("DROP INDEX CONCURRENTLY")
    assert "times the space" in found["bloated", "code"]["words"]
    if more:
        return  # no index can be tried there without HypoPG
    ((_, subject),) = unique
    assert '("email")' in subject
    assert "CREATE UNIQUE INDEX CONCURRENTLY" in found["unique", subject]["cure"]
