"""Edits of models: every form of ``__table_args__``, and nothing else in the file changes."""

import hashlib
import importlib
import textwrap
from pathlib import Path
from typing import Any

import pytest

from querysafe.advice.index import Index, Key, Table
from querysafe.advice.revision.facts import _place
from querysafe.advice.revision.models.editing import CannotEdit, Declaration, declare

INDEX = Index(Table("public", "t"), (Key(column="a"),))
EXPRESSION = Index(Table("public", "t"), (Key(expression='lower("a")'),))
HEAD = "from sqlalchemy import Index, text\n\n"


def edit(source: str, *, sort: str = "class", name: str = "T", inherited: object = None) -> str:
    place = Declaration(sort=sort, name=name, inherited=inherited)  # type: ignore[arg-type]
    return declare(textwrap.dedent(source), place, [("ix", INDEX)])


def body(source: str) -> str:
    """The edited class, its imports being there."""
    return edit(HEAD + textwrap.dedent(source)).removeprefix(HEAD)


def test_it_is_created_below_the_name_of_the_table() -> None:
    assert body('class T(Base):\n    __tablename__ = "t"  # ours\n    id = 1\n') == (
        'class T(Base):\n    __tablename__ = "t"  # ours\n    __table_args__ = (\n'
        '        Index("ix", "a"),\n    )\n    id = 1\n'
    )


def test_it_is_created_below_the_docstring_or_where_the_body_begins() -> None:
    assert body('class T(Base):\n    """Doc."""\n\n    id = 1\n') == (
        'class T(Base):\n    """Doc."""\n\n    __table_args__ = (\n'
        '        Index("ix", "a"),\n    )\n\n    id = 1\n'
    )
    assert body("class T(Base):\n    id = 1\n").startswith(
        'class T(Base):\n    __table_args__ = (\n        Index("ix", "a"),\n    )\n    id = 1\n'
    )


def test_it_is_created_at_the_end_of_a_file_without_a_newline() -> None:
    assert body('class T(Base):\n    __tablename__ = "t"') == (
        'class T(Base):\n    __tablename__ = "t"\n    __table_args__ = (\n'
        '        Index("ix", "a"),\n    )'
    )


def test_a_dictionary_of_a_base_is_repeated() -> None:
    source = HEAD + 'class T(Base):\n    __tablename__ = "t"\n'
    assert edit(source, inherited={"schema": "app"}).endswith(
        '    __table_args__ = (\n        Index("ix", "a"),\n        {"schema": "app"},\n    )\n'
    )
    with pytest.raises(CannotEdit, match="comes from a base"):
        edit(source, inherited="other")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("()", '(\n        Index("ix", "a"),\n    )'),
        ("(A(),)", '(\n        A(),\n        Index("ix", "a"),\n    )'),
        ('{"x": 1}', '(\n        Index("ix", "a"),\n        {"x": 1},\n    )'),
        ('(A(), {"x": 1})', '(\n        A(),\n        Index("ix", "a"),\n        {"x": 1},\n    )'),
        (
            "(\n        A(1, 2),  # why\n        B(),\n    )",
            '(\n        A(1, 2),  # why\n        B(),\n        Index("ix", "a"),\n    )',
        ),
        (
            "(\n        A(),\n        B(),  # last\n        # tail\n    )",
            '(\n        A(),\n        B(),  # last\n        Index("ix", "a"),\n        # tail\n    )',
        ),
        (
            "(\n        A(),\n        B()\n    )",
            '(\n        A(),\n        B(),\n        Index("ix", "a"),\n    )',
        ),
        (
            '(\n        A(),\n        {"x": 1},\n    )',
            '(\n        A(),\n        Index("ix", "a"),\n        {"x": 1},\n    )',
        ),
        (
            '{\n        "x": 1,  # why\n    }',
            '(\n        Index("ix", "a"),\n        {\n            "x": 1,  # why\n        },\n    )',
        ),
    ],
)
def test_every_form_is_extended(before: str, after: str) -> None:
    frame = 'class T(Base):\n    __tablename__ = "t"\n    __table_args__ = {}\n    id = 1  # é\n'
    assert body(frame.replace("{}", before)) == frame.replace("{}", after)


def test_a_method_that_returns_it_is_extended() -> None:
    source = (
        "class T(Base):\n    @declared_attr.directive\n    def __table_args__(cls):\n"
        "        return (A(),)\n"
    )
    assert 'return (\n            A(),\n            Index("ix", "a"),\n        )\n' in body(source)


