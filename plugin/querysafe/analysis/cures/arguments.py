"""What the function of a cure is handed: every name that it uses and nothing there knows.

A cure that cannot be completed is none: the advice of its rule says what to do.
"""

import ast
import builtins
import re
from functools import lru_cache

from querysafe.analysis.cures.places import plural
from querysafe.analysis.sources import function_of, names_in, source
from querysafe.query import Frame

_SIGNATURE = re.compile(r"\A((?:async )?def \w+\()(.*?)(\):)")


def complete(code: str, frame: Frame | None) -> str:
    """A cure with arguments for what its function uses of the function that it is made of.

    "" for one that does nothing but call ``super()``, and for one that still uses one row's own
    value where it is handed all rows.
    """
    if frame is None or not frame.file or frame.template or _SIGNATURE.match(code) is None:
        return code
    function = function_of(source(frame.file).chain(frame))
    if function is None:
        return code
    known = names_in(function.args) | {
        each.arg for each in ast.walk(function.args) if isinstance(each, ast.arg)
    }
    if not isinstance(function, ast.Lambda):
        known |= {
            each.id
            for statement in function.body
            for each in ast.walk(statement)
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
        }
    return _complete(code, frozenset(known))


@lru_cache(maxsize=1024)
def _complete(code: str, known: frozenset[str]) -> str:
    made = ast.parse(code).body[0]
    if not isinstance(made, ast.FunctionDef | ast.AsyncFunctionDef):
        return code
    if any(
        isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id == "super"
        for each in ast.walk(made)
    ):
        return ""
    given = {each.arg for each in ast.walk(made.args) if isinstance(each, ast.arg)}
    bound = given | {
        each.id
        for each in ast.walk(made)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
    }
    used = [
        each.id
        for each in ast.walk(made)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)
    ]
    missing = [
        each
        for each in dict.fromkeys(used)
        if each in known and each not in bound and not hasattr(builtins, each)
    ]
    if any(("objects" if each == "self" else plural(each)) in given for each in missing):
        return ""
    if not missing:
        return code
    first = [each for each in missing if each in ("self", "cls")]
    last = [each for each in missing if each not in first]

    def handed(found: re.Match[str]) -> str:
        listed = [*first, *([found[2]] if found[2] else []), *last]
        return f"{found[1]}{', '.join(listed)}{found[3]}"

    return _SIGNATURE.sub(handed, code)
