"""A cure names only what is known where it is pasted; where none can be written, none is."""

import ast
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from querysafe.analysis.cures import raw
from querysafe.analysis.cures.arguments import complete
from querysafe.analysis.cures.batch import Batch
from querysafe.analysis.cures.chains import parse
from querysafe.analysis.cures.names import Module
from querysafe.analysis.cures.places import Place
from querysafe.analysis.cures.rows import _is_matched
from querysafe.query import CallSite, Frame, Span

FUNCTION = """
LIMIT = 3

class Provider:
    def raise_generation(self, ctx, consumer):
        table = ctx.table
        ctx.session.execute(table)
"""


@pytest.fixture
def frame(tmp_path: Path) -> Frame:
    path = tmp_path / "provider.py"
    path.write_text(FUNCTION)
    line = FUNCTION.splitlines().index("        ctx.session.execute(table)") + 1
    return Frame(
        site=CallSite(path="provider.py", line=line, function="raise_generation"),
        file=str(path),
        span=Span(line=line, column=8, end_line=line, end_column=34),
    )


@pytest.mark.parametrize(
    ("code", "completed"),
    [
        (
            "def f_for_all(keys):\n    ctx.session.execute(keys, LIMIT)",
            "def f_for_all(keys, ctx):\n    ctx.session.execute(keys, LIMIT)",
        ),
        (
            "async def f_for_all(consumers):\n    return [self.of(each, table) for each in consumers]",
            "async def f_for_all(self, consumers, table):\n"
            "    return [self.of(each, table) for each in consumers]",
        ),
        ("def f_for_all():\n    ctx.go()", "def f_for_all(ctx):\n    ctx.go()"),
        (
            "def f_for_all(ctx, keys):\n    ctx.go(keys)",
            "def f_for_all(ctx, keys):\n    ctx.go(keys)",
        ),
        ("ctx.session.execute(self)", "ctx.session.execute(self)"),
    ],
)
def test_a_function_is_handed_every_name_that_it_uses(
    frame: Frame, code: str, completed: str
) -> None:
    assert complete(code, frame) == completed


@pytest.mark.parametrize(
    "code",
    [
        "def f_for_all(objects):\n    run([each.id for each in objects], self.generation + 1)",
        "def f_for_all(ctx, consumers):\n    ctx.run([each.id for each in consumers], consumer.name)",
        "def after_flush_for_all(self, session, keys):\n    super().after_flush(session)",
    ],
)
def test_one_rows_own_value_cannot_stand_for_all_rows_and_super_does_nothing(
    frame: Frame, code: str
) -> None:
    assert complete(code, frame) == ""


def sent(statement: str, entity: str = "") -> Any:
    return SimpleNamespace(statement=statement, stack=(), orm_cause=SimpleNamespace(entity=entity))


@pytest.mark.parametrize(
    "statement", ["SELECT ?", "SELECT bill.id FROM bill", "SELECT b.id FROM bill b WHERE b.at > ?"]
)
@pytest.mark.parametrize("entity", ["", "Bill"])
def test_a_statement_that_compares_no_column_is_no_lookup_by_key(
    statement: str, entity: str
) -> None:
    assert raw.cure([sent(statement, entity)]) == ""


def test_a_column_of_the_class_is_looked_up_by_its_attribute() -> None:
    code = raw.cure([sent("SELECT bill.id FROM bill WHERE bill.payer_id = ?", "Bill")])
    assert "select(Bill).where(Bill.payer_id.in_(keys))" in code


def test_a_column_of_a_secondary_table_is_no_attribute_of_the_class() -> None:
    statement = (
        "SELECT person.id, person.name FROM person, billowers "
        "WHERE billowers.bill_id = ? AND person.id = billowers.person_id"
    )
    code = raw.cure([sent(statement, "Person")])
    assert "Person.bill_id" not in code
    assert "billowers.bill_id IN :keys" in code
    ast.parse(code)


@pytest.mark.parametrize(
    ("columns", "key", "matched"),
    [
        (("A.id",), "row.a_id", True),
        (("A.id", "A.number"), "(row.a_id, row.number)", True),
        (("A.id", "A.number"), "row.a_id", False),
        (("A.id", "A.number"), "(row.a_id, row.number, row.day)", False),
    ],
)
def test_a_pair_of_columns_wants_pairs_of_keys(
    columns: tuple[str, ...], key: str, matched: bool
) -> None:
    batch = Batch(
        chain=parse(ast.parse("select(A)", mode="eval").body),
        columns=columns,
        place=Place(keys=f"[{key} for row in rows]", key=key),
        owner="session",
        awaited=False,
        sort="one",
        entity=True,
        gives_none=True,
    )
    assert cast(object, _is_matched(batch)) is matched


def test_a_wrapper_of_the_name_of_a_mapped_class_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "orm.py").write_text("class User(Base):\n    __tablename__ = 'users'\n")
    (tmp_path / "user.py").write_text("class User:\n    spawner = None\n")
    path = tmp_path / "test_orm.py"
    path.write_text("import orm\nfrom user import User\n\nuser = orm.User()\n")
    assert Module(str(path)).spell("User") == "orm.User"
