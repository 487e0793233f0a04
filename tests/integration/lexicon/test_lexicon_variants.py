"""Naive and cured: the same results, by fewer queries."""

import inspect
from contextlib import ExitStack
from dataclasses import fields
from types import ModuleType
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from tests.lexicon.apps import create_app
from tests.lexicon.core.database import (
    make_async_engine,
    make_async_sessions,
    make_engine,
    make_sessions,
)
from tests.lexicon.mistakes import MISTAKES, Mistake
from tests.lexicon.suite import (
    test_admin,
    test_dictionary,
    test_graphql,
    test_progress,
    test_search,
)
from tests.lexicon.suite.databases import Template
from tests.lexicon.variants import VARIANTS, Variant, VariantName

LOOPS = ("QS101", "QS102", "QS103", "QS104", "QS105", "QS106")
SUITE = (test_admin, test_dictionary, test_progress, test_search)
SERVICES = [field.name for field in fields(Variant) if "graphql" not in field.name]
PATHS = (
    "/words?kind=territory&limit=6",
    "/cards?codes=CH,DE,ES",
    "/paths?codes=CH,DE,JP",
    "/search?q=fra&limit=8",
    "/languages?tags=pt-BR,sr-Latn,zh-Hant",
    "/territories?codes=CH,BE,CA",
    "/admin/users?limit=6",
)


class Counter:
    """Counts the statements of an engine while it is open."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.count = 0

    def __enter__(self) -> "Counter":
        event.listen(self.engine, "before_cursor_execute", self._seen)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(self.engine, "before_cursor_execute", self._seen)

    def _seen(self, *_: object) -> None:
        self.count += 1


def _functions(module: ModuleType) -> dict[str, inspect.Signature]:
    return {
        name: inspect.signature(function)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }


@pytest.mark.parametrize("service", SERVICES)
def test_both_variants_of_a_service_have_the_same_functions(service: str) -> None:
    naive = _functions(getattr(VARIANTS["naive"], service))

    assert naive
    assert naive == _functions(getattr(VARIANTS["cured"], service))


def test_both_variants_have_the_same_graphql_schema() -> None:
    texts = {
        getattr(variant, name).schema.as_str()
        for variant in VARIANTS.values()
        for name in ("graphql", "graphql_async")
    }

    assert len(texts) == 1


def test_every_function_of_the_blocking_services_is_a_mistake_with_a_test() -> None:
    listed = {(mistake.service, mistake.function) for mistake in MISTAKES}
    tests = {name for module in SUITE for name in vars(module)}

    assert listed == {
        (service, name)
        for service in ("admin", "dictionary", "progress", "search")
        for name in _functions(getattr(VARIANTS["naive"], service))
    }
    assert {mistake.test for mistake in MISTAKES} <= tests


@pytest.fixture
def outcomes(
    slice_template: Template, loaded: Engine, mistake: Mistake
) -> dict[VariantName, tuple[Any, int]]:
    """Result and number of statements of each variant; what writes gets copies of its own."""
    found: dict[VariantName, tuple[Any, int]] = {}
    for variant in VARIANTS:
        with ExitStack() as stack:
            engine = loaded
            if mistake.writes:
                engine = make_engine(stack.enter_context(slice_template.copy()))
                stack.callback(engine.dispose)
            counter = stack.enter_context(Counter(engine))
            session = stack.enter_context(Session(engine))
            found[variant] = mistake.run(session, variant), counter.count
    return found


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_the_cured_read_has_the_result_of_the_naive_one(
    mistake: Mistake, outcomes: dict[VariantName, tuple[Any, int]]
) -> None:
    naive, naive_count = outcomes["naive"]
    cured, cured_count = outcomes["cured"]

    assert naive
    assert naive == cured
    if mistake.rules[0] in LOOPS:
        assert cured_count < naive_count


@pytest.mark.parametrize("path", PATHS)
def test_both_variants_serve_the_same_json(loaded: Engine, path: str) -> None:
    answers = []
    for variant in VARIANTS:
        app = create_app(make_sessions(loaded), variant=variant)
        with TestClient(app) as client:
            response = client.get(path)
            assert response.status_code == 200
            answers.append(response.json())

    assert answers[0]
    assert answers[0] == answers[1]


@pytest.mark.parametrize("query", [test_graphql.NAMES, test_graphql.TREE], ids=["names", "tree"])
async def test_all_four_schemas_answer_alike(loaded: Engine, query: str) -> None:
    engine = make_async_engine(loaded.url)
    sent = {}
    answers = []
    for variant in VARIANTS:
        app = create_app(make_sessions(loaded), make_async_sessions(engine), variant=variant)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://lexicon") as client:
            for path, counted in (("/graphql", loaded), ("/async/graphql", engine.sync_engine)):
                with Counter(counted) as counter:
                    answers.append((await client.post(path, json={"query": query})).json())
                sent[variant, path] = counter.count
    await engine.dispose()

    assert "errors" not in answers[0]
    assert all(answer == answers[0] for answer in answers)
    assert sent["cured", "/graphql"] <= 3 < sent["naive", "/graphql"]
    assert sent["cured", "/async/graphql"] <= 3 < sent["naive", "/async/graphql"]


async def test_the_asyncio_reads_answer_like_the_blocking_ones(loaded: Engine) -> None:
    engine = make_async_engine(loaded.url)
    sessions = make_async_sessions(engine)
    words = []
    for variant in VARIANTS.values():
        async with sessions() as session:
            words.append(await variant.dictionary_async.word_list(session, "script", 5))
        with make_sessions(loaded)() as blocking:
            words.append(variant.dictionary.word_list(blocking, "script", 5))
    await engine.dispose()

    assert words[0]
    assert all(answer == words[0] for answer in words)
