"""What the rules accuse, and what they let pass, however it is written."""

import textwrap
from pathlib import Path

import pytest

from querysafe.advice.revision.lint.linting import lint
from querysafe.finding import Finding

TIMEOUT = "op.execute(\"SET lock_timeout = '4s'\")\n"


def revision(body: str, *, name: str = "b2", down: str | None = "a1", head: str = "") -> str:
    lines = textwrap.indent(textwrap.dedent(body).strip(), "    ")
    return (
        "import sqlalchemy as sa\nfrom alembic import op\n"
        f"revision = {name!r}\ndown_revision = {down!r}\n{head}\n\ndef upgrade():\n{lines}\n"
    )


def findings(tmp_path: Path, source: str, **more: object) -> tuple[Finding, ...]:
    path = tmp_path / "versions" / "r.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(source)
    return lint([path], root=tmp_path, **more).findings  # type: ignore[arg-type]


def rules(tmp_path: Path, body: str, **more: object) -> list[str]:
    """Ids of the findings below a lock_timeout, which QS503 then does not miss."""
    return [
        each.rule.id
        for each in findings(tmp_path, revision(TIMEOUT + textwrap.dedent(body)), **more)
    ]


ACCUSED = {
    'op.create_index("ix", "t", ["a"])': "QS501",
    'op.create_index(op.f("ix_t_a"), "t", ["a"], unique=True)': "QS501",
    'op.add_column("t", sa.Column("a", sa.Text, index=True))': "QS501",
    'op.execute("CREATE INDEX ix ON t (a)")': "QS501",
    'op.execute(sa.text("create unique index if not exists ix on t using gin (a)"))': "QS501",
    'op.get_bind().execute(sa.text("CREATE INDEX ix ON t (a)"))': "QS501",
    'table = "t"\nop.execute(f"CREATE INDEX ix ON {table} (a)")': "QS501",
    'for t in ("a", "b"):\n    op.execute("CREATE INDEX ix_%s ON %s (x)" % (t, t))': "QS501",
    'with op.batch_alter_table("t") as batch:\n    batch.create_index("ix", ["a"])': "QS501",
    'op.execute("REINDEX TABLE t")': "QS501",
    'op.execute("SELECT 1; /* CREATE */ CREATE INDEX ix ON t (a); -- CREATE INDEX x ON y (z)")': "QS501",
    'op.create_index("ix", "t", ["a"], postgresql_concurrently=True)': "QS502",
    'op.execute("DROP INDEX CONCURRENTLY ix")': "QS502",
    'op.create_foreign_key("fk", "t", "u", ["a"], ["id"])': "QS505",
    'op.add_column("t", sa.Column("a", sa.Integer, sa.ForeignKey("u.id")))': "QS505",
    'op.execute("ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (a) REFERENCES u")': "QS505",
    'op.execute("ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (a) REFERENCES u NOT VALID")\n'
    'op.execute("ALTER TABLE t VALIDATE CONSTRAINT fk")': "QS505",
    'op.create_check_constraint("ck", "t", "a > 0")': "QS506",
    'op.execute("ALTER TABLE t ADD CHECK (a > 0)")': "QS506",
    'op.create_exclude_constraint("ex", "t", ("a", "&&"), using="gist")': "QS506",
    'op.create_unique_constraint("uq", "t", ["a"])': "QS507",
    'op.create_primary_key("pk", "t", ["a"])': "QS507",
    'op.add_column("t", sa.Column("a", sa.Text, unique=True))': "QS507",
    'op.execute("ALTER TABLE ONLY t ADD CONSTRAINT uq UNIQUE (a, b)")': "QS507",
    'op.alter_column("t", "a", nullable=False)': "QS508",
    'op.add_column("t", sa.Column("a", sa.Text(), nullable=False))': "QS508",
    'op.execute("ALTER TABLE t ALTER COLUMN a SET NOT NULL")': "QS508",
    'op.execute("ALTER TABLE t ADD COLUMN a int NOT NULL")': "QS508",
    'op.alter_column("t", "a", type_=sa.BigInteger())': "QS509",
    'op.alter_column("t", "a", type_=sa.String(10), existing_type=sa.String(20))': "QS509",
    'op.alter_column("t", "a", type_=sa.Text(), existing_type=sa.Integer())': "QS509",
    'op.alter_column("t", "a", type_=sa.Numeric(9, 3), existing_type=sa.Numeric(8, 2))': "QS509",
    'op.add_column("t", sa.Column("a", sa.UUID, server_default=sa.text("gen_random_uuid()")))': "QS509",
    'op.add_column("t", sa.Column("a", sa.Float, server_default=sa.func.random()))': "QS509",
    'op.add_column("t", sa.Column("a", sa.Integer, sa.Identity()))': "QS509",
    'op.add_column("t", sa.Column("a", sa.Integer, sa.Computed("b * 2", persisted=True)))': "QS509",
    'op.execute("ALTER TABLE t ALTER a TYPE bigint USING a::bigint")': "QS509",
    'op.execute("ALTER TABLE t ADD a bigserial")': "QS509",
    'op.execute("CLUSTER t USING ix")': "QS509",
    'op.execute("ALTER TABLE t SET TABLESPACE fast")': "QS509",
    'op.drop_index("ix", "t")': "QS510",
    'op.execute("drop index if exists app.ix")': "QS510",
    'op.drop_column("t", "a")': "QS512",
    'op.rename_table("t", "u")': "QS512",
    'op.drop_table("t")': "QS512",
    'op.execute("ALTER TABLE t RENAME a TO b")': "QS512",
    'op.execute("ALTER TABLE t DROP COLUMN IF EXISTS a")': "QS512",
    "with op.get_context().autocommit_block():\n"
    '    op.execute("CREATE INDEX CONCURRENTLY ix ON t (a)")': "QS513",
}


