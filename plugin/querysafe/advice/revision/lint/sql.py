"""Statements in SQL as changes. A grammar of what locks, not of the language."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_SPLIT = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\$(\w*)\$.*?\$\1\$|--[^\n]*|/\*.*?\*/|;|[^;'\"$/-]+|.",
    re.DOTALL,
)
_NAME = r'(?:"(?:[^"]|"")+"|[\w{}$%…]+)'
_QUALIFIED = rf"({_NAME}(?:\s*\.\s*{_NAME})?)"
_VOLATILE = re.compile(
    r"\b(random|gen_random_uuid|uuid_generate_v\w+|uuidv[47]|clock_timestamp|timeofday|nextval|"
    r"txid_current|pg_current_xact_id)\s*\(",
    re.IGNORECASE,
)
_SERIAL = re.compile(r"\b(?:small|big)?serial[248]?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """A change's kind with its fields, or something that changes the state: ``set``, ``commit``."""

    kind: str
    fields: dict[str, Any]


def statements(script: str) -> Iterator[str]:
    """Part a script at its semicolons; comments are taken out."""
    parts: list[str] = []
    for found in _SPLIT.finditer(script):
        text = found[0]
        if text == ";":
            yield from _whole(parts)
            parts = []
        elif not text.startswith(("--", "/*")):
            parts.append(text)
    yield from _whole(parts)


def _whole(parts: list[str]) -> Iterator[str]:
    text = "".join(parts).strip()
    if text:
        yield text


def is_volatile(expression: str) -> bool:
    """Whether a default is evaluated anew for each row, so that adding it writes them all."""
    return _VOLATILE.search(expression) is not None


def changes(statement: str) -> Iterator[Found]:
    """What one statement changes; nothing for what changes no schema."""
    text = " ".join(statement.split())
    upper = text.upper()
    if upper.startswith("SET ") or "SET_CONFIG(" in upper:
        yield from _setting(text)
    elif re.match(r"RESET (LOCK_TIMEOUT|ALL)\b", upper):
        yield Found("set", {"lock_timeout": ""})
    elif re.match(r"(COMMIT|END)\b", upper):
        yield Found("commit", {})
    elif match := re.match(rf"CREATE (UNIQUE )?INDEX\b(.*?)\bON (ONLY )?{_QUALIFIED}", text, re.I):
        words = match[2].upper()
        name = re.sub(r"(?i)\b(CONCURRENTLY|IF NOT EXISTS)\b", "", match[2]).strip()
        yield Found(
            "create_index",
            {
                "table": unquoted(match[4]),
                "name": unquoted(name),
                "concurrently": "CONCURRENTLY" in words,
                "guarded": "IF NOT EXISTS" in words,
                "only": match[3] is not None,
            },
        )
    elif match := re.match(
        rf"DROP INDEX\b((?: CONCURRENTLY| IF EXISTS)*) {_QUALIFIED}", text, re.I
    ):
        words = match[1].upper()
        yield Found(
            "drop_index",
            {
                "name": unquoted(match[2]),
                "concurrently": "CONCURRENTLY" in words,
                "guarded": "IF EXISTS" in words,
            },
        )
    elif match := re.match(rf"REINDEX\b(.*?) {_QUALIFIED}$", text, re.I):
        yield Found(
            "reindex",
            {"name": unquoted(match[2]), "concurrently": "CONCURRENTLY" in match[1].upper()},
        )
    elif match := re.match(
        rf"CREATE (?:UNLOGGED |TEMP(?:ORARY)? )?TABLE (?:IF NOT EXISTS )?{_QUALIFIED}", text, re.I
    ):
        partitioned = re.search(r"\bPARTITION BY\b", upper) is not None
        yield Found("create_table", {"table": unquoted(match[1]), "partitioned": partitioned})
    elif match := re.match(rf"DROP TABLE (?:IF EXISTS )?{_QUALIFIED}", text, re.I):
        yield Found("drop_table", {"table": unquoted(match[1])})
    elif match := re.match(
        rf"(?:CLUSTER|VACUUM(?: \(?.*?\bFULL\b.*?\)?)) {_QUALIFIED}", text, re.I
    ):
        if upper.startswith("CLUSTER") or "FULL" in upper:
            yield Found("rewrite", {"table": unquoted(match[1])})
    elif match := re.match(
        rf"ALTER TABLE (?:IF EXISTS )?(ONLY )?{_QUALIFIED}(?: ?\*)? (.*)$", text, re.I
    ):
        table = unquoted(match[2])
        for action in _actions(match[3]):
            for found in _action(action):
                yield Found(found.kind, {"table": table, **found.fields})
    elif match := re.match(
        rf"ALTER INDEX (?:IF EXISTS )?{_QUALIFIED} ATTACH PARTITION", text, re.I
    ):
        yield Found("attach", {"name": unquoted(match[1])})


def _setting(text: str) -> Iterator[Found]:
    match = re.search(
        r"\bSET (?:LOCAL |SESSION )?lock_timeout\s*(?:=|TO)\s*'?([\w. ]+?)'?\s*$", text, re.I
    ) or re.search(r"set_config\(\s*'lock_timeout'\s*,\s*'([^']*)'", text, re.I)
    if match:
        yield Found("set", {"lock_timeout": match[1].strip()})


