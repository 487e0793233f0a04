"""Statements written as text, rewritten to take the keys of all rows; the last resort."""

import ast
import re
from collections.abc import Sequence

from querysafe.analysis.cures.places import Place, place_of, plural
from querysafe.analysis.sources import Function, assignments, function_of, source, statement_of
from querysafe.analysis.values import varying_keys
from querysafe.query import CapturedQuery, Frame

_EQUALITY = re.compile(
    r"([\w.\"`]+)\s*=\s*(\$\d+(?:::\w+)?|%\(\w+\)s(?:::\w+)?|%s|\?|(?<!:):\w+|'(?:[^']|'')*'|\d+"
    r"|'?\{\d+\}'?)"
)
_BIND = r"(?:\$\d+(?:::\w+)?|%\(\w+\)s(?:::\w+)?|%s|\?|(?<!:):\w+)"
_SINGLE_IN = re.compile(rf"([\w.\"`]+)\s+IN\s+\(\s*({_BIND})\s*\)")
_REVERSED = re.compile(rf"({_BIND})\s*=\s*((?:[\w\"`]+\.)*[\w\"`]+)")
_SELECT = re.compile(
    r"(\s*(?:/\*.*?\*/\s*)*SELECT\s+(?:DISTINCT\s+)?)(.*?)(\s+FROM\s)", re.I | re.S
)
_READ = re.compile(r"\s*SELECT\s+(?:DISTINCT\s+)?([\w\"`]+(?:\.[\w\"`]+)*)\.[\w\"`]+", re.I)
_AGGREGATE = re.compile(r"\b(count|sum|min|max|avg)\s*\(", re.I)
_VALUES = ("scalar", "scalar_one", "scalar_one_or_none")
_ORDERED = re.compile(r"\b(ORDER\s+BY|LIMIT|FETCH|GROUP\s+BY|UNION)\b", re.I)
_TAIL = re.compile(r"\s+(LIMIT|OFFSET|FETCH)\b.*$", re.I | re.S)


def compared(statement: str) -> list[str]:
    """The columns that a statement's condition compares with a value."""
    _, _, where = " ".join(statement.split()).partition(" WHERE ")
    where = _REVERSED.sub(r"\2 = \1", _SINGLE_IN.sub(r"\1 = \2", where))
    return [found[1].rpartition(".")[2].strip('"`') for found in _EQUALITY.finditer(where)]


def is_of_another_table(statement: str, column: str) -> bool:
    """Whether a compared column is no attribute of the class read: one of its secondary table."""
    read = _READ.match(statement)
    owner = column.rpartition(".")[0].strip('"`')
    return read is not None and bool(owner) and owner != read[1].strip('"`')


def cure(queries: Sequence[CapturedQuery]) -> str:
    """One ``IN`` for a statement written as text, or whose source was not found."""
    query = queries[0]
    frame = query.stack[0] if query.stack else None
    written = _written(frame) if frame is not None else None
    if frame is None or written is None:
        return _from_statement(query)
    owner, sql, values, awaited = written
    listed = _only_column(sql) if asks_value(frame) else ""
    place_value = _chosen(sql, values, queries)
    if place_value is None:
        return _from_statement(query)
    match, value = place_value
    column = match[1]
    key_name = column.rpartition(".")[2].strip('"`')
    place = place_of(frame, (value,), owner)
    others = {
        name: ast.unparse(given)
        for name, given in values.items()
        if name not in match[2] and not name.isdigit()
    }
    text = f"{sql[: match.start()]}{column} IN :keys{sql[match.end() :]}"
    text = re.sub(r"/\*.*?\*/|--[^\n]*", "", text, flags=re.S)
    text, others = _named(text, values, others)
    text = _with_key(_TAIL.sub("", text), column)
    given = ", ".join([f"'keys': {place.keys}", *(f"{k!r}: {v}" for k, v in others.items())])
    run = (
        f"{'await ' if awaited else ''}{owner}.execute("
        f"text({' '.join(text.split())!r}).bindparams(bindparam('keys', expanding=True)), {{{given}}})"
    )
    if listed and listed.rpartition(".")[2] != key_name:
        run = f"({run})" if awaited else run
        nothing = ", 0" if listed.lower().startswith("count") else ""
        return place.code(
            [f"found = dict({run}.all())"], "found", f"found.get({place.key}{nothing})"
        )
    return place.code(
        [
            "found = defaultdict(list)",
            f"for row in {run}:",
            f"    found[row.{key_name}].append(row)",
        ],
        "found",
        f"found[{place.key}]",
    )