@pytest.mark.parametrize("body", ACCUSED, ids=lambda body: body[:70])
def test_it_is_accused_once(body: str, tmp_path: Path) -> None:
    assert rules(tmp_path, body) == [ACCUSED[body]]


INNOCENT = [
    'op.create_table("t", sa.Column("id", sa.Integer))\nop.create_index("ix", "t", ["a"])',
    'op.execute("CREATE TABLE app.t (a int)")\nop.create_index("ix", "t", ["a"], schema="app")',
    'op.create_table("t")\nop.create_foreign_key("fk", "t", "u", ["a"], ["id"])',
    'op.add_column("t", sa.Column("a", sa.Text))',
    'op.add_column("t", sa.Column("a", sa.Boolean, nullable=False, server_default="false"))',
    'op.add_column("t", sa.Column("a", sa.DateTime, server_default=sa.func.now()))',
    'op.alter_column("t", "a", server_default="x")',
    'op.alter_column("t", "a", nullable=True)',
    'op.alter_column("t", "a", type_=sa.String(40), existing_type=sa.String(20))',
    'op.alter_column("t", "a", type_=sa.Text(), existing_type=sa.String(20))',
    'op.alter_column("t", "a", type_=sa.Numeric(10, 2), existing_type=sa.Numeric(8, 2))',
    'op.execute("ALTER TABLE t ALTER COLUMN a TYPE text")',
    "op.execute(\"UPDATE t SET note = 'CREATE INDEX ix ON t (a)'\")",
    'op.execute("ALTER TABLE t VALIDATE CONSTRAINT ck")',
    'op.create_check_constraint("ck", "t", "a > 0", postgresql_not_valid=True)',
    'op.execute("ALTER TABLE t ADD CONSTRAINT uq UNIQUE USING INDEX uq")',
    'op.bulk_insert(sa.table("t"), [])',
    'op.execute("COMMIT")\nop.execute("RESET lock_timeout")\n'
    'op.execute("CREATE INDEX CONCURRENTLY ix ON t (a)")',
    "op.execute(\"SET lock_timeout = '1h'\")\nwith op.get_context().autocommit_block():\n"
    '    op.create_index("ix", "t", ["a"], postgresql_concurrently=True)',
    'op.execute("ALTER TABLE t ADD CONSTRAINT ck CHECK (a IS NOT NULL) NOT VALID")\n'
    "with op.get_context().autocommit_block():\n"
    '    op.execute("ALTER TABLE t VALIDATE CONSTRAINT ck")\n'
    'op.alter_column("t", "a", nullable=False)',
    "print(op)",
]


