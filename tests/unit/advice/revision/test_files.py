"""Heads, docstrings, and files that are all written or not at all."""

import ast
from pathlib import Path

import pytest
import sqlalchemy as sa

from querysafe.advice.revision import landing
from querysafe.advice.revision.errors import RevisionError
from querysafe.advice.revision.evidence import size, with_evidence
from querysafe.advice.revision.facts import _lines
from querysafe.advice.revision.heads import choose

ONE = {"id": "a1", "labels": ["shop"], "message": "orders\nmore", "path": "/p/a/x/a1.py"}
TWO = {"id": "b2", "labels": [], "message": "", "path": "/p/b/b2.py"}


def test_the_only_head_is_followed_into_the_folder_that_it_is_in() -> None:
    base = choose([ONE], None, ["/p/a", "/p/b"], None, None)
    assert (base.head, base.down, base.location, base.others) == ("a1", "a1", Path("/p/a"), False)


def test_a_first_revision_has_nothing_below_it() -> None:
    base = choose([], None, ["/p/a"], None, None)
    assert (base.head, base.down) == ("base", None)
    assert choose([ONE], None, ["/p/a"], "base", None).others


def test_several_heads_and_an_old_revision_are_refused_with_the_heads_named() -> None:
    with pytest.raises(RevisionError) as error:
        choose([ONE, TWO], None, ["/p/a"], None, None)
    assert error.value.message == "the project has 2 heads: a1 [shop] (orders), b2"
    assert "--head shop@head" in str(error.value)
    with pytest.raises(RevisionError, match="is no head"):
        choose([ONE], {"id": "a0", "path": "x", "is_head": False}, ["/p/a"], "a0", None)


def test_a_version_path_has_to_be_one_of_the_projects() -> None:
    assert choose([], None, ["/p/a", "/p/b"], None, Path("/p/b")).location == Path("/p/b")
    with pytest.raises(RevisionError, match="none of the project's version locations"):
        choose([], None, ["/p/a"], None, Path("/p/c"))
    with pytest.raises(RevisionError, match="several version locations"):
        choose([], None, ["/p/a", "/p/b"], None, None)


def test_evidence_is_put_below_the_message_whatever_it_holds() -> None:
    text = 'quotes """ and \\d+ and a\nsecond line'
    for source in (
        '"""add\n\nRevises: x\n"""\nx = 1\n',
        "'''add'''\nx = 1\n",
        'r"""add"""\nx = 1\n',
        '# Licence of "this".\n#\n\n"""add\n"""\nx = 1\n',
    ):
        written = with_evidence(source, "add", text)
        docstring = ast.get_docstring(ast.parse(written))
        assert docstring is not None and docstring.startswith("add\n\nquotes")
        assert "second line" in docstring
    assert with_evidence("x = 1\n", "add", "a\n\nb") == "# a\n#\n# b\nx = 1\n"


def test_sizes_are_written_for_people() -> None:
    assert [size(each) for each in (8192, 3_500_000, 120_000_000, 5_000_000_000)] == [
        "8 kB",
        "3.3 MB",
        "114 MB",
        "4.7 GB",
    ]


def test_edits_and_the_new_file_are_written_together(tmp_path: Path) -> None:
    models = tmp_path / "models.py"
    models.write_text("old")
    models.chmod(0o640)
    target = tmp_path / "versions" / "2026" / "x.py"
    landing.land([(models, "old", "new")], target, "revision")
    assert (models.read_text(), target.read_text()) == ("new", "revision")
    assert models.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        "2026",
        "models.py",
        "versions",
        "x.py",
    ]


def test_a_file_that_cannot_be_written_leaves_all_as_it_was(tmp_path: Path) -> None:
    models, target = tmp_path / "models.py", tmp_path / "x.py"
    models.write_text("old")
    target.write_text("there")
    with pytest.raises(RevisionError, match="exists already"):
        landing.land([(models, "old", "new")], target, "revision")
    assert (models.read_text(), target.read_text()) == ("old", "there")
    with pytest.raises(RevisionError, match="changed meanwhile"):
        landing.land([(models, "other", "new")], tmp_path / "y.py", "revision")
    blocked = tmp_path / "models.py" / "versions" / "x.py"
    with pytest.raises(RevisionError, match="cannot be written"):
        landing.land([(models, "old", "new")], blocked, "revision")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["models.py", "x.py"]
    assert models.read_text() == "old"


def test_a_difference_is_told_alike_by_every_process() -> None:
    metadata = sa.MetaData()
    table = sa.Table("orders", metadata, sa.Column("user_id", sa.ForeignKey("users.id")))
    (key,) = table.foreign_key_constraints
    assert list(_lines(("add_fk", key))) == ["add_fk orders.(user_id)"]
    assert list(_lines([("add_index", sa.Index("ix", table.c.user_id))])) == ["add_index orders.ix"]
    assert list(_lines(("odd", "t", object()))) == ["odd t <object object>"]
