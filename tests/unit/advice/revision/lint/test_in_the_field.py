"""What the revisions of open-source applications taught: accused without a reason, or misnamed."""

from pathlib import Path

import pytest

from tests.unit.advice.revision.lint.test_rules import TIMEOUT, findings, revision, rules

INDEX = 'op.create_index("ix", "t", ["a"])'
FOREIGN = {
    "the dialect is another": f'if op.get_bind().dialect.name == "sqlite":\n    {INDEX}',
    "it is one of others": f'if dialect in ("mysql", "mariadb"):\n    {INDEX}',
    "a word for it": f'if "sqlite" in inspector.dialect.dialect_description:\n    {INDEX}',
    "all but ours": f'if dialect != "postgresql":\n    {INDEX}',
    "what is left beside ours": f'if dialect == "postgresql":\n    pass\nelse:\n    {INDEX}',
    "not ours": f'if not dialect == "postgresql":\n    {INDEX}',
    "and more": f'if dialect == "mysql" and is_old:\n    {INDEX}',
    "either of two": f'if dialect == "mysql" or dialect == "sqlite":\n    {INDEX}',
    "what is left beside others": f'if dialect != "mysql":\n    pass\nelse:\n    {INDEX}',
}
OURS = {
    "the dialect is ours": f'if dialect == "postgresql":\n    {INDEX}',
    "not another": f'if dialect != "sqlite":\n    {INDEX}',
    "what is left beside others": f'if dialect == "sqlite":\n    pass\nelse:\n    {INDEX}',
    "ours or another": f'if dialect in ("postgresql", "sqlite"):\n    {INDEX}',
    "or more": f'if dialect == "mysql" or is_old:\n    {INDEX}',
    "another comparison": f'if name > "mysql":\n    {INDEX}',
    "no dialect": f'if "a" in columns:\n    {INDEX}',
}


@pytest.mark.parametrize("body", FOREIGN.values(), ids=FOREIGN)
def test_a_branch_that_another_database_takes_is_not_judged(tmp_path: Path, body: str) -> None:
    assert rules(tmp_path, body) == []


@pytest.mark.parametrize("body", OURS.values(), ids=OURS)
def test_a_branch_that_postgresql_takes_is_judged(tmp_path: Path, body: str) -> None:
    assert rules(tmp_path, body) == ["QS501"]


def test_a_type_with_variants_is_the_one_that_postgresql_has(tmp_path: Path) -> None:
    call = 'op.alter_column("t", "a", existing_type=sa.String(9), type_=sa.Text().with_variant({}))'
    assert rules(tmp_path, call.format('LONGTEXT, "mysql"')) == []
    assert rules(tmp_path, call.format('sa.Integer(), "postgresql"')) == ["QS509"]


def test_not_null_of_what_is_not_null_reads_nothing(tmp_path: Path) -> None:
    call = 'op.alter_column("t", "a", nullable=False, existing_nullable={})'
    assert rules(tmp_path, call.format("False")) == []
    assert rules(tmp_path, call.format("True")) == ["QS508"]


def test_the_old_type_is_what_an_earlier_revision_declared(tmp_path: Path) -> None:
    first = revision('op.create_table("t", sa.Column("a", sa.String(128)))', name="a1", down=None)
    (tmp_path / "versions").mkdir()
    (tmp_path / "versions/first.py").write_text(first)
    longer = 'op.alter_column("t", "a", type_=sa.String(256))'
    assert rules(tmp_path, longer) == []
    assert rules(tmp_path, longer.replace("256", "64")) == ["QS509"]
    (found,) = findings(tmp_path, revision(TIMEOUT + longer.replace('"a"', '"b"')))
    assert found.message.endswith("unless it only gets longer: then say so by existing_type")


def test_what_has_no_name_is_called_by_its_columns(tmp_path: Path) -> None:
    column = 'op.add_column("t", sa.Column("a", sa.Integer, sa.ForeignKey("u.id")))'
    (found,) = findings(tmp_path, revision(TIMEOUT + column))
    assert found.message.startswith('foreign key (a) of "t" is checked while')
    drop = 'op.drop_index(name, table_name="t")'
    (found,) = findings(tmp_path, revision(TIMEOUT + drop))
    assert found.message == 'index of "t" is dropped under a lock of the table'
