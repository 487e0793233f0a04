"""The pages of the options and of the environment, from the table of options."""

from querysafe.options import OPTIONS, Option

WORDS = {
    "flag": "true or false",
    "text": "text",
    "path": "path",
    "integer": "whole number",
    "number": "number",
    "list": "list",
}


def page() -> str:
    """Every option: what it does, its type and default, and how it is written in each place."""
    parts = [
        "# Options",
        "Each option may be set in five places. The first of them that says something wins: the "
        "command line of pytest (with `addopts` and `PYTEST_ADDOPTS`), the environment, pytest's "
        "ini file, `[tool.querysafe]` in the `pyproject.toml` of the root directory, the default. "
        "`querysafe config show` says what holds in your project, and why.",
        "A name that does not exist is an error that names the one that was meant (in an ini file "
        "pytest itself warns of it), and so is a value that the option does not take. Paths are relative to the directory where pytest is started, the "
        "`baseline` to the root directory.",
    ]
    for group in dict.fromkeys(option.group for option in OPTIONS):
        parts.append(f"## {group}")
        for option in OPTIONS:
            if option.group == group:
                parts.append(_option(option))
    return "\n\n".join(parts)


def environment_page() -> str:
    """Every variable that is read."""
    rows = [f"| `{each.variable}` | option [`{each.name}`](options.md) |" for each in OPTIONS]
    others = [
        ("CI", "set to anything: in mode `check` a missing baseline fails the run"),
        (
            "GITHUB_ACTIONS",
            "`true`: with `github` on `auto`, findings are printed as annotations",
        ),
        ("GITHUB_STEP_SUMMARY", "file to which the Markdown summary is added under GitHub Actions"),
        ("NO_COLOR", "set to anything: no colours, in a terminal either"),
    ]
    rows += [f"| `{name}` | {text} |" for name, text in others]
    head = [
        "# Environment",
        "",
        "Variables that begin with `QUERYSAFE_` and are not in this table are an error that names "
        "the one that was meant. An empty variable counts as not set.",
        "",
        "| variable | what it sets |",
        "| --- | --- |",
    ]
    return "\n".join([*head, *rows])


def _option(option: Option) -> str:
    sort = " | ".join(f"`{choice}`" for choice in option.choices) or WORDS[option.sort]
    if option.least and option.sort in ("integer", "number"):
        sort += f", {option.least:g} or more"
    value = {"flag": "true", "list": '["…"]', "integer": "…", "number": "…"}.get(option.sort, '"…"')
    flag = option.flag
    if option.sort != "flag":
        flag += f"={option.metavar or option.choices[-1]}"
    rows = [
        ("type", sort),
        ("default", f"`{_default(option)}`" if _default(option) else "none"),
        ("command line", f"`{flag}`"),
        ("environment", f"`{option.variable}`"),
        ("ini file", f"`{option.ini}`"),
        ("`pyproject.toml`", f"`[tool.querysafe]` `{option.name} = {value}`"),
    ]
    table = "\n".join(f"| {name} | {text.replace(' | ', ', ')} |" for name, text in rows)
    return f"### `{option.name}`\n\n{option.help}\n\n| | |\n| --- | --- |\n{table}"


def _default(option: Option) -> str:
    if option.default is None or option.default == ():
        return ""
    return str(option.default).lower() if option.sort == "flag" else str(option.default)
