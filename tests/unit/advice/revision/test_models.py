"""Edits of models: every form of ``__table_args__``, and nothing else in the file changes."""

import textwrap

import pytest

from querysafe.advice.index import Index, Key, Table
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
