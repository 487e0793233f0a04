"""An index as Python: ``op.create_index(...)`` of a revision, ``Index(...)`` of a model."""

import re
from collections.abc import Collection, Sequence

from querysafe.advice.index import Index, Key, quoted

WIDTH = 88
"""Columns within which a call stays on one line."""
_SIMPLE = re.compile(r"[a-z_][a-z0-9_]*\Z")
_TOKEN = re.compile(r"""'(?:[^']|'')*'|"((?:[^"]|"")*)\"""")
_RESERVED = frozenset(
    [
        "all",
        "analyse",
        "analyze",
        "and",
        "any",
        "array",
        "as",
        "asc",
        "asymmetric",
        "authorization",
        "binary",
        "both",
        "case",
        "cast",
        "check",
        "collate",
        "collation",
        "column",
        "concurrently",
        "constraint",
        "create",
        "cross",
        "current_catalog",
        "current_date",
        "current_role",
        "current_schema",
        "current_time",
        "current_timestamp",
        "current_user",
        "default",
        "deferrable",
        "desc",
        "distinct",
        "do",
        "else",
        "end",
        "except",
        "false",
        "fetch",
        "for",
        "foreign",
        "freeze",
        "from",
        "full",
        "grant",
        "group",
        "having",
        "ilike",
        "in",
        "initially",
        "inner",
        "intersect",
        "into",
        "is",
        "isnull",
        "join",
        "lateral",
        "leading",
        "left",
        "like",
        "limit",
        "localtime",
        "localtimestamp",
        "natural",
        "not",
        "notnull",
        "null",
        "offset",
        "on",
        "only",
        "or",
        "order",
        "outer",
        "overlaps",
        "placing",
        "primary",
        "references",
        "returning",
        "right",
        "select",
        "session_user",
        "similar",
        "some",
        "symmetric",
        "table",
        "tablesample",
        "then",
        "to",
        "trailing",
        "true",
        "union",
        "unique",
        "user",
        "using",
        "variadic",
        "verbose",
        "when",
        "where",
        "window",
        "with",
        "between",
        "bigint",
        "bit",
        "boolean",
        "char",
        "character",
        "coalesce",
        "dec",
        "decimal",
        "exists",
        "extract",
        "float",
        "greatest",
        "grouping",
        "inout",
        "int",
        "integer",
        "interval",
        "least",
        "national",
        "nchar",
        "none",
        "normalize",
        "nullif",
        "numeric",
        "out",
        "overlay",
        "position",
        "precision",
        "real",
        "row",
        "setof",
        "smallint",
        "substring",
        "system_user",
        "time",
        "timestamp",
        "treat",
        "trim",
        "values",
        "varchar",
        "xmlattributes",
        "xmlconcat",
        "xmlelement",
        "xmlexists",
        "xmlforest",
        "xmlnamespaces",
        "xmlparse",
        "xmlpi",
        "xmlroot",
        "xmlserialize",
        "xmltable",
        "json",
        "json_array",
        "json_object",
        "json_exists",
        "json_query",
        "json_scalar",
        "json_serialize",
        "json_table",
        "json_value",
        "merge_action",
    ]
)
"""Words that are no plain column name: PostgreSQL 18, appendix C."""


def literal(text: str) -> str:
    """A text as a Python literal in double quotes, as formatters write it."""
    shown = repr(text)
    if shown.startswith("'") and '"' not in text:
        return f'"{shown[1:-1]}"'.replace("\\'", "'")
    return shown


def identifier(name: str) -> str:
    """A name as SQL, in quotes only where it needs them."""
    return name if _SIMPLE.match(name) and name not in _RESERVED else quoted(name)


def plain(sql: str) -> str:
    """An expression with the quotes taken off the names that need none."""
    return _TOKEN.sub(
        lambda found: found[0] if found[1] is None else identifier(found[1].replace('""', '"')),
        sql,
    )


def text(sql: str, function: str = "sa.text") -> str:
    """``sa.text("...")``."""
    return f"{function}({literal(escaped(sql))})"


def escaped(sql: str) -> str:
    """SQL for ``sa.text``: a colon that would begin a bound parameter gets a backslash."""
    return re.sub(r"(?<![:\w\\]):(?=\w)", r"\\:", sql)


def call(function: str, arguments: Sequence[str], *, indent: int = 4) -> str:
    """A call on one line, or with one argument a line."""
    line = f"{function}({', '.join(arguments)})"
    if len(line) + indent <= WIDTH:
        return line
    inner = "".join(f"    {argument},\n" for argument in arguments)
    return f"{function}(\n{inner})"


