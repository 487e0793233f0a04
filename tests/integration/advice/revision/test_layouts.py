"""Projects as applications in the field have them, not as ``alembic init`` makes them."""

import importlib.util
import os
import textwrap
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from querysafe.advice.revision.errors import RevisionError
from querysafe.advice.revision.project import Place, Project
from querysafe.advice.revision.write import Wish, write_revision
from querysafe.cli import main
from tests.integration.advice.revision import projects
from tests.integration.advice.revision.advices import advice, advised, index
from tests.integration.advice.revision.conftest import Empty, tree
from tests.requirements import require

WANTED = advice(advised("ix_orders_customer_id", index("orders", "customer_id")))
FLASK_APP = """\
from flask import Flask

from fshop.models import Base


class Migrate:
    metadata = Base.metadata


def create_app():
    app = Flask(__name__)
    app.config["DATABASE"] = "postgresql+psycopg://nobody:wrong@nowhere.invalid:1/none"
    app.extensions["migrate"] = Migrate()
    return app
"""
FLASK_ENV = """\
from alembic import context
from flask import current_app
from sqlalchemy import create_engine

config = context.config
config.set_main_option("sqlalchemy.url", current_app.config["DATABASE"])
target_metadata = current_app.extensions["migrate"].metadata

if context.is_offline_mode():
    context.configure(
        url=config.get_main_option("sqlalchemy.url"), target_metadata=target_metadata,
        literal_binds=True,
    )
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine(config.get_main_option("sqlalchemy.url")).connect() as connection:
        context.configure(connection=connection, target_metadata=target_metadata)
        with context.begin_transaction():
            context.run_migrations()
"""


@pytest.fixture
def flask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As Flask-Migrate lays it out: no ``alembic.ini`` at the top, and none names a location."""
    require("flask", importlib.util.find_spec("flask") is not None, "the package is not there")
    projects.flat(tmp_path, package="fshop")
    (tmp_path / "alembic.ini").unlink()
    projects.write(tmp_path / "migrations/alembic.ini", "[alembic]\n")
    projects.write(tmp_path / "migrations/env.py", FLASK_ENV)
    projects.write(tmp_path / "fshop/web.py", FLASK_APP)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_flask_application_is_entered_as_flask_db_does(
    flask: Path, empty: Empty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_APP", "fshop.web:create_app")
    written = write_revision(WANTED, Project.find(), Wish(models=True), place=empty())
    assert written.path.parent == flask / "migrations/versions"
    assert "alembic check is clean of it" in written.steps
    assert (
        'Index("ix_orders_customer_id", "customer_id")' in (flask / "fshop/models.py").read_text()
    )


def test_a_flask_application_that_nobody_named_is_asked_for(
    flask: Path, empty: Empty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FLASK_APP", raising=False)
    before = tree(flask)
    with pytest.raises(RevisionError) as error:
        write_revision(WANTED, Project.find(), place=empty())
    assert "set FLASK_APP" in (error.value.hint or "")
    assert tree(flask) == before


def test_migrations_that_do_not_begin_with_nothing_are_proven_on_a_copy_of_the_schema(
    tmp_path: Path, empty: Empty, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = empty()
    projects.flat(tmp_path, package="gshop")
    project = Project.find(tmp_path / "alembic.ini")
    project.call(place, [("upgrade", {"revision": "heads"})])
    first = tmp_path / "migrations/versions/001_shop.py"
    first.write_text(first.read_text().replace("def upgrade():", "def upgrade():\n    1 / 0"))
    (tmp_path / "queries.sql").write_text("SELECT * FROM orders WHERE customer_id = 7;\n")
    monkeypatch.chdir(tmp_path)
    words = "advise queries.sql --rows 2000000 --revision --models --database"
    done = CliRunner().invoke(main, [*words.split(), place.url()])
    assert done.exit_code == 0, done.output
    assert "ZeroDivisionError" in done.stderr
    assert "proven on a copy of the schema of the database instead" in done.stderr
    assert "alembic check is clean of it" in done.stderr
    with psycopg.connect(place.url()) as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_class WHERE relname ~ '^ix_'"
        ).fetchone()
    assert found == (0,), "the database itself has no new index"


def test_a_place_is_connected_to_whatever_the_environment_says_of_other_servers(
    empty: Empty, monkeypatch: pytest.MonkeyPatch
) -> None:
    place: Place = empty()
    for name, value in {"PGSSLMODE": "require", "PGHOSTADDR": "127.0.0.9"}.items():
        monkeypatch.setenv(name, value)
    with psycopg.connect(place.url()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert os.environ["PGSSLMODE"] == "require"


def test_a_template_without_a_downgrade_gets_one(tmp_path: Path, empty: Empty) -> None:
    whole, _, _ = projects.MAKO.partition("def downgrade()")
    project = Project.find(projects.flat(tmp_path, package="hshop", mako=whole.rstrip() + "\n"))
    written = write_revision(WANTED, project, place=empty())
    assert "downgraded" in written.steps
    assert written.source.count("def downgrade():\n    context = op.get_context()") == 1


@pytest.mark.parametrize(
    "asked",
    [
        'connection = context.config.attributes["connection"]',
        'connection = context.config.attributes.get("connection")\n'
        "if connection is None:\n"
        '    raise Exception("No connection set in alembic config.")',
    ],
    ids=["a key", "an exception"],
)
def test_an_env_that_shares_the_connection_of_its_caller_is_given_one(
    tmp_path: Path, empty: Empty, asked: str
) -> None:
    project = Project.find(projects.flat(tmp_path, package="ishop"))
    projects.write(
        tmp_path / "migrations/env.py",
        "from alembic import context\nfrom ishop.models import Base\n\n"
        "if context.is_offline_mode():\n"
        '    context.configure(dialect_name="postgresql", literal_binds=True)\n'
        "    with context.begin_transaction():\n        context.run_migrations()\n"
        f"else:\n{textwrap.indent(asked, '    ')}\n"
        "    context.configure(connection=connection, target_metadata=Base.metadata)\n"
        "    with context.begin_transaction():\n        context.run_migrations()\n",
    )
    written = write_revision(WANTED, project, Wish(models=True), place=empty())
    assert "alembic check is clean of it" in written.steps
