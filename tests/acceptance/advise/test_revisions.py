"""A revision that cannot be written leaves the project as it was, and says why."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from querysafe.advice.revision.project import Place, Project
from tests.acceptance.advise.bench import Bench
from tests.integration.advice.revision import projects
from tests.requirements import require

QUERIES = "SELECT * FROM orders WHERE customer_id = 7;\n"
REVISE = ("queries.sql", "--rows", "2000000", "--revision")


@pytest.fixture
def project(shop: Bench) -> Bench:
    """The folder is a project, whose migrations have made the database."""
    shop.execute("DROP TABLE orders, customers")
    found = Project.find(projects.flat(shop.folder, package="cutshop"))
    place = Place(
        host=shop.cluster.host,
        port=shop.cluster.port,
        user=shop.user,
        password=shop.password,
        dbname=shop.database,
    )
    found.call(place, [("upgrade", {"revision": "heads"})])
    shop.write("queries.sql", QUERIES)
    return shop


@contextmanager
def _mounted(folder: Path, options: str) -> Iterator[None]:
    """A small file system over a folder, with the folder's files."""
    able = sys.platform == "linux" and os.geteuid() == 0 and shutil.which("mount") is not None
    require("mount", able, "only root mounts a file system")
    kept = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", folder], check=True)
    try:
        for name, content in kept.items():
            (folder / name).write_bytes(content)
        if options:
            subprocess.run(["mount", "-o", f"remount,{options}", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_folder_of_revisions_that_is_read_only_is_named(project: Bench) -> None:
    versions = project.folder / "migrations/versions"
    with _mounted(versions, "ro"):
        before = project.state()
        done = project.advise(*REVISE, "--models")
        assert done.status == 3
        assert f'"{versions}" is not writable' in done.stderr
        assert "--diff" in done.stderr
        assert project.state() == before
        shown = project.advise(*REVISE, "--diff")
        assert (shown.status, "+def upgrade()" in shown.stdout) == (0, True)
        assert project.state() == before


def test_a_full_disk_leaves_every_file_as_it_was(project: Bench) -> None:
    versions = project.folder / "migrations/versions"
    with _mounted(versions, ""):
        with (versions / "filling").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 512)
            except OSError:
                pass
        before = project.state()
        done = project.advise(*REVISE, "--models")
        assert done.status == 3
        assert "cannot be written: No space left on device" in done.stderr
        assert project.state() == before


def test_several_heads_are_named_and_one_can_be_followed(project: Bench) -> None:
    versions = project.folder / "migrations/versions"
    for name in ("left", "right"):
        (versions / f"{name}.py").write_text(
            f'revision = "{name}"\ndown_revision = "a1b2c3d4e5f6"\n\n\n'
            "def upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n"
        )
    before = project.state()
    done = project.advise(*REVISE)
    assert done.status == 3
    assert "the project has 2 heads: " in done.stderr
    assert "hint: name the one to follow: --head " in done.stderr
    wrong = project.advise(*REVISE, "--head", "nowhere")
    assert wrong.status == 3
    assert "nowhere" in wrong.stderr
    assert project.state() == before


def test_a_name_that_another_index_has_is_passed_over(project: Bench) -> None:
    versions = project.folder / "migrations/versions"
    (versions / "taken.py").write_text(
        'revision = "taken"\ndown_revision = "a1b2c3d4e5f6"\nfrom alembic import op\n\n\n'
        'def upgrade():\n    op.create_index("ix_orders_customer_id", "orders", ["status"])\n\n\n'
        'def downgrade():\n    op.drop_index("ix_orders_customer_id")\n'
    )
    project.execute("CREATE INDEX ix_orders_customer_id ON orders (status)")
    done = project.advise(*REVISE, "--models")
    assert done.status == 0, done.stderr
    (made,) = versions.glob("*indexes_of_orders.py")
    assert "ix_orders_customer_id_" in made.read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_revision_that_is_cut_off_changes_no_file(project: Bench, number: signal.Signals) -> None:
    before = project.state()
    running = project.start(*REVISE, "--models", "--database", project.url)
    assert running.stdout is not None
    assert running.stdout.readline(), "the advice is written before the revision"
    os.killpg(running.pid, number)
    done = project.end(running)
    assert done.status == 128 + number
    assert project.state() == before
