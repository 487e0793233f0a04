"""The table of options: each declared once, named alike everywhere."""

import dataclasses
import typing
from pathlib import Path

import pytest

from querysafe.options import BY_NAME, OPTIONS, did_you_mean
from querysafe.settings import Settings, resolve

SORTS = {
    "flag": bool,
    "choice": str,
    "text": str,
    "path": Path,
    "integer": int,
    "number": float,
    "list": tuple[str, ...],
}


def test_settings_have_a_field_for_each_option_and_no_other() -> None:
    fields = [field.name for field in dataclasses.fields(Settings)]
    assert fields == [option.name for option in OPTIONS] + ["sources"]


def test_the_defaults_of_the_table_are_those_of_the_settings() -> None:
    assert resolve(environ={}) == Settings()


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_a_field_has_the_type_that_the_table_says(option) -> None:
    wanted = SORTS[option.sort]
    hint = typing.get_type_hints(Settings)[option.name]
    assert hint in (wanted, wanted | None)
    assert (type(None) in typing.get_args(hint)) == (option.default is None)


def test_every_option_has_a_help_that_is_a_sentence_and_a_group() -> None:
    for option in OPTIONS:
        assert option.help.endswith("."), option.name
        assert option.group, option.name
        assert option.choices or option.sort in ("flag",) or option.metavar, option.name


def test_the_names_of_an_option_follow_from_its_name() -> None:
    option = BY_NAME["max_queries"]
    assert (option.flag, option.ini, option.variable) == (
        "--querysafe-max-queries",
        "querysafe_max_queries",
        "QUERYSAFE_MAX_QUERIES",
    )
    mode = BY_NAME["mode"]
    assert (mode.flag, mode.ini, mode.variable) == ("--querysafe", "querysafe", "QUERYSAFE")


def test_no_two_options_share_a_name() -> None:
    for attribute in ("name", "flag", "ini", "variable"):
        names = [getattr(option, attribute) for option in OPTIONS]
        assert len(set(names)) == len(names)


def test_a_near_name_is_meant_and_for_a_far_one_all_are_listed() -> None:
    assert did_you_mean("basline", BY_NAME) == 'did you mean "baseline"?'
    assert did_you_mean("xyz", ("b", "a")) == "known are a, b"
