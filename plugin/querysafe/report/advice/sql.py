"""One ``CREATE INDEX`` a line, and nothing else but extensions that must be there before."""

from querysafe.advice.advice import Advice
from querysafe.advice.index import quoted


def render(advice: Advice) -> str:
    """The statements, the most useful first."""
    needed = "".join(f"CREATE EXTENSION IF NOT EXISTS {quoted(name)};\n" for name in advice.lacking)
    return needed + "".join(f"{_line(each.index.create(each.name))};\n" for each in advice.indexes)


def _line(statement: str) -> str:
    """A literal may hold a line's end; SQL lets it be written as an escape only in E'…'."""
    return statement.replace("\r", " ").replace("\n", " ")
