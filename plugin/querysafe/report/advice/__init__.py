"""An advice on indexes as text, SQL, JSON, Markdown and a page of plans before and after."""

import json

from querysafe.advice.advice import Advice
from querysafe.report.advice import html, markdown, sql, text, values


def render(
    advice: Advice, form: str, *, explain: bool = False, width: int = 100, color: bool = False
) -> str:
    """Write an advice as ``sql``, ``json``, ``text``, ``markdown`` or ``html``.

    ``explain`` adds the evidence of each index and why others are absent; JSON and HTML
    always hold it.
    """
    if form == "sql":
        return sql.render(advice)
    if form == "json":
        return json.dumps(values.to_json(advice), indent=2, ensure_ascii=False, default=str) + "\n"
    if form == "markdown":
        return markdown.render(advice, explain=explain)
    if form == "html":
        return html.render(advice)
    return text.render(advice, explain=explain, width=width, color=color)


__all__ = ["render"]
