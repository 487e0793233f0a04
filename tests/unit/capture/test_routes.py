"""What a request is called: no secret of its path is told."""

from types import SimpleNamespace
from typing import Any

import pytest

from querysafe.capture.routes import called, readable

TOKENS = (
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "WyJkZW1vIl0.ZTk3Yg.Jq8R1TnV0cQ5jQ2mQyQ0eX3w7bU",
    "9f86d081884c7d659a2feaa0c55ad015",
    "deadbeefcafe",
    "6fa459ea-ee8a-3ca4-894e-db77e160355e",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "sk-Zr8kQ2pW9xT4vB7n",
    "MZXW6YTBOI7Q2LSD",
    "xkqzvbnwrtpl",
    "7Yh2Kq9",
    "anna@example.org",
    "4111111111111111",
    "c2VjcmV0c2VjcmV0c2VjcmV0",
    "token=abc",
)
WORDS = ("orders", "17", "open-lines", "v2", "getOrders", "listAllOpenOrders", "index.html", "API")


@pytest.mark.parametrize("token", TOKENS)
def test_a_segment_that_may_be_a_secret_is_left_out(token: str) -> None:
    assert readable(f"/invitation/{token}/accept") == "/invitation/…/accept"


@pytest.mark.parametrize("word", WORDS)
def test_words_and_numbers_are_told(word: str) -> None:
    assert readable(f"/shop/{word}/") == f"/shop/{word}/"


def test_a_query_is_left_out() -> None:
    assert readable("/login?token=abc") == "/login?…"


@pytest.mark.parametrize(
    "details, name",
    [
        (
            {"method": "GET", "path": "/join/abc", "path_params": {"token": "abc"}},
            "GET /join/{token}",
        ),
        (
            {"method": "GET", "path": "/files/a/b/c", "path_params": {"rest": "a/b/c"}},
            "GET /files/{rest}",
        ),
        (
            {"method": "GET", "path": "/o/17", "path_params": {"id": 17}},
            "GET /o/{id}",
        ),
        (
            {"method": "GET", "path": "/o/17", "route": SimpleNamespace(path="/o/{order}")},
            "GET /o/{order}",
        ),
        (
            {
                "REQUEST_METHOD": "GET",
                "PATH_INFO": "/join/secret",
                "bfg.routes.route": SimpleNamespace(pattern="/join/{token}"),
            },
            "GET /join/{token}",
        ),
        (
            {"method": "GET", "path": "/join/secret", "path_template": "/join/{token:str}"},
            "GET /join/{token:str}",
        ),
        (
            {
                "REQUEST_METHOD": "GET",
                "PATH_INFO": "/join/secret",
                "wsgiorg.routing_args": ((), {"token": "secret"}),
            },
            "GET /join/{token}",
        ),
        ({"REQUEST_METHOD": "GET", "PATH_INFO": f"/join/{TOKENS[0]}"}, "GET /join/…"),
        ({}, ""),
    ],
)
def test_the_pattern_of_a_route_is_told_where_a_framework_notes_it(
    details: dict[str, Any], name: str
) -> None:
    assert called(details) == name


def test_a_rule_of_flask_is_its_pattern() -> None:
    details = {"REQUEST_METHOD": "POST", "PATH_INFO": "/join/secret"}
    assert called(details, SimpleNamespace(rule="/join/<token>")) == "POST /join/<token>"
