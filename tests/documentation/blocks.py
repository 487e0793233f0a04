"""The fenced blocks of a page, and what each of them is: a file, a snippet, a session."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"# ([\w./-]+\.(?:py|toml|ini|txt|yml))$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block."""

    page: Path
    line: int
    """Where it begins in the page."""
    language: str
    text: str

    @property
    def file(self) -> str:
        """The file that the block is, by its first line ``# path``; "" for a snippet."""
        found = NAMED.match(self.text.partition("\n")[0])
        return found[1] if found else ""

    def commands(self) -> Iterator[tuple[str, str]]:
        """The commands of a session with what each prints; lines that end in ``\\`` go on."""
        text = self.text.replace("\\\n", "")
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, printed = part.partition("\n")
            yield command.partition("  # ")[0].strip(), printed

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """Every fenced block of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            page=page,
            line=text.count("\n", 0, found.start()) + 1,
            language=found[1],
            text=found[2],
        )
        for found in FENCE.finditer(text)
    ]


def resembles(printed: str, shown: str) -> bool:
    """Whether what a command printed is what the page shows.

    In the page ``…`` stands for the rest of a line's middle or end, and alone on a line for
    any number of lines. Trailing blanks and empty lines at both ends do not count.
    """
    lines = [line.rstrip() for line in shown.strip().splitlines()]
    pattern = ""
    for line in lines:
        if line == "…":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*".join(re.escape(part) for part in line.split("…")) + r"\n"
    told = "\n".join(line.rstrip() for line in printed.strip().splitlines()) + "\n"
    return re.fullmatch(pattern, told) is not None
