"""The page of exit statuses."""

from querysafe.exit_codes import ExitCode
from tests.documentation.docstrings import fields

TEXTS = {
    ExitCode.OK: "The command did what it was asked.",
} | {ExitCode[name]: text for name, text in fields(ExitCode).items()}


def page() -> str:
    """The statuses of ``querysafe`` and of pytest with the plugin."""
    rows = [f"| {int(code)} | {TEXTS[code]} |" for code in ExitCode]
    return "\n".join(
        [
            "# Exit statuses",
            "",
            "## `querysafe`",
            "",
            "| status | meaning |",
            "| --- | --- |",
            *rows,
            "| 130 | It was interrupted. |",
            "| 141 | What reads its output went away, as `head` does. |",
            "",
            "## `pytest`",
            "",
            "The plugin uses pytest's own statuses: 1 when a test failed, be it for a finding in "
            "mode `check` or for a missing baseline in CI; 4 when a setting or the baseline "
            "cannot be understood; 3 when a report could not be written. In mode `report` a "
            "finding changes no status.",
        ]
    )
