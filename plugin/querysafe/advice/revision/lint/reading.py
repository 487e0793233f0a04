"""A revision file as changes, by its syntax tree: nothing of it is run."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from querysafe.advice.revision.lint import operations, sql
from querysafe.advice.revision.lint.change import Change, Revision
from querysafe.advice.revision.lint.dialects import foreign
from querysafe.advice.revision.lint.values import Names, constant, texts_of

_DEPTH = 6


@dataclass(frozen=True, slots=True)
class _State:
    """What is in force at a place of the file."""

    lock_timeout: str = ""
    outside: bool = False
    knows_invalid: bool = False
    dropped: frozenset[str] = frozenset()
    transaction: int = 0
    batch: Mapping[str, tuple[str, ...]] | None = None
    """Variable of ``op.batch_alter_table`` to its table."""


def read(source: str, path: str, *, functions: Sequence[str] = ("upgrade",)) -> Revision | None:
    """Read a file; None when it is no revision.

    Raises :class:`SyntaxError` when it is no Python.
    """
    tree = ast.parse(source, path)
    if not is_revision(tree):
        return None
    reader = _Reader(tree, source)
    for name in functions:
        reader.run(name)
    created = {each.table for each in reader.changes if each.kind == "create_table"}
    return Revision(
        path=path,
        changes=tuple(reader.changes),
        source=source,
        id=constant(reader.names.texts.get("revision"), reader.names) or "",
        down=(
            *_ids(reader.names.texts.get("down_revision"), reader.names),
            *_ids(reader.names.texts.get("depends_on"), reader.names),
        ),
        created=frozenset(created | {name.rpartition(".")[2] for name in created}),
        partitioned=frozenset(reader.partitioned),
    )


def _ids(node: ast.expr | None, names: Names) -> tuple[str, ...]:
    one = constant(node, names)
    return (one,) if one else texts_of(node, names)


def is_revision(tree: ast.Module) -> bool:
    """Whether a module says which revision it is and has an ``upgrade``."""
    bound = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    has_upgrade = any(
        isinstance(node, ast.FunctionDef) and node.name == "upgrade" for node in tree.body
    )
    return {"revision", "down_revision"} <= bound and has_upgrade


class _Reader:
    """Walks the statements in their order, into functions of the file that are called."""

    def __init__(self, tree: ast.Module, source: str) -> None:
        self.changes: list[Change] = []
        self.partitioned: set[str] = set()
        self._source = source
        self.names = Names(tree)
        self._functions = {
            node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)
        }
        self._state = _State()
        self._function = ""
        self._depth = 0

    def run(self, name: str) -> None:
        """Read one function from a fresh state."""
        function = self._functions.get(name)
        if function is None:
            return
        self._state = _State()
        self._function = name
        self._walk(function.body)

    def _walk(self, body: Sequence[ast.stmt]) -> None:
        for statement in body:
            if isinstance(statement, ast.With):
                self._with(statement)
            elif isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
                continue
            elif isinstance(statement, ast.If | ast.For | ast.While | ast.Try):
                heads = [
                    value
                    for field in ("test", "iter")
                    if isinstance(value := getattr(statement, field, None), ast.expr)
                ]
                for head in heads:
                    self._calls(head)
                skipped = foreign(statement.test) if isinstance(statement, ast.If) else ""
                for field in ("body", "orelse", "finalbody"):
                    if field != skipped:
                        self._walk(getattr(statement, field, []))
                for handler in getattr(statement, "handlers", []):
                    self._walk(handler.body)
            else:
                if isinstance(statement, ast.Assign):
                    self.names.bind(statement)
                    self._look_at_texts(statement.value)
                self._calls(statement)

    def _with(self, statement: ast.With) -> None:
        before = self._state
        for item in statement.items:
            call = item.context_expr
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
                continue
            if call.func.attr == "autocommit_block":
                self._state = replace(
                    self._state, outside=True, transaction=self._state.transaction + 1
                )
            elif call.func.attr == "batch_alter_table" and isinstance(item.optional_vars, ast.Name):
                table = operations.table_of(call, self.names, position=0)
                batches = {**(self._state.batch or {}), item.optional_vars.id: (table,)}
                self._state = replace(self._state, batch=batches)
        self._walk(statement.body)
        ended = self._state.transaction + (self._state.outside and not before.outside)
        self._state = replace(
            self._state, outside=before.outside, batch=before.batch, transaction=ended
        )

    def _calls(self, node: ast.AST) -> None:
        """Every call below a node, the inner ones of a chain first."""
        for each in ast.walk(node):
            if isinstance(each, ast.Lambda):
                continue
            if isinstance(each, ast.Call):
                self._call(each)

    def _call(self, call: ast.Call) -> None:
        function = call.func
        if isinstance(function, ast.Name):
            inner = self._functions.get(function.id)
            if inner is not None and self._depth < _DEPTH:
                self._depth += 1
                self.names.bind_arguments(inner, call)
                self._walk(inner.body)
                self._depth -= 1
            return
        if not isinstance(function, ast.Attribute):
            return
        if function.attr in ("execute", "exec_driver_sql", "scalars", "scalar") and call.args:
            text = constant(call.args[0], self.names)
            if text is not None:
                self._sql(text, call)
            return
        if any(
            keyword.arg == "isolation_level" and constant(keyword.value, self.names) == "AUTOCOMMIT"
            for keyword in call.keywords
        ):
            self._state = replace(self._state, outside=True)
        batch = None
        if isinstance(function.value, ast.Name):
            batch = (self._state.batch or {}).get(function.value.id)
            if batch is None and function.value.id not in self.names.op:
                return
        elif not _is_op_attribute(function.value):
            return
        for kind, fields in operations.changes(call, function.attr, self.names, batch):
            if kind == "create_table" and fields.pop("partitioned", False):
                self.partitioned.add(fields["table"])
            self._add(kind, fields, call, is_sql=False)

    def _sql(self, text: str, call: ast.Call) -> None:
        self._look_at(text)
        for statement in sql.statements(text):
            for found in sql.changes(statement):
                fields = dict(found.fields)
                if found.kind == "set":
                    self._state = replace(self._state, lock_timeout=fields["lock_timeout"])
                elif found.kind == "commit":
                    self._state = replace(
                        self._state, outside=True, transaction=self._state.transaction + 1
                    )
                else:
                    if found.kind == "create_table" and fields.pop("partitioned", False):
                        self.partitioned.add(fields["table"])
                    self._add(found.kind, fields, call, is_sql=True, statement=statement)

    def _look_at_texts(self, node: ast.expr) -> None:
        text = constant(node, self.names)
        if text is not None:
            self._look_at(text)

    def _look_at(self, text: str) -> None:
        if "indisvalid" in text:
            self._state = replace(self._state, knows_invalid=True)

    def _add(
        self,
        kind: str,
        fields: dict[str, Any],
        call: ast.Call,
        *,
        is_sql: bool,
        statement: str = "",
    ) -> None:
        written = statement or ast.get_source_segment(self._source, call) or ""
        name = str(fields.get("name", ""))
        self.changes.append(
            Change(
                kind=kind,
                line=call.lineno,
                function=self._function,
                source=written,
                is_sql=is_sql,
                outside_transaction=self._state.outside,
                lock_timeout=self._state.lock_timeout,
                knows_invalid=self._state.knows_invalid
                or (bool(name) and name.rpartition(".")[2] in self._state.dropped),
                transaction=self._state.transaction,
                **{key: value for key, value in fields.items() if key != "partitioned"},
            )
        )
        if kind == "drop_index" and name:
            dropped = self._state.dropped | {name.rpartition(".")[2]}
            self._state = replace(self._state, dropped=dropped)


def _is_op_attribute(node: ast.expr) -> bool:
    """``alembic.op``."""
    return (
        isinstance(node, ast.Attribute)
        and node.attr == "op"
        and isinstance(node.value, ast.Name)
        and node.value.id == "alembic"
    )
