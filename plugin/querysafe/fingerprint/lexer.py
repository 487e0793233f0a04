"""A statement's text as tokens: comments gone, every literal and bind a ``?``, names in one case."""

import re
from functools import lru_cache

PLACEHOLDER = "?"

_WORDS = (
    "ALL ALTER AND ANY ARRAY AS ASC BEGIN BETWEEN BY CASE COMMIT CONFLICT CREATE CROSS DEFAULT "
    "DELETE DESC DISTINCT DO DROP ELSE END EXCEPT EXISTS FETCH FOR FROM FULL GROUP HAVING ILIKE "
    "IN INNER INSERT INTERSECT INTO IS JOIN LATERAL LEFT LIKE LIMIT MATERIALIZED NATURAL NOT "
    "NOTHING NULL OFFSET ON OR ORDER OUTER OVER PARTITION RECURSIVE RELEASE RETURNING RIGHT "
    "ROLLBACK SAVEPOINT SELECT SET SOME TABLE THEN UNION UPDATE USING VALUES WHEN WHERE WINDOW "
    "WITH"
)
KEYWORDS = frozenset(_WORDS.split())
"""The words that shape a statement. Every other unquoted word is a name, in lower case."""

_BOOLEANS = frozenset({"TRUE", "FALSE"})
_RESERVED = KEYWORDS | _BOOLEANS

_PART = r'(?:"(?:[^"]|"")*"|`(?:[^`]|``)*`|[^\W\d][\w$]*)'
_TOKEN = re.compile(
    rf"""
      (?P<skip> \s+ | --[^\n]* | /\*.*?(?:\*/|\Z) )
    | (?P<literal>
          [eE]'(?:[^'\\]|\\.|'')*(?:'|\Z)
        | (?:[bBnNxX]|[uU]&)?'(?:[^']|'')*(?:'|\Z)
        | \$(?P<tag>(?:[^\W\d]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z)
        | (?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?
        | %\([^)]*\)s | %s\b | \$\w+ | @\w+
        | (?<!:):\w+ | \?[0-9]+ | \?(?![|&](?![|&]))
        | __\[POSTCOMPILE_[^\]]*\]
      )
    | (?P<name> {_PART}(?:\.(?:{_PART}|\*))* )
    | (?P<cut> ["`'].* )                                  # a quote that nothing closes
    | (?P<operator>
          <=> | ->> | -> | \#>> | \#> | @> | <@ | @@ | \|\| | <= | >= | <> | != | == | !~\* | !~
        | ~\* | && | \?\| | \?& | << | >> | :: | := | => | %% | .
      )
    """,
    re.VERBOSE | re.DOTALL,
)
_PARTS = re.compile(rf"{_PART}|\*")
_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*")
_SPELLINGS = {"<>": "!=", "%%": "%"}


def tokens(statement: str) -> list[str]:
    """Split a statement. Literals and binds of every style are ``?``; nothing is ever refused.

    A name keeps its qualifiers in one token (``orders.id``); it is quoted only
    where it has to be. Keywords are in upper case.
    """
    found: list[str] = []
    for match in _TOKEN.finditer(statement):
        group = match.lastgroup
        if group == "name":
            found.append(_name(match.group()))
        elif group == "literal" or group == "tag":
            found.append(PLACEHOLDER)
        elif group == "operator":
            text = match.group()
            found.append(_SPELLINGS.get(text, text))
    return found


def is_name(token: object) -> bool:
    """Whether a token is an identifier, qualified or not, rather than a keyword or a sign."""
    return (
        isinstance(token, str)
        and (token[0] == '"' or token[0] == "_" or token[0].isalpha())
        and token not in KEYWORDS
    )


@lru_cache(maxsize=4096)
def _name(text: str) -> str:
    if "." not in text and '"' not in text and "`" not in text:
        upper = text.upper()
        if upper in KEYWORDS:
            return upper
        if upper in _BOOLEANS:
            return PLACEHOLDER
        return text.lower() if text.isascii() else text
    return ".".join(_part(part) for part in _PARTS.findall(text))


def _part(part: str) -> str:
    if part == "*":
        return part
    if part[0] == '"':
        name = part[1:-1].replace('""', '"')
    elif part[0] == "`":
        name = part[1:-1].replace("``", "`")
    else:
        name = part.lower() if part.isascii() else part
        if name.upper() not in _RESERVED:
            return name
    if _PLAIN.fullmatch(name) and name.upper() not in _RESERVED:
        return name
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