def asks_value(frame: Frame) -> bool:
    """Whether the code takes one value of the answer: ``execute(...).scalar_one()``."""
    chain = source(frame.file).chain(frame)
    statement = statement_of(chain)
    begin = chain.index(statement) if statement is not None else 0
    calls = [node for node in chain[begin:] if isinstance(node, ast.Call)]
    return any(
        isinstance(node, ast.Attribute) and node.attr in _VALUES
        for node in (*chain[begin:], *(call.func for call in calls[-1:]))
    )


def _only_column(sql: str) -> str:
    """What a SELECT returns if it is one expression of one row; "" for several or ``*``."""
    found = None if _ORDERED.search(sql) else _SELECT.match(sql)
    listed = found[2].strip() if found is not None else ""
    bare = re.sub(r"\([^()]*\)", "", listed)
    return "" if "," in bare or "*" in bare else listed


def _named(
    text: str, values: dict[str, ast.expr], others: dict[str, str]
) -> tuple[str, dict[str, str]]:
    """Positional placeholders and braces as named ones."""
    others = dict(others)
    for name, given in values.items():
        if name.isdigit() and f"{{{name}}}" in text:
            text = text.replace(f"'{{{name}}}'", f"{{{name}}}")
            text = text.replace(f"{{{name}}}", f":value_{name}")
            others[f"value_{name}"] = ast.unparse(given)
    return text, others


def _with_key(sql: str, column: str) -> str:
    """The statement with the compared column among those that it returns."""
    found = _SELECT.match(sql)
    if found is None:
        return sql
    listed = found[2]
    bare = column.rpartition(".")[2]
    if listed.strip() != "*" and not re.search(rf"(^|[\s,.]){re.escape(bare)}\s*(,|$)", listed):
        sql = f"{found[1]}{column}, {listed}{found[3]}{sql[found.end() :]}"
    if _AGGREGATE.search(listed):
        sql = re.sub(r"\s+ORDER\s+BY\b.*$", "", sql, flags=re.I | re.S) + f" GROUP BY {column}"
    return sql


def _chosen(
    sql: str, values: dict[str, ast.expr], queries: Sequence[CapturedQuery]
) -> tuple[re.Match[str], ast.expr] | None:
    """The equality whose value is another each time, and that value."""
    _, _, where = sql.upper().partition("WHERE")
    begin = len(sql) - len(where)
    candidates = []
    for match in _EQUALITY.finditer(sql, begin):
        for name, value in values.items():
            if match[2].strip("'") in (f":{name}", f"%({name})s", f"{{{name}}}"):
                candidates.append((match, value))
    loose = [each for each in candidates if not isinstance(each[1], ast.Constant)]
    varying = varying_keys(queries, len(candidates))
    by_value = [each for at, each in enumerate(candidates) if at in varying]
    return next(iter(by_value or loose or candidates), None)


def _written(frame: Frame) -> tuple[str, str, dict[str, ast.expr], bool] | None:
    """Who runs a text, the text with braces for what is put in, the values, whether awaited."""
    chain = source(frame.file).chain(frame)
    nodes = (node.value if isinstance(node, ast.Await) else node for node in reversed(chain))
    call = next(
        (
            node
            for node in nodes
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args
        ),
        None,
    )
    if call is None or not isinstance(call.func, ast.Attribute):
        return None
    function = function_of(chain)
    scope: ast.AST = function if isinstance(function, Function) else source(frame.file).tree
    told = text_of(call.args[0], scope, call.lineno, source(frame.file).tree)
    if told is None:
        return None
    sql, values = told
    for given in call.args[1:2]:
        given = _resolved(given, scope, call.lineno)
        if isinstance(given, ast.Dict):
            for key, value in zip(given.keys, given.values, strict=True):
                if isinstance(key, ast.Constant):
                    values[str(key.value)] = value
        elif isinstance(given, ast.Tuple | ast.List):
            sql = _braced(sql, given.elts, values)
    awaited = any(isinstance(node, ast.Await) and node.value is call for node in chain)
    return ast.unparse(call.func.value), sql, values, awaited


