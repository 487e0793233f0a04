"""The text of an expression in a plan, to a value of :mod:`.expressions`; nothing is refused."""

import re
from collections.abc import Callable
from functools import lru_cache

from querysafe.advice.candidates.expressions import (
    Call,
    Cast,
    Column,
    Constant,
    Expression,
    Logic,
    Opaque,
    Operation,
    Parameter,
    Quantified,
    Row,
    Test,
)

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string> [eEbBxX]?'(?:[^']|'')*' )
    | (?P<number> \d+(?:\.\d*)?(?:[eE][+-]?\d+)? | \.\d+ )
    | (?P<parameter> \$\d+ )
    | (?P<name> (?:"(?:[^"]|"")*"|[^\W\d][\w$]*)(?:\.(?:"(?:[^"]|"")*"|[^\W\d][\w$]*|\*))* )
    | (?P<cast> :: )
    | (?P<sign> [(),\[\]*?] (?![-+*/<>=~!@\#%^&|`?]) | [(),\[\]] )
    | (?P<operator> [-+*/<>=~!@\#%^&|`?:]+ )
    | (?P<other> \S )
    )""",
    re.VERBOSE,
)
_SPACED_TYPES = {
    "character": ("varying",),
    "bit": ("varying",),
    "double": ("precision",),
    "timestamp": ("with", "without", "time", "zone"),
    "time": ("with", "without", "time", "zone"),
    "interval": ("year", "month", "day", "hour", "minute", "second", "to"),
}
_VALUES = frozenset(
    [
        "current_date",
        "current_time",
        "current_timestamp",
        "localtime",
        "localtimestamp",
        "current_user",
        "session_user",
        "user",
        "current_role",
        "current_catalog",
        "current_schema",
    ]
)
_TESTS = frozenset(
    ["NULL", "TRUE", "FALSE", "UNKNOWN", "NOT", "DISTINCT", "FROM", "DOCUMENT", "NORMALIZED"]
)
_DIRECTION = re.compile(
    r"^(?P<key>.*?)(?P<desc> DESC)?(?: NULLS (?P<nulls>FIRST|LAST))?(?: USING .*)?$", re.DOTALL
)


@lru_cache(maxsize=8192)
def parse(text: str) -> Expression:
    """Read one expression. What is beyond the grammar is :class:`Opaque`, with its columns."""
    try:
        parser = _Parser(text)
        found = parser.expression()
        if parser.done:
            return found
    except (_Unknown, RecursionError):
        pass
    return _opaque(text)


def sort_key(text: str) -> tuple[Expression, bool, bool]:
    """A Sort Key: its expression, whether it descends, and whether NULLs come first."""
    found = _DIRECTION.match(text)
    assert found is not None
    descending = found["desc"] is not None
    first = descending if found["nulls"] is None else found["nulls"] == "FIRST"
    return parse(found["key"]), descending, first


def _opaque(text: str) -> Opaque:
    names = [each["name"] for each in _TOKEN.finditer(text) if each["name"]]
    return Opaque(text, tuple(_column(each) for each in names if "." in each))


def unquoted(name: str) -> str:
    """A name as the catalog spells it."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


_PART = re.compile(r'"(?:[^"]|"")*"|[^.]+')


def _column(name: str) -> Column:
    *_, alias, column = ["", *_PART.findall(name)]
    return Column(unquoted(alias), unquoted(column))


class _Unknown(Exception):
    """The text is beyond the grammar."""


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = [
            (
                match.lastgroup or "",
                match.group(match.lastgroup or 0),
                match.start(match.lastgroup or 0),
            )
            for match in _TOKEN.finditer(text)
        ]
        self._at = 0

    @property
    def done(self) -> bool:
        return self._at == len(self._tokens)

    def _peek(self, ahead: int = 0) -> tuple[str, str]:
        at = self._at + ahead
        return self._tokens[at][:2] if at < len(self._tokens) else ("", "")

    def _next(self) -> tuple[str, str]:
        found = self._peek()
        if not found[0]:
            raise _Unknown
        self._at += 1
        return found

    def _take(self, *texts: str) -> bool:
        if all(self._peek(position)[1] == text for position, text in enumerate(texts)):
            self._at += len(texts)
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise _Unknown

    def expression(self) -> Expression:
        return self._logic("OR", lambda: self._logic("AND", self._negation))

    def _logic(self, word: str, inner: Callable[[], Expression]) -> Expression:
        found = [inner()]
        while self._take(word):
            found.append(inner())
        return found[0] if len(found) == 1 else Logic(word, tuple(found))

    def _negation(self) -> Expression:
        if self._take("NOT"):
            return Logic("NOT", (self._negation(),))
        return self._operation()

    def _operation(self) -> Expression:
        left = self._postfix()
        while True:
            kind, text = self._peek()
            if text == "IS":
                left = self._test(left)
            elif kind == "operator" or text == "*" or text == "?":
                self._next()
                left = self._right(left, text)
            elif self._take("AT", "TIME", "ZONE"):
                left = Call("timezone", (self._postfix(), left))
            elif self._take("COLLATE"):
                name = self._next()[1]
                left = Opaque(f"{left} COLLATE {name}", (left,))
            elif text == "OPERATOR" and self._peek(1)[1] == "(":
                raise _Unknown
            else:
                return left

    def _right(self, left: Expression, operator: str) -> Expression:
        word = self._peek()[1]
        if word in ("ANY", "ALL") and self._peek(1)[1] == "(":
            self._at += 2
            right = self.expression()
            self._expect(")")
            return Quantified(operator, word, left, right)
        return Operation(operator, left, self._postfix())

    def _test(self, operand: Expression) -> Expression:
        self._next()
        words = ["IS"]
        while self._peek()[1] in _TESTS:
            words.append(self._next()[1])
        if words[-1] == "FROM":
            return Opaque(f"({operand} {' '.join(words)} …)", (operand, self._postfix()))
        return Test(operand, " ".join(words))

    def _postfix(self) -> Expression:
        found = self._primary()
        while True:
            if self._take("::"):
                name = self._type()
                found = (
                    Constant(f"{found}::{name}")
                    if isinstance(found, Constant)
                    else Cast(found, name)
                )
            elif self._take("["):
                inner = [self.expression()]
                if self._take(":"):
                    inner.append(self.expression())
                self._expect("]")
                found = Opaque(f"({found})[…]", (found, *inner))
            else:
                return found

    def _type(self) -> str:
        kind, name = self._next()
        if kind != "name":
            raise _Unknown
        words = [name]
        more = _SPACED_TYPES.get(name, ())
        while self._peek()[1] in more or (self._peek()[1] == "(" and self._peek(1)[0] == "number"):
            if self._take("("):
                inside = [self._next()[1]]
                while self._take(","):
                    inside.append(self._next()[1])
                self._expect(")")
                words[-1] += f"({','.join(inside)})"
            else:
                words.append(self._next()[1])
        name = " ".join(words)
        while self._take("[", "]"):
            name += "[]"
        return name

    def _primary(self) -> Expression:
        start = self._tokens[self._at][2] if not self.done else 0
        kind, text = self._next()
        if text == "(":
            return self._parenthesised(start)
        if kind in ("string", "number"):
            return Constant(text)
        if kind == "parameter":
            return Parameter(text)
        if kind == "operator":
            inner = self._postfix()
            if text in ("-", "+") and isinstance(inner, Constant):
                return Constant(text + inner.text)
            return Opaque(f"({text} {inner})", (inner,))
        if kind == "name":
            return self._named(text, start)
        if text == "*":
            return Opaque("*")
        raise _Unknown

    def _parenthesised(self, start: int) -> Expression:
        words = {self._peek()[1], self._peek(1)[1]}
        if words & {"SubPlan", "InitPlan", "alternatives", "CTE"}:
            return self._skipped(start)
        if self._take("ANY") or self._take("ALL"):
            return self._skipped(start)
        found = self.expression()
        if self._take(","):
            items = [found, self.expression()]
            while self._take(","):
                items.append(self.expression())
            self._expect(")")
            return Row(tuple(items))
        self._expect(")")
        return found

    def _skipped(self, start: int) -> Expression:
        """The rest of a parenthesis that holds no expression of ours."""
        depth = 1
        names = []
        while depth:
            kind, text = self._next()
            depth += {"(": 1, ")": -1}.get(text, 0)
            if kind == "name" and "." in text:
                names.append(text)
        if self._peek()[1].startswith("."):
            self._next()
            if self._peek()[0] == "name":
                self._next()
        end = self._tokens[self._at][2] if not self.done else len(self._text)
        return Opaque(self._text[start:end].strip(), tuple(map(_column, names)))

    def _named(self, text: str, start: int) -> Expression:
        if text in ("true", "false", "NULL"):
            return Constant(text)
        if text == "CASE":
            return self._case(start)
        if text == "ARRAY" and self._take("["):
            items = self._arguments("]")
            if all(isinstance(each, Constant) for each in items):
                return Constant(f"ARRAY[{', '.join(map(str, items))}]")
            return Opaque(f"ARRAY[{', '.join(map(str, items))}]", items)
        if text in ("PARTIAL", "DISTINCT", "VARIADIC"):
            return self.expression()
        if text == "hashed" or text == "SubPlan":
            raise _Unknown
        if not self._take("("):
            return Parameter(text) if text.lower() in _VALUES else _column(text)
        if text == "EXTRACT":
            field = self._next()[1]
            self._expect("FROM")
            inner = self.expression()
            self._expect(")")
            return Opaque(f"EXTRACT({field} FROM {inner})", (inner,))
        arguments = self._arguments(")")
        if text == "ROW":
            return Row(arguments)
        if self._take("FILTER", "("):
            arguments = (*arguments, self._filter())
        if self._take("OVER"):
            if self._take("("):
                self._skipped(start)
            else:
                self._next()
            return Opaque(f"{text}(…) OVER (…)", arguments)
        return Call(text, arguments)

    def _filter(self) -> Expression:
        self._expect("WHERE")
        found = self.expression()
        self._expect(")")
        return found

    def _arguments(self, closing: str) -> tuple[Expression, ...]:
        found: list[Expression] = []
        while not self._take(closing):
            found.append(self.expression())
            while self._take("ORDER", "BY") or self._take(","):
                found.append(self.expression())
                while self._peek()[1] in ("DESC", "ASC", "NULLS", "FIRST", "LAST"):
                    self._next()
        return tuple(found)

    def _case(self, start: int) -> Expression:
        found: list[Expression] = []
        while not self._take("END"):
            if self._peek()[1] in ("WHEN", "THEN", "ELSE"):
                self._next()
            found.append(self.expression())
        end = self._tokens[self._at][2] if not self.done else len(self._text)
        return Opaque(self._text[start:end].strip(), tuple(found))