def create_index(
    index: Index, name: str, *, schema: str | None, is_conventional: bool = False
) -> str:
    """``op.create_index(...)``: concurrently, and not when it is there already."""
    keys, options = _parts(index, "sa.text", "sa.literal_column")
    named = f"op.f({literal(name)})" if is_conventional else literal(name)
    arguments = [named, literal(index.table.name), f"[{', '.join(keys)}]"]
    if schema is not None:
        arguments.append(f"schema={literal(schema)}")
    arguments += [f"unique={index.unique}", *options]
    arguments += ["postgresql_concurrently=True", "if_not_exists=True"]
    return call("op.create_index", arguments, indent=8)


def drop_index(
    index: Index, name: str, *, schema: str | None, is_conventional: bool = False
) -> str:
    """``op.drop_index(...)``: concurrently, and only when it is there."""
    named = f"op.f({literal(name)})" if is_conventional else literal(name)
    arguments = [named, f"table_name={literal(index.table.name)}"]
    if schema is not None:
        arguments.append(f"schema={literal(schema)}")
    arguments += ["postgresql_concurrently=True", "if_exists=True"]
    return call("op.drop_index", arguments, indent=8)


def model_index(
    index: Index,
    name: str,
    *,
    names: tuple[str, str, str] = ("Index", "text", "literal_column"),
    indent: int = 8,
) -> str:
    """``Index(...)`` for ``__table_args__``; ``names`` are those of the module for SQLAlchemy's."""
    keys, options = _parts(index, names[1], names[2])
    unique = ["unique=True"] if index.unique else []
    return call(names[0], [literal(name), *keys, *unique, *options], indent=indent)


def needs(index: Index) -> tuple[str, ...]:
    """Which names of SQLAlchemy :func:`model_index` uses."""
    written = model_index(index, "x", names=("\0Index", "\0text", "\0literal_column"))
    return tuple(name for name in ("Index", "text", "literal_column") if f"\0{name}" in written)


def _parts(index: Index, text_name: str, literal_name: str) -> tuple[list[str], list[str]]:
    """The keys and the ``postgresql_`` options of an index."""
    keys: list[str] = []
    classes: dict[str, str] = {}
    for place, key in enumerate(index.keys):
        keys.append(_key(key, place, classes, text_name, literal_name, index))
    options = []
    if index.method != "btree":
        options.append(f"postgresql_using={literal(index.method)}")
    if classes:
        shown = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in classes.items())
        options.append(f"postgresql_ops={{{shown}}}")
    if index.include:
        options.append(f"postgresql_include=[{', '.join(map(literal, index.include))}]")
    if index.storage:
        shown = ", ".join(f"{literal(name)}: {literal(value)}" for name, value in index.storage)
        options.append(f"postgresql_with={{{shown}}}")
    if index.where:
        options.append(f"postgresql_where={text(plain(index.where), text_name)}")
    return keys, options


def _key(
    key: Key,
    place: int,
    classes: dict[str, str],
    text_name: str,
    literal_name: str,
    index: Index,
) -> str:
    """One key. Its operator class goes into ``classes``: Alembic compares it there only."""
    is_ordered = key.descending or (
        key.nulls_first is not None and key.nulls_first != key.descending
    )
    repeated = sum(other.column == key.column for other in index.keys) > 1
    if key.column and not is_ordered and not (repeated and key.operator_class):
        if key.operator_class:
            classes[key.column] = key.operator_class
        return literal(key.column)
    target = identifier(key.column) if key.column else f"({plain(key.expression)})"
    if key.operator_class and not is_ordered:
        label = _label(key, place, classes)
        classes[label] = key.operator_class
        return f"{literal_name}({literal(target)}).label({literal(label)})"
    words = [target, *([key.operator_class] if key.operator_class else [])]
    if key.descending:
        words.append("DESC")
    if key.nulls_first is not None and key.nulls_first != key.descending:
        words.append("NULLS FIRST" if key.nulls_first else "NULLS LAST")
    return text(" ".join(words), text_name)


def _label(key: Key, place: int, taken: Collection[str]) -> str:
    """A name for an expression, from its words: ``lower_email``."""
    words = re.findall(r"[a-z]\w*", re.sub(r"'(?:[^']|'')*'", "", key.expression or key.column))
    label = "_".join(dict.fromkeys(words))[:40] or "expression"
    return label if label not in taken else f"{label}_{place}"