def _actions(text: str) -> Iterator[str]:
    """The actions of an ``ALTER TABLE``, parted at commas outside parentheses."""
    depth, start = 0, 0
    for found in re.finditer(r"'(?:[^']|'')*'|[(),]", text):
        sign = found[0]
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            yield text[start : found.start()].strip()
            start = found.end()
    yield text[start:].strip()


def _action(text: str) -> Iterator[Found]:
    upper = text.upper()
    if match := re.match(rf"ADD CONSTRAINT {_QUALIFIED} (.*)$", text, re.I):
        yield from _constraint(match[2], unquoted(match[1]))
    elif re.match(r"ADD (FOREIGN KEY|CHECK|UNIQUE|PRIMARY KEY|EXCLUDE)\b", upper):
        yield from _constraint(text[4:], "")
    elif match := re.match(rf"VALIDATE CONSTRAINT {_QUALIFIED}", text, re.I):
        yield Found("validate", {"name": unquoted(match[1])})
    elif match := re.match(rf"DROP CONSTRAINT (?:IF EXISTS )?{_QUALIFIED}", text, re.I):
        yield Found("drop_constraint", {"name": unquoted(match[1])})
    elif match := re.match(rf"DROP (?:COLUMN )?(?:IF EXISTS )?{_QUALIFIED}", text, re.I):
        yield Found("drop_column", {"name": unquoted(match[1])})
    elif match := re.match(rf"RENAME TO {_QUALIFIED}", text, re.I):
        yield Found("rename_table", {"name": unquoted(match[1])})
    elif match := re.match(rf"RENAME (?:COLUMN )?{_QUALIFIED} TO", text, re.I):
        if not upper.startswith("RENAME CONSTRAINT"):
            yield Found("rename_column", {"name": unquoted(match[1])})
    elif match := re.match(rf"ALTER (?:COLUMN )?{_QUALIFIED} (.*)$", text, re.I):
        name, rest = unquoted(match[1]), match[2]
        if kind := re.match(r"(?:SET DATA )?TYPE (.*?)(?: USING (.*))?$", rest, re.I):
            yield Found("alter_type", {"name": name, "type": kind[1].strip().lower()})
        elif rest.upper().startswith("SET NOT NULL"):
            yield Found("set_not_null", {"name": name})
        else:
            yield Found("alter", {"name": name})
    elif match := re.match(rf"ADD (?:COLUMN )?(?:IF NOT EXISTS )?{_QUALIFIED} (.*)$", text, re.I):
        yield from _column(unquoted(match[1]), match[2])
    elif re.match(r"SET (TABLESPACE|LOGGED|UNLOGGED|ACCESS METHOD)\b", upper):
        yield Found("rewrite", {})
    else:
        yield Found("alter", {})


def _constraint(text: str, name: str) -> Iterator[Found]:
    upper = text.upper()
    fields: dict[str, Any] = {"name": name, "not_valid": "NOT VALID" in upper}
    if upper.startswith("FOREIGN KEY"):
        match = re.search(rf"REFERENCES {_QUALIFIED}", text, re.I)
        yield Found("foreign_key", {**fields, "references": unquoted(match[1]) if match else ""})
    elif upper.startswith("CHECK"):
        yield Found("check", {**fields, "expression": text[5:].strip()})
    elif upper.startswith(("UNIQUE", "PRIMARY KEY")):
        kind = "unique" if upper.startswith("UNIQUE") else "primary_key"
        columns = re.search(r"\(([^)]*)\)", text)
        named = tuple(unquoted(each) for each in columns[1].split(",")) if columns else ()
        yield Found(kind, {**fields, "using_index": "USING INDEX" in upper, "columns": named})
    elif upper.startswith("EXCLUDE"):
        yield Found("exclusion", fields)
    elif (match := re.match(rf"NOT NULL {_QUALIFIED}", text, re.I)) and not fields["not_valid"]:
        yield Found("set_not_null", {"name": unquoted(match[1])})


def _column(name: str, definition: str) -> Iterator[Found]:
    upper = definition.upper()
    default = "none"
    if _SERIAL.match(definition) or " AS IDENTITY" in upper:
        default = "identity"
    elif re.search(r"\bGENERATED ALWAYS AS \(.*\) STORED\b", upper):
        default = "generated"
    elif match := re.search(r"\bDEFAULT\b(.*)$", definition, re.I):
        default = "volatile" if is_volatile(match[1]) else "constant"
    nullable = "NOT NULL" not in upper
    yield Found("add_column", {"name": name, "default": default, "nullable": nullable})
    if match := re.search(rf"\bREFERENCES {_QUALIFIED}", definition, re.I):
        yield Found("foreign_key", {"references": unquoted(match[1]), "columns": (name,)})
    if re.search(r"\bUNIQUE\b", upper):
        yield Found("unique", {"columns": (name,)})


def unquoted(name: str) -> str:
    """A name as the catalog has it: folded, or out of its quotes."""
    parts = re.findall(r'"((?:[^"]|"")+)"|([^".\s]+)', name)
    return ".".join(quoted.replace('""', '"') or plain.lower() for quoted, plain in parts)
