"""The shell of the page: style, markup, data blocks and script put together."""

import base64
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from querysafe.report.html.embedding import embedded

STYLES = ("tokens", "layout", "code", "findings", "tests", "timeline", "print")
SCRIPTS = (
    "dom",
    "data",
    "words",
    "highlight",
    "excerpt",
    "paging",
    "state",
    "theme",
    "search",
    "tree",
    "waterfall",
    "timeline",
    "findings",
    "tests",
    "statements",
    "summary",
    "main",
)
"""In the order in which one needs what those before it define."""


def assemble(data: Iterator[object]) -> Iterator[str]:
    """Give the page for a stream of values: the recordings, and the run as the last of them."""
    style = "".join(asset(f"style/{name}.css") for name in STYLES)
    body = "".join(asset(f"script/{name}.js") for name in SCRIPTS)
    script = f'(() => {{\n"use strict";\n{body}}})();\n'
    policy = (
        f"default-src 'none'; style-src '{digest(style)}'; script-src '{digest(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    head, foot = asset("page.html").split("<!-- data -->\n")
    yield head.replace("{policy}", policy).replace("{style}", style)
    yield '<script type="application/x-ndjson" id="recordings">'
    last: object = None
    for number, value in enumerate(data):
        if number:
            yield f"{embedded(last)}\n"
        last = value
    yield "</script>\n"
    yield f'<script type="application/json" id="run">{embedded(last)}</script>\n'
    yield foot.replace("{script}", script)


@cache
def asset(name: str) -> str:
    """A part of the page by its path below this folder."""
    return files("querysafe.report.html").joinpath(name).read_text(encoding="utf-8")


def digest(text: str) -> str:
    """A text's source for a Content-Security-Policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