def _braced(sql: str, elements: Sequence[ast.expr], values: dict[str, ast.expr]) -> str:
    for element in elements:
        number = str(len(values))
        changed = re.sub(r"\?|%s|\$\d+", f"{{{number}}}", sql, count=1)
        if changed == sql:
            return sql
        sql, values[number] = changed, element
    return sql


def text_of(
    node: ast.expr, scope: ast.AST, before: int, tree: ast.AST
) -> tuple[str, dict[str, ast.expr]] | None:
    """The SQL of ``text(...)`` or a string, ``{0}`` for what is put in, and those values."""
    node = _resolved(node, scope, before)
    node = _resolved(node, tree, 10**9)
    while isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("bindparams", "columns"):
            node = node.func.value
        elif node.args:
            values = {each.arg: each.value for each in node.keywords if each.arg is not None}
            told = text_of(node.args[0], scope, before, tree)
            return None if told is None else (told[0], {**told[1], **values})
        else:
            return None
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value, {}
    if isinstance(node, ast.JoinedStr):
        sql, values = "", {}
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                number = str(len(values))
                values[number] = part.value
                sql += f"{{{number}}}"
            elif isinstance(part, ast.Constant):
                sql += str(part.value)
        return sql, values
    return None


def _resolved(node: ast.expr, scope: ast.AST, before: int) -> ast.expr:
    if isinstance(node, ast.Name):
        for assignment in assignments(scope, node.id, before)[-1:]:
            if assignment.value is not None:
                return assignment.value
    return node


def _from_statement(query: CapturedQuery) -> str:
    """A function made of the statement as it was sent."""
    sql = _SINGLE_IN.sub(r"\1 = \2", " ".join(query.statement.split()))
    sql = _REVERSED.sub(r"\2 = \1", sql)
    _, _, where = sql.upper().partition(" WHERE ")
    found = list(_EQUALITY.finditer(sql, len(sql) - len(where)))
    if not found:
        return ""  # what it asks for is no equality of a column: nothing tells which key it is
    match = found[-1]
    key = match[1].rpartition(".")[2].strip('"`')
    entity = query.orm_cause.entity
    if entity and not is_of_another_table(sql, match[1]):
        name = entity.lower()
        lines = [
            "found = defaultdict(list)",
            f"for {name} in session.scalars(select({entity}).where({entity}.{key}.in_(keys))):",
            f"    found[{name}.{key}].append({name})",
        ]
        signature = f"def {plural(name)}_for_all(session, keys)"
        return Place(keys="keys", key="key", signature=signature).code(lines, "found", "found[key]")
    sql = f"{sql[: match.start()]}{match[1]} IN :keys{sql[match.end() :]}"
    sql = _with_key(_TAIL.sub("", sql), match[1])
    others: list[str] = []

    def named(_: re.Match[str]) -> str:
        others.append(f"value_{len(others) + 1}")
        return f":{others[-1]}"

    sql = re.sub(r"\$\d+(?:::\w+)?|%\(\w+\)s(?:::\w+)?|%s|\?", named, sql)
    given = ", ".join(["'keys': keys", *(f"'{each}': {each}" for each in others)])
    lines = [
        f"statement = text({sql!r}).bindparams(bindparam('keys', expanding=True))",
        "found = defaultdict(list)",
        f"for row in connection.execute(statement, {{{given}}}):",
        f"    found[row.{key}].append(row)",
    ]
    signature = f"def rows_for_all({', '.join(['connection', 'keys', *others])})"
    return Place(keys="keys", key="key", signature=signature).code(lines, "found", "found[key]")
