"""Comments that accept a finding in writing: ``# querysafe: allow QS501 the table has ten rows``."""

import io
import re
import tokenize
from collections.abc import Mapping

_COMMENT = re.compile(
    r"#\s*querysafe:\s*allow\s+((?:QS\d+|[a-z]+(?:-[a-z]+)+)(?:\s*,\s*(?:QS\d+|[a-z]+(?:-[a-z]+)+))*)"
    r"[\s:,;\-\N{EN DASH}\N{EM DASH}]*(.*)$"
)


def comments(source: str) -> Mapping[int, Mapping[str, str]]:
    """Reasons by line and rule (id or name). A comment on a line of its own counts for the next.

    The reason is "" where none is given: the finding then stays.
    """
    found: dict[int, dict[str, str]] = {}
    carried: dict[str, str] = {}
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, IndentationError):
        return found
    code = {token.start[0] for token in tokens if token.type in (tokenize.NAME, tokenize.OP)}
    for token in tokens:
        line = token.start[0]
        if token.type == tokenize.COMMENT and (match := _COMMENT.search(token.string)):
            named = {name.strip(): match[2].strip() for name in match[1].split(",")}
            if line in code:
                found.setdefault(line, {}).update(named)
            else:
                carried |= named
        elif carried and token.type in (tokenize.NAME, tokenize.OP):
            found.setdefault(line, {}).update(carried)
            carried = {}
    return found
