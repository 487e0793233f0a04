"""One ``CREATE INDEX`` a line, and nothing else."""

from querysafe.advice.advice import Advice


def render(advice: Advice) -> str:
    """The statements, the most useful first."""
    return "".join(f"{_line(each.index.create(each.name))};\n" for each in advice.indexes)


def _line(statement: str) -> str:
    """A literal may hold a line's end; SQL lets it be written as an escape only in E'…'."""
    return statement.replace("\r", " ").replace("\n", " ")
