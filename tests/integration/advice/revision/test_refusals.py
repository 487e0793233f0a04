"""What goes wrong is told with its reason, and the project stays as it was."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from querysafe.advice.advice import Advice
from querysafe.advice.revision.errors import NotProven, RevisionError
from querysafe.advice.revision.project import Place, Project
from querysafe.advice.revision.write import Wish, write_revision
from tests.integration.advice.revision import projects
from tests.integration.advice.revision.advices import advice, advised, index
from tests.integration.advice.revision.conftest import Empty, tree

WANTED = advice(advised("ix_orders_customer_id", index("orders", "customer_id")))


def test_a_dry_run_proves_everything_shows_a_diff_and_writes_nothing(
    tmp_path: Path, empty: Empty
) -> None:
    project = Project.find(projects.flat(tmp_path))
    before = tree(tmp_path)
    written = write_revision(WANTED, project, Wish(models=True, dry_run=True), place=empty())
    assert tree(tmp_path) == before
    diff = written.diff()
    assert "--- /dev/null" in diff
    assert '+        Index("ix_orders_customer_id", "customer_id"),\n' in diff
    assert "+from sqlalchemy import" in diff


def test_without_models_autogenerate_would_drop_the_index_and_that_is_told(
    tmp_path: Path, empty: Empty
) -> None:
    project = Project.find(projects.flat(tmp_path))
    written = write_revision(WANTED, project, place=empty())
    (note,) = written.notes
    assert "ix_orders_customer_id" in note and "--models" in note


def test_a_proof_that_fails_and_a_run_that_is_cancelled_leave_nothing(
    tmp_path: Path, empty: Empty
) -> None:
    project = Project.find(projects.flat(tmp_path))
    before = tree(tmp_path)

    def unused(_place: Place, _advice: Advice, _names: Mapping[str, str]) -> Sequence[str]:
        return ["ix_orders_customer_id is used by no plan"]

    with pytest.raises(NotProven, match="used by no plan"):
        write_revision(WANTED, project, Wish(models=True), place=empty(), replan=unused)
    assert tree(tmp_path) == before

    def cancelled(_place: Place, _advice: Advice, _names: Mapping[str, str]) -> Sequence[str]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_revision(WANTED, project, Wish(models=True), place=empty(), replan=cancelled)
    assert tree(tmp_path) == before


def test_an_env_that_opens_the_transaction_itself_is_told_how_to_let_go(
    tmp_path: Path, empty: Empty
) -> None:
    project = Project.find(projects.flat(tmp_path))
    env = tmp_path / "migrations/env.py"
    env.write_text(env.read_text().replace("connectable.connect()", "connectable.begin()"))
    before = tree(tmp_path)
    with pytest.raises(NotProven) as error:
        write_revision(WANTED, project, place=empty())
    assert "begin_transaction" in (error.value.hint or "")
    assert tree(tmp_path) == before


def test_a_model_that_cannot_be_edited_is_left_and_its_line_is_told(
    tmp_path: Path, empty: Empty
) -> None:
    project = Project.find(projects.flat(tmp_path))
    models = tmp_path / "shop/models.py"
    models.write_text(
        models.read_text().replace(
            '(UniqueConstraint("number"),)', 'tuple([UniqueConstraint("number")])'
        )
    )
    before = models.read_text()
    written = write_revision(WANTED, project, Wish(models=True), place=empty())
    (line,) = written.paste
    assert '"Order" in models.py' in line
    assert line.endswith('Index("ix_orders_customer_id", "customer_id")')
    assert models.read_text() == before


def test_migrations_that_fail_on_an_empty_database_are_told_with_their_line(
    tmp_path: Path, empty: Empty
) -> None:
    project = Project.find(projects.flat(tmp_path))
    first = tmp_path / "migrations/versions/001_shop.py"
    first.write_text(first.read_text().replace('"customers.id"', '"nobody.id"'))
    with pytest.raises(RevisionError) as error:
        write_revision(WANTED, project, place=empty())
    assert "migrations/versions/001_shop.py:" in error.value.message
    assert 'relation "nobody" does not exist' in error.value.message
    assert "--no-proof" in (error.value.hint or "")
    unproven = write_revision(WANTED, project, Wish(prove=False), place=empty())
    assert unproven.path.exists() and unproven.steps == ()
    assert "not proven" in unproven.notes


def test_an_advice_of_another_database_and_a_project_that_is_none_are_told(
    tmp_path: Path, empty: Empty
) -> None:
    project = Project.find(projects.flat(tmp_path))
    other = advice(advised("ix_x", index("elsewhere", "x")))
    with pytest.raises(RevisionError, match=r'"public\.elsewhere"'):
        write_revision(other, project, place=empty())
    column = advice(advised("ix_x", index("orders", "nothing")))
    with pytest.raises(RevisionError, match='column "nothing" does not exist'):
        write_revision(column, project, place=empty())
    with pytest.raises(RevisionError, match="no index is advised"):
        write_revision(advice(), project)
    with pytest.raises(RevisionError, match="no Alembic project"):
        Project.find(tmp_path / "shop")


def test_a_project_on_another_database_system_is_refused_before_anything_runs(
    tmp_path: Path, empty: Empty
) -> None:
    project = Project.find(projects.flat(tmp_path))
    env = tmp_path / "migrations/env.py"
    env.write_text(
        env.read_text()
        .replace(
            "connectable = engine_from_config(",
            "import sqlalchemy\n    connectable = sqlalchemy.create_engine('sqlite:///made.db') or (",
        )
        .replace(
            'config.get_section(config.config_ini_section, {}),\n        prefix="sqlalchemy.",\n        poolclass=pool.NullPool,',
            "",
        )
    )
    with pytest.raises(RevisionError, match='connects to "sqlite"'):
        write_revision(WANTED, project, place=empty())
    assert not (tmp_path / "made.db").exists()


def test_a_connection_that_cannot_be_redirected_is_refused_before_it_is_used(
    tmp_path: Path, empty: Empty
) -> None:
    other, place = empty(), empty()
    project = Project.find(projects.flat(tmp_path))
    env = tmp_path / "migrations/env.py"
    env.write_text(
        env.read_text().replace(
            "        poolclass=pool.NullPool,",
            "        poolclass=pool.NullPool,\n"
            f"        creator=lambda: __import__('psycopg').connect(dbname='{other.dbname}'),",
        )
    )
    with pytest.raises(RevisionError, match="cannot be redirected"):
        write_revision(WANTED, project, place=place)