@pytest.mark.parametrize("body", INNOCENT, ids=lambda body: body[:70])
def test_it_is_not_accused(body: str, tmp_path: Path) -> None:
    assert rules(tmp_path, body) == []


def test_a_missing_lock_timeout_is_one_finding_a_revision_and_env_py_may_set_it(
    tmp_path: Path,
) -> None:
    body = 'op.add_column("t", sa.Column("a", sa.Text))\nop.drop_constraint("ck", "t")'
    (finding,) = findings(tmp_path, revision(body))
    assert (finding.rule.id, finding.call_sites[0].line) == ("QS503", 8)
    late = revision(body + "\n" + TIMEOUT)
    assert [each.rule.id for each in findings(tmp_path, late)] == ["QS503"]
    assert findings(tmp_path, revision("op.execute('SELECT 1')")) == ()
    (tmp_path / "env.py").write_text("connect_args={'options': '-c lock_timeout=4000'}")
    assert findings(tmp_path, revision(body)) == ()


OWN_ENV = "context.configure(connection=c)\nwith context.begin_transaction():\n    context.run_migrations()"
HANDED_ENV = "from app.storage import run_migrations_online\nrun_migrations_online(context, config)"


@pytest.mark.parametrize(("env", "ids"), [(OWN_ENV, ["QS502"]), (HANDED_ENV, [])])
def test_whether_there_is_a_transaction_is_not_guessed_where_other_code_runs_the_migrations(
    tmp_path: Path, env: str, ids: list[str]
) -> None:
    (tmp_path / "env.py").write_text(env)
    body = 'op.execute("CREATE INDEX CONCURRENTLY ix ON t (a)")'
    assert rules(tmp_path, body) == ids


def test_if_not_exists_is_accused_unless_an_invalid_index_was_looked_for(tmp_path: Path) -> None:
    create = 'op.create_index("ix", "t", ["a"], postgresql_concurrently=True, if_not_exists=True)'
    block = "with op.get_context().autocommit_block():\n    "
    assert [each.rule.id for each in findings(tmp_path, revision(block + create))] == ["QS504"]
    dropped = 'op.drop_index("ix", postgresql_concurrently=True, if_exists=True)\n    '
    assert findings(tmp_path, revision(block + dropped + create)) == ()
    looked = 'query = "SELECT 1 FROM pg_index WHERE NOT indisvalid"\n'
    assert findings(tmp_path, revision(looked + block + create)) == ()


def test_functions_of_the_file_are_followed_with_their_arguments(tmp_path: Path) -> None:
    head = "def add(table, name):\n    op.create_index(name, table, ['a'])\n"
    (finding,) = findings(tmp_path, revision(TIMEOUT + 'add("t", "ix")', head=head))
    assert (finding.rule.id, finding.label, finding.call_sites[0].line) == ("QS501", "t.ix", 6)


def test_only_the_upgrade_is_judged_unless_the_downgrade_is_asked_for(tmp_path: Path) -> None:
    source = revision("pass") + f"\ndef downgrade():\n    {TIMEOUT}    op.drop_column('t', 'a')\n"
    assert findings(tmp_path, source) == ()
    (finding,) = findings(tmp_path, source, downgrades=True)
    assert (finding.rule.id, finding.call_sites[0].function) == ("QS512", "downgrade")


