"""Settings: what each place says, which one wins, and what is wrong is named with its place."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from querysafe.errors import SettingsError
from querysafe.options import OPTIONS, Option
from querysafe.settings import resolve

TEXTS = {
    "flag": ("true", True),
    "text": ("word", "word"),
    "path": ("some/where", Path("some/where")),
    "integer": ("7", 7),
    "number": ("0.25", 0.25),
    "list": ("one, two", ("one", "two")),
}
TOML = {"flag": "true", "integer": "7", "number": "0.25", "list": '["one", "two"]'}


def written(option: Option) -> tuple[str, Any]:
    """A text that is not the default, and the value it stands for."""
    if option.sort == "choice":
        choice = next(each for each in option.choices if each != option.default)
        return choice, choice
    return TEXTS[option.sort]


def project(folder: Path, text: str) -> Path:
    path = folder / "pyproject.toml"
    path.write_text(text)
    return path


def place(option: Option, where: str, folder: Path, text: str | None = None) -> Mapping[str, Any]:
    """Arguments for ``resolve`` that set one option in one place."""
    text = written(option)[0] if text is None else text
    if where == "command line":
        return {"environ": {}, "command_line": {option.name: text}}
    if where == "environment":
        return {"environ": {option.variable: text}}
    if where == "ini file":
        return {"environ": {}, "ini": {option.name: text}}
    value = TOML.get(option.sort, f'"{text}"')
    return {
        "environ": {},
        "pyproject": project(folder, f"[tool.querysafe]\n{option.name} = {value}\n"),
    }


PLACES = ["command line", "environment", "ini file", "pyproject.toml"]


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_every_option_can_be_set_in_every_place(option: Option, where: str, tmp_path: Path) -> None:
    settings = resolve(**place(option, where, tmp_path))
    assert getattr(settings, option.name) == written(option)[1]
    assert settings.sources[option.name] == where
    assert {settings.sources[each.name] for each in OPTIONS if each is not option} == {"default"}


@pytest.mark.parametrize("number", range(len(PLACES) - 1))
def test_a_nearer_place_wins(number: int, tmp_path: Path) -> None:
    arguments: dict[str, Any] = {"environ": {}}
    for value, where in enumerate(PLACES[number:], 1):
        if where == "command line":
            arguments["command_line"] = {"top": value}
        elif where == "environment":
            arguments["environ"] = {"QUERYSAFE_TOP": str(value)}
        elif where == "ini file":
            arguments["ini"] = {"top": str(value)}
        else:
            arguments["pyproject"] = project(tmp_path, f"[tool.querysafe]\ntop = {value}\n")
    settings = resolve(**arguments)
    assert (settings.top, settings.sources["top"]) == (1, PLACES[number])


def test_an_empty_text_is_not_given_and_a_zero_is(tmp_path: Path) -> None:
    path = project(tmp_path, "[tool.querysafe]\ntop = 0\nupdate = false\n")
    settings = resolve(
        environ={"QUERYSAFE_TOP": ""}, ini={"top": "", "allow": [], "mode": None}, pyproject=path
    )
    assert (settings.top, settings.sources["top"]) == (0, "pyproject.toml")
    assert (settings.allow, settings.mode) == ((), "report")
    assert settings.sources["update"] == "pyproject.toml"


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", True), ("ON", True), ("yes", True), ("0", False), ("off", False), ("No", False)],
)
def test_a_flag_is_said_in_several_words(text: str, value: bool) -> None:
    assert resolve(environ={"QUERYSAFE_GROW": text}).grow is value


@pytest.mark.parametrize("text", ["QS101,QS102", "QS101\nQS102\n", " QS101 , ,QS102 "])
def test_a_list_is_parted_by_commas_or_lines(text: str) -> None:
    assert resolve(environ={}, ini={"ignore": text}).ignore == ("QS101", "QS102")


@pytest.mark.parametrize(
    ("name", "text", "hint"),
    [
        ("mode", "chek", "write one of off, report, check"),
        ("top", "vier", "write a whole number"),
        ("top", "1.5", "write a whole number"),
        ("top", "-1", "write 0 or more"),
        ("threshold", "1", "write 2 or more"),
        ("slow_seconds", "soon", "write a number"),
        ("slow_seconds", "nan", "write 0 or more"),
        ("grow", "perhaps", "write true or false"),
    ],
)
@pytest.mark.parametrize("where", PLACES[:3])
def test_a_wrong_value_is_named_with_its_place_and_what_to_write(
    name: str, text: str, hint: str, where: str, tmp_path: Path
) -> None:
    option = next(each for each in OPTIONS if each.name == name)
    with pytest.raises(SettingsError) as caught:
        resolve(**place(option, where, tmp_path, text))
    named = {
        "command line": option.flag,
        "environment": f"the environment variable {option.variable}",
        "ini file": f"the ini setting {option.ini}",
    }
    assert caught.value.message == f'{named[where]} is "{text}"'
    assert caught.value.hint == hint


def test_a_wrong_value_in_pyproject_is_named_with_its_table(tmp_path: Path) -> None:
    path = project(tmp_path, '[tool.querysafe]\ntop = "vier"\n')
    with pytest.raises(SettingsError, match=r'\[tool.querysafe\] top is "vier"'):
        resolve(environ={}, pyproject=path)


@pytest.mark.parametrize(
    ("environ", "hint"),
    [
        ({"QUERYSAFE_BASLINE": "x"}, 'did you mean "QUERYSAFE_BASELINE"?'),
        ({"QUERYSAFE_REQUIER": "x"}, 'did you mean "QUERYSAFE_REQUIRE"?'),
    ],
)
def test_a_misspelt_variable_is_answered_with_the_one_that_was_meant(
    environ: Mapping[str, str], hint: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        resolve(environ=environ)
    assert caught.value.hint == hint


def test_variables_of_others_are_left_alone() -> None:
    assert resolve(environ={"QUERYSAFELY": "x", "PATH": "/bin", "QUERYSAFE_REQUIRE": "chromium"})


def test_a_misspelt_name_in_pyproject_is_answered_with_the_one_that_was_meant(
    tmp_path: Path,
) -> None:
    path = project(tmp_path, "[tool.querysafe]\nmax_querys = 3\n")
    with pytest.raises(SettingsError) as caught:
        resolve(environ={}, pyproject=path)
    assert caught.value.message == '[tool.querysafe] has no option "max_querys"'
    assert caught.value.hint == 'did you mean "max_queries"?'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.querysafe\n", "cannot be read"),
        ("[tool]\nquerysafe = 3\n", "is no table"),
        ("tool = 3\n", "is no table"),
        ("[tool.querysafe]\nallow = 3\n", 'allow is "3"'),
        ('[tool.querysafe]\nmode = ["check"]\n', "mode is"),
        ("[tool.querysafe]\ngrow = 3\n", 'grow is "3"'),
        ("[tool.querysafe]\ntop = true\n", 'top is "True"'),
        ("[tool.querysafe]\nbaseline = 3\n", 'baseline is "3"'),
    ],
)
def test_a_pyproject_that_says_something_else_is_an_error(
    text: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError) as caught:
        resolve(environ={}, pyproject=project(tmp_path, text))
    assert message in caught.value.message


def test_a_project_without_the_table_or_the_file_says_nothing(tmp_path: Path) -> None:
    assert resolve(environ={}, pyproject=project(tmp_path, "[project]\n")) == resolve(environ={})
    assert resolve(environ={}, pyproject=tmp_path / "nowhere.toml") == resolve(environ={})
