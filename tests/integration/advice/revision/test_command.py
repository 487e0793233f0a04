"""``querysafe advise --revision``: from queries to files in the project, or to none."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from querysafe.advice.revision.project import Place, Project
from querysafe.cli import main
from tests.integration.advice.revision import projects
from tests.integration.advice.revision.conftest import Empty, tree

QUERIES = """\
SELECT * FROM orders WHERE customer_id = 7;
SELECT * FROM orders WHERE status = 'open' AND deleted_at IS NULL ORDER BY created_at DESC LIMIT 20;
SELECT * FROM customers WHERE lower(email) = 'a@example.org';
"""


@pytest.fixture
def shop(tmp_path: Path, empty: Empty, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The current folder is a project, whose migrations have made the database."""
    place = empty()
    project = Project.find(projects.flat(tmp_path, package="eshop"))
    project.call(place, [("upgrade", {"revision": "heads"})])
    monkeypatch.setenv("PGPASSWORD", place.password)
    (tmp_path / "queries.sql").write_text(QUERIES)
    monkeypatch.chdir(tmp_path)
    return place


def run(place: Place, *arguments: str) -> Result:
    url = f"postgresql://{place.user}@{place.host}:{place.port}/{place.dbname}"
    command = ["advise", "queries.sql", "--database", url, "--rows", "2000000", *arguments]
    return CliRunner().invoke(main, command)


def test_queries_become_a_proven_revision_and_models_that_agree_with_it(
    shop: Place, tmp_path: Path
) -> None:
    before = tree(tmp_path)
    shown = run(shop, "--revision", "--models", "--diff")
    assert shown.exit_code == 0, shown.output
    assert tree(tmp_path) == before
    assert "+def upgrade() -> None:\n" in shown.stdout
    done = run(shop, "--revision", "--models", "--message", "faster orders")
    assert done.exit_code == 0, done.output
    assert "proven on a throw-away server: upgraded, downgraded, upgraded again" in done.stderr
    assert "re-planned" in done.stderr
    (made,) = set(tree(tmp_path)) - set(before)
    assert made.startswith("migrations/versions/") and made.endswith("_faster_orders.py")
    source = (tmp_path / made).read_text()
    assert "lower(" in source and "customer_id" in source
    assert "2,000,000" in source, "the basis is told"
    assert "Index(" in (tmp_path / "eshop/models.py").read_text()
    assert shop.password not in done.output + source
    linted = CliRunner().invoke(main, ["advise", "lint-revisions", made, "--format", "text"])
    assert linted.exit_code == 0, linted.output


def test_an_advice_of_no_index_writes_no_revision_and_is_no_failure(
    shop: Place, tmp_path: Path
) -> None:
    (tmp_path / "queries.sql").write_text("SELECT * FROM orders WHERE id = 7;\n")
    before = tree(tmp_path)
    done = run(shop, "--revision", "--models")
    assert done.exit_code == 0, done.output
    assert "no index is advised: there is no revision to write" in done.stderr
    assert tree(tmp_path) == before


def test_options_of_a_revision_without_one_and_a_folder_without_a_project_are_refused(
    shop: Place, tmp_path: Path
) -> None:
    alone = run(shop, "--models")
    assert alone.exit_code == 2
    assert "--models says something of a revision: add --revision" in alone.stderr
    (tmp_path / "alembic.ini").unlink()
    before = tree(tmp_path)
    missing = run(shop, "--revision")
    assert missing.exit_code == 3
    assert "no Alembic project" in missing.stderr and "--project" in missing.stderr
    assert tree(tmp_path) == before
