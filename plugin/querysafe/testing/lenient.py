"""A test function without its assertions: on more rows than it was written for they fail.

What they say is evaluated all the same, for the queries that it sends.
"""

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import CodeType
from typing import Any

_REST = "_querysafe_rest"


@contextmanager
def lenient(function: Any) -> Iterator[CodeType | None]:
    """Let a function run without its assertions within the block, and say which code that is.

    A function whose source is out of reach keeps its own code.
    """
    own: CodeType | None = getattr(function, "__code__", None)
    if own is None:
        yield None
        return
    code = _without_assertions(own) or own
    function.__code__ = code
    try:
        yield code
    finally:
        function.__code__ = own


@lru_cache(maxsize=64)
def _without_assertions(own: CodeType) -> CodeType | None:
    try:
        tree = ast.parse(Path(own.co_filename).read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return None
    if all(_begins(node) != own.co_firstlineno for node in ast.walk(tree)):
        return None
    tree = ast.fix_missing_locations(_Lenient().visit(tree))
    try:
        module = compile(tree, own.co_filename, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError):
        return None
    found = [code for code in _codes(module) if _is_same(code, own)]
    return found[0] if len(found) == 1 else None


def _begins(node: ast.AST) -> int | None:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    return min([node.lineno, *(each.lineno for each in node.decorator_list)])


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


def _is_same(code: CodeType, own: CodeType) -> bool:
    """Whether one can stand in for the other; Python asks for the same free variables."""
    return (
        code.co_name == own.co_name
        and code.co_firstlineno == own.co_firstlineno
        and code.co_freevars == own.co_freevars
        and code.co_flags == own.co_flags
        and code.co_varnames[: code.co_argcount] == own.co_varnames[: own.co_argcount]
    )


class _Lenient(ast.NodeTransformer):
    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        """``assert rows == 3`` becomes ``rows == 3``."""
        return ast.copy_location(ast.Expr(node.test), node)

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        """``self.assertEqual(a, b)`` becomes ``(a, b)``."""
        call = node.value
        if _is_unittest_assertion(call):
            assert isinstance(call, ast.Call)
            values = [*call.args, *(keyword.value for keyword in call.keywords)]
            said = ast.Tuple(elts=values, ctx=ast.Load())
            return ast.copy_location(ast.Expr(ast.copy_location(said, call)), node)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        """``(order,) = rows`` becomes ``(order, *rest) = rows``."""
        for target in node.targets:
            if isinstance(target, ast.Tuple | ast.List) and not any(
                isinstance(each, ast.Starred) for each in target.elts
            ):
                rest = ast.Name(id=_REST, ctx=ast.Store())
                target.elts.append(ast.Starred(value=rest, ctx=ast.Store()))
        return node


def _is_unittest_assertion(node: ast.expr) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    name, owner = node.func.attr, node.func.value
    says = name.startswith("assert") and not name.startswith(("assertRaises", "assertWarns"))
    return (
        says
        and isinstance(owner, ast.Name)
        and owner.id in ("self", "cls")
        and not any(isinstance(each, ast.Starred) for each in node.args)
    )
