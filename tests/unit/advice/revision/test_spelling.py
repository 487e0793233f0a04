"""Calls as Alembic spells them."""

import ast

import pytest
import sqlalchemy as sa
from alembic.autogenerate import render_python_code
from alembic.migration import MigrationContext
from alembic.operations import ops
from sqlalchemy.dialects.postgresql import dialect

from querysafe.advice.index import Index, Key, Table
from querysafe.advice.revision.spelling import (
    create_index,
    escaped,
    identifier,
    literal,
    model_index,
    needs,
    plain,
)

T = Table("public", "orders")
KINDS = [
    Index(T, (Key(column="a"),)),
    Index(T, (Key(column="a"), Key(column="Odd name"))),
    Index(T, (Key(column="a", operator_class="text_pattern_ops"),), include=("b", "c")),
    Index(T, (Key(column="a"), Key(column="order", descending=True, nulls_first=False))),
    Index(T, (Key(column="a", nulls_first=True),), unique=True),
    Index(T, (Key(expression='lower("a")'),), where="\"b\" = 'x:y'"),
    Index(T, (Key(column="a"),), method="brin", storage=(("pages_per_range", "32"),)),
]


@pytest.mark.parametrize("index", KINDS, ids=lambda index: index.definition())
def test_our_call_is_the_one_that_alembic_renders_for_our_model(index: Index) -> None:
    namespace: dict[str, object] = {"sa": sa}
    made = eval(
        model_index(index, "ix", names=("sa.Index", "sa.text", "sa.literal_column")), namespace
    )
    names = ("a", "b", "c", "order", "Odd name")
    sa.Table("orders", sa.MetaData(), *(sa.Column(name, sa.Text) for name in names), made)
    operation = ops.CreateIndexOp.from_index(made)
    operation.kw["postgresql_concurrently"] = True
    operation.if_not_exists = True
    context = MigrationContext.configure(dialect=dialect())
    rendered = render_python_code(ops.UpgradeOps([operation]), migration_context=context)
    theirs = next(line for line in rendered.splitlines() if "op.create_index" in line).strip()
    theirs = theirs.replace("sa.literal_column", "sa.text")
    ours = create_index(index, "ix", schema=None).replace("\\\\:", ":")
    assert _call(ours) == _call(theirs)


def _call(code: str) -> tuple[list[str], dict[str | None, str]]:
    (statement,) = ast.parse(code).body
    assert isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
    call = statement.value
    return [ast.dump(each) for each in call.args], {
        each.arg: ast.dump(each.value) for each in call.keywords
    }


def test_names_lose_the_quotes_that_they_do_not_need_and_literals_stay() -> None:
    assert plain('lower("email")') == "lower(email)"
    assert (
        plain('"Email" = \'"email"\' AND "select" > 1') == '"Email" = \'"email"\' AND "select" > 1'
    )
    assert identifier("user") == '"user"'
    assert identifier("user_id") == "user_id"
    assert identifier('a"b') == '"a""b"'


def test_a_colon_that_would_begin_a_parameter_is_escaped() -> None:
    assert escaped("a::text = ':x'") == "a::text = '\\:x'"
    assert str(sa.text(escaped("a::text = ':x'"))) == "a::text = ':x'"


def test_literals_are_in_double_quotes_and_mean_the_same() -> None:
    for text in ("plain", "it's", 'say "x"', "both ' and \"", "back\\slash", "new\nline", "é"):
        assert ast.literal_eval(literal(text)) == text
    assert literal("it's") == '"it\'s"'
    assert literal("plain") == '"plain"'


def test_a_call_that_is_too_long_has_one_argument_a_line() -> None:
    short = create_index(KINDS[0], "ix", schema=None)
    assert short.splitlines()[0] == "op.create_index(" and short.endswith(",\n)")
    assert model_index(KINDS[0], "ix") == 'Index("ix", "a")'


def test_an_operator_class_of_an_expression_goes_where_alembic_compares_it() -> None:
    index = Index(T, (Key(expression='lower("a")', operator_class="text_pattern_ops"),))
    code = model_index(index, "ix")
    assert 'literal_column("(lower(a))").label("lower_a")' in code
    assert 'postgresql_ops={"lower_a": "text_pattern_ops"}' in code
    assert needs(index) == ("Index", "literal_column")
    assert needs(KINDS[3]) == ("Index", "text")
    assert needs(KINDS[0]) == ("Index",)