def test_an_index_of_a_partitioned_parent_is_dropped_as_it_must_be(tmp_path: Path) -> None:
    parent = 'op.execute("CREATE INDEX ix ON ONLY t (a)")\n'
    assert rules(tmp_path, parent + 'op.execute("DROP INDEX IF EXISTS ix")') == []
    assert rules(tmp_path, parent + 'op.execute("DROP INDEX IF EXISTS other")') == ["QS510"]


def test_a_table_declared_small_is_not_accused_of_its_size_but_of_a_name_that_goes(
    tmp_path: Path,
) -> None:
    body = 'op.create_index("ix", "t", ["a"])\nop.drop_column("t", "b")'
    assert rules(tmp_path, body, rows={"t": 500.0}) == ["QS512"]
    assert rules(tmp_path, body, rows={"t": 5e6}) == ["QS501", "QS512"]


def test_neighbours_tell_of_partitions_and_of_validated_checks(tmp_path: Path) -> None:
    versions = tmp_path / "versions"
    versions.mkdir()
    first = revision(
        'op.execute("CREATE TABLE m (a int) PARTITION BY RANGE (a)")\n'
        'op.create_check_constraint("ck", "t", "a IS NOT NULL", postgresql_not_valid=True)',
        name="a0",
        down=None,
    )
    second = revision('op.execute("ALTER TABLE t VALIDATE CONSTRAINT ck")', name="a1", down="a0")
    (versions / "a0.py").write_text(first)
    concurrent = (
        'op.execute("RESET lock_timeout")\nwith op.get_context().autocommit_block():\n'
        '    op.create_index("ix", "m", ["a"], postgresql_concurrently=True)'
    )
    assert rules(tmp_path, concurrent) == ["QS511"]
    not_null = 'op.alter_column("t", "a", nullable=False)'
    assert rules(tmp_path, not_null) == ["QS508"]
    (versions / "a1.py").write_text(second)
    assert rules(tmp_path, not_null) == []
    (versions / "a1.py").write_text(second.replace("'a1'", "'z9'"))
    assert rules(tmp_path, not_null) == ["QS508"], "a revision that does not come before"


@pytest.mark.parametrize(
    ("comment", "reason"),
    [
        ("# querysafe: allow QS501 ten rows", "ten rows"),
        ("# querysafe: allow blocking-index - ten rows", "ten rows"),
        ("# querysafe: allow QS502, QS501: ten rows", "ten rows"),
        ("# querysafe: allow QS501", None),
        ("# querysafe: allow QS502 ten rows", None),
    ],
)
def test_a_comment_with_a_reason_accepts_a_finding(
    comment: str, reason: str | None, tmp_path: Path
) -> None:
    call = 'op.create_index("ix", "t", ["a"])'
    for body in (f"{call}  {comment}", f"{comment}\n{call}"):
        (finding,) = findings(tmp_path, revision(TIMEOUT + body))
        assert finding.fails is (reason is None)
        assert finding.reason == (reason or "")
    if comment.endswith("QS501"):
        assert "without a reason" in finding.message


def test_cures_are_the_safe_form_of_the_call_as_it_is_written(tmp_path: Path) -> None:
    body = 'op.create_index(\n    "ix",\n    "t",\n    ["a"],\n)'
    (finding,) = findings(tmp_path, revision(TIMEOUT + body))
    assert finding.cure == (
        "with op.get_context().autocommit_block():\n"
        '    op.create_index(\n        "ix",\n        "t",\n        ["a"],\n'
        "        postgresql_concurrently=True,\n    )"
    )
    (finding,) = findings(tmp_path, revision(TIMEOUT + 'op.execute("CREATE INDEX ix ON t (a)")'))
    assert 'op.execute("CREATE INDEX CONCURRENTLY ix ON t (a)")' in finding.cure
