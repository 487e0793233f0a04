"""A dead man's switch is asked for, and an answer that is none is told without its address."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from querysafe.backup.ping import ping


class _Answers(BaseHTTPRequestHandler):
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(500 if "broken" in self.path else 200)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def watcher() -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    handler = type("Handler", (_Answers,), {"asked": asked})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def test_an_answer_of_success_is_no_problem(watcher: tuple[str, list[str]]) -> None:
    url, asked = watcher
    assert ping(f"{url}/secret") is None
    assert asked == ["/secret"]


def test_another_answer_is_told_without_the_address(watcher: tuple[str, list[str]]) -> None:
    url, _ = watcher
    assert ping(f"{url}/broken-secret") == "the answer was 500"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "secret", "http://127.0.0.1:9/secret"])
def test_what_cannot_be_asked_is_told_without_the_address(url: str) -> None:
    problem = ping(url)
    assert problem
    assert "secret" not in problem