@pytest.mark.parametrize(
    "value",
    [
        "tuple(x)",
        "A(), B()",
        "(*rest,)",
        "BASE + (A(),)",
        "(\n        A(),\n        B()  # x\n    )",
    ],
)
def test_a_form_that_is_not_understood_is_refused(value: str) -> None:
    with pytest.raises(CannotEdit):
        body(f"class T(Base):\n    __table_args__ = {value}\n")


@pytest.mark.parametrize(
    "source",
    ["class S: pass\n", "class T: x = 1\n", "class T:\n  x = 1\nclass T:\n  y = 1\n", "def"],
)
def test_a_class_that_is_not_found_or_stands_on_one_line_is_refused(source: str) -> None:
    with pytest.raises(CannotEdit):
        edit(source)


def test_windows_line_ends_and_nested_classes_are_kept() -> None:
    source = HEAD.replace("\n", "\r\n") + "class O:\r\n    class T(Base):\r\n        id = 1\r\n"
    place = Declaration(sort="class", name="O.T")
    edited = declare(source, place, [("ix", INDEX)])
    assert "\n" not in edited.replace("\r\n", "")
    assert "        __table_args__ = (\r\n            Index(" in edited


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "from sqlalchemy import Column, String\n",
            "from sqlalchemy import Column, Index, String\n",
        ),
        ("from sqlalchemy import Column\n", "from sqlalchemy import Column, Index\n"),
        (
            "from sqlalchemy import (\n    Column,\n    String,\n)\n",
            "from sqlalchemy import (\n    Column,\n    Index,\n    String,\n)\n",
        ),
        (
            "from sqlalchemy import (\n    Column,\n)\n",
            "from sqlalchemy import (\n    Column,\n    Index,\n)\n",
        ),
        ('"""Doc."""\n', '"""Doc."""\nfrom sqlalchemy import Index\n'),
        (
            "from __future__ import annotations\nimport os\n",
            "from __future__ import annotations\nimport os\nfrom sqlalchemy import Index\n",
        ),
        (
            "from sqlalchemy.orm import *\n",
            "from sqlalchemy.orm import *\nfrom sqlalchemy import Index\n",
        ),
    ],
)
def test_the_import_is_added_where_it_belongs(before: str, after: str) -> None:
    rest = "class T(Base):\n    id = 1\n"
    assert edit(before + rest).startswith(after)


def test_names_of_the_module_are_used_as_they_are() -> None:
    rest = "class T(Base):\n    id = 1\n"
    assert 'sa.Index("ix", "a")' in edit("import sqlalchemy as sa\n" + rest)
    assert 'sqlalchemy.Index("ix", "a")' in edit("import sqlalchemy\n" + rest)
    assert 'I("ix", "a")' in edit("from sqlalchemy import Index as I\n" + rest)


def test_a_column_called_text_does_not_become_the_function() -> None:
    source = "from sqlalchemy import Index, text\nclass T(Base):\n    text = column()\n    a = 1\n"
    edited = declare(source, Declaration(sort="class", name="T"), [("ix", EXPRESSION)])
    assert "from sqlalchemy import Index, text, text as sql_text\n" in edited
    assert 'Index("ix", sql_text("(lower(a))"))' in edited
    other = "class Index:\n    pass\n\n\nclass T(Base):\n    id = 1\n"
    assert "from sqlalchemy import Index as sql_index\n" in edit(other)


def test_a_core_table_gets_one_argument_more() -> None:
    one = 't = Table("t", metadata, Column("a", Integer), schema="s")\n'
    assert edit(HEAD + one, sort="table", name="t").endswith(
        'Column("a", Integer), Index("ix", "a"), schema="s")\n'
    )
    many = 't: Table = sa.Table(\n    "t",\n    metadata,\n    Column("a"),\n    schema="s",\n)\n'
    assert edit(HEAD + many, sort="table", name="t").endswith(
        '    Column("a"),\n    Index("ix", "a"),\n    schema="s",\n)\n'
    )
    with pytest.raises(CannotEdit, match="no call of Table"):
        edit("t = make()\n", sort="table", name="t")
    with pytest.raises(CannotEdit, match="star"):
        edit('t = Table(\n    "t",\n    *columns,\n)\n', sort="table", name="t")


