"""Texts and names in a file that can be known without running it."""

import ast

_WRAPPERS = ("text", "DDL", "f", "dedent", "literal_column", "quoted_name", "conv")


class Names:
    """What names of the file stand for: texts, and the module ``op``."""

    def __init__(self, tree: ast.Module) -> None:
        self.texts: dict[str, ast.expr] = {}
        self.op: set[str] = {"op"}
        for node in tree.body:
            if isinstance(node, ast.Assign | ast.AnnAssign):
                self.bind(node)
            elif isinstance(node, ast.ImportFrom) and node.module == "alembic":
                self.op |= {each.asname or each.name for each in node.names if each.name == "op"}
            elif isinstance(node, ast.Import):
                self.op |= {
                    each.asname for each in node.names if each.name == "alembic.op" and each.asname
                }

    def bind(self, node: ast.Assign | ast.AnnAssign) -> None:
        """Take in an assignment; the last one counts."""
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            if isinstance(target, ast.Name) and node.value is not None:
                self.texts[target.id] = node.value

    def bind_arguments(self, function: ast.FunctionDef, call: ast.Call) -> None:
        """Take in what a function of the file is called with."""
        for parameter, value in zip(function.args.args, call.args, strict=False):
            self.texts[parameter.arg] = value
        for keyword in call.keywords:
            if keyword.arg is not None:
                self.texts[keyword.arg] = keyword.value


def constant(node: ast.expr | None, names: Names, *, depth: int = 0) -> str | None:
    """The text of an expression; parts that are not known become ``{…}``; None: no text at all."""
    if node is None or depth > 8:
        return None
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.Name):
        bound = names.texts.get(node.id)
        if isinstance(bound, ast.Name) and bound.id == node.id:
            return None
        return constant(bound, names, depth=depth + 1)
    if isinstance(node, ast.JoinedStr):
        parts = []
        for part in node.values:
            if isinstance(part, ast.Constant):
                parts.append(str(part.value))
            elif isinstance(part, ast.FormattedValue):
                known = constant(part.value, names, depth=depth + 1)
                parts.append(known if known is not None else "{" + _word(part.value) + "}")
        return "".join(parts)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left = constant(node.left, names, depth=depth + 1)
        right = constant(node.right, names, depth=depth + 1)
        if left is None and right is None:
            return None
        return (left if left is not None else "{…}") + (right if right is not None else "{…}")
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return constant(node.left, names, depth=depth + 1)
    if isinstance(node, ast.Call):
        called = node.func
        last = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if last == "format" and isinstance(called, ast.Attribute):
            return constant(called.value, names, depth=depth + 1)
        if last in ("strip", "bindparams", "execution_options") and isinstance(
            called, ast.Attribute
        ):
            return constant(called.value, names, depth=depth + 1)
        if last in _WRAPPERS and node.args:
            return constant(node.args[0], names, depth=depth + 1)
    return None


def _word(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else "…"


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """The value of a keyword argument."""
    return next((each.value for each in call.keywords if each.arg == name), None)


def is_true(node: ast.expr | None) -> bool:
    """Whether an argument is the constant True."""
    return isinstance(node, ast.Constant) and node.value is True


def is_false(node: ast.expr | None) -> bool:
    """Whether an argument is the constant False."""
    return isinstance(node, ast.Constant) and node.value is False


def texts_of(node: ast.expr | None, names: Names) -> tuple[str, ...]:
    """The texts of a list; those that are not known are left out."""
    if isinstance(node, ast.Name):
        node = names.texts.get(node.id)
    if not isinstance(node, ast.List | ast.Tuple):
        return ()
    known = (constant(each, names) for each in node.elts)
    return tuple(each for each in known if each is not None)


__all__ = ["Names", "constant", "is_false", "is_true", "keyword", "texts_of"]