RUN = """\
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, declared_attr

OPTIONS = {"comment": "a table"}


class Base(DeclarativeBase):
    pass


"""
SPELLINGS = {
    "nothing": 'class T(Base):\n    __tablename__ = "t"\n    id = sa.Column(sa.Integer, primary_key=True)\n    a = sa.Column(sa.Integer)\n',
    "a tuple": 'class T(Base):\n    __tablename__ = "t"\n    id = sa.Column(sa.Integer, primary_key=True)\n    a = sa.Column(sa.Integer)\n    __table_args__ = (sa.UniqueConstraint("a"),)\n',
    "a tuple that ends in a named dictionary": 'class T(Base):\n    __tablename__ = "t"\n    __table_args__ = (sa.UniqueConstraint("a"), OPTIONS)\n    id = sa.Column(sa.Integer, primary_key=True)\n    a = sa.Column(sa.Integer)\n',
    "a tuple over lines that ends in a named dictionary": 'class T(Base):\n    __tablename__ = "t"\n    __table_args__ = (\n        sa.UniqueConstraint("a"),\n        OPTIONS,\n    )\n    id = sa.Column(sa.Integer, primary_key=True)\n    a = sa.Column(sa.Integer)\n',
    "a dictionary": 'class T(Base):\n    __tablename__ = "t"\n    __table_args__ = {"comment": "x"}\n    id = sa.Column(sa.Integer, primary_key=True)\n    a = sa.Column(sa.Integer)\n',
    "a named dictionary": 'class T(Base):\n    __tablename__ = "t"\n    __table_args__ = OPTIONS\n    id = sa.Column(sa.Integer, primary_key=True)\n    a = sa.Column(sa.Integer)\n',
    "a call of dict": 'class T(Base):\n    __tablename__ = "t"\n    __table_args__ = dict(comment="x")\n    id = sa.Column(sa.Integer, primary_key=True)\n    a = sa.Column(sa.Integer)\n',
    "a method": 'class T(Base):\n    __tablename__ = "t"\n\n    @declared_attr.directive\n    def __table_args__(cls):\n        return (sa.UniqueConstraint("a"), {"comment": cls.__name__})\n\n    id = sa.Column(sa.Integer, primary_key=True)\n    a = sa.Column(sa.Integer)\n',
    "a dictionary of a mixin": 'class Mixin:\n    __table_args__ = {"comment": "x"}\n    a = sa.Column(sa.Integer)\n\n\nclass T(Mixin, Base):\n    __tablename__ = "t"\n    id = sa.Column(sa.Integer, primary_key=True)\n',
    "a table in the class": 'class T(Base):\n    __table__ = sa.Table(\n        "t", Base.metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Integer)\n    )\n',
    "a table": 'T = sa.Table(\n    "t",\n    Base.metadata,\n    sa.Column("id", sa.Integer, primary_key=True),\n    sa.Column("a", sa.Integer),\n)\n',
    "an imperative mapping": 't_table = sa.Table("t", Base.metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Integer), comment="x")\n\n\nclass T:\n    pass\n\n\nBase.registry.map_imperatively(T, t_table)\n',
}  # fmt: skip


@pytest.mark.parametrize("source", SPELLINGS.values(), ids=SPELLINGS)
def test_the_table_of_an_edited_module_has_the_index_and_all_that_it_had(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = f"spelled_{hashlib.md5(source.encode(), usedforsecurity=False).hexdigest()}"
    path = tmp_path / f"{module}.py"
    path.write_text(RUN + source)
    monkeypatch.syspath_prepend(str(tmp_path))
    original = importlib.import_module(module)
    table = original.Base.metadata.tables["t"]
    place = _place(table)
    assert place is not None
    named = {key: place[key] for key in ("sort", "name", "inherited", "options")}
    edited = declare(path.read_text(), Declaration(**named), [("ix", INDEX), ("iy", EXPRESSION)])
    made: dict[str, Any] = {"__name__": "edited"}
    exec(compile(edited, "edited.py", "exec"), made)
    after = made["Base"].metadata.tables["t"]
    assert {each.name for each in after.indexes} == {"ix", "iy"}
    assert len(after.constraints) == len(table.constraints)
    assert after.comment == table.comment


REFUSED = {
    "a condition": 'class T(Base):\n    __tablename__ = "t"\n    if True:\n        __table_args__ = {}\n',
    "a sum": 'class T(Base):\n    __table_args__ = (1,) + OTHER\n',
    "a table of elsewhere": "class T(Base):\n    __table__ = elsewhere\n",
    "a list of columns": 'T = sa.Table("t", metadata, *columns)\n',
}  # fmt: skip


@pytest.mark.parametrize("source", REFUSED.values(), ids=REFUSED)
def test_a_declaration_that_cannot_be_edited_safely_is_left(source: str) -> None:
    with pytest.raises(CannotEdit):
        edit(HEAD + source, sort="table" if source.startswith("T") else "class")
