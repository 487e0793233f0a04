"""The GraphQL interface, blocking and asyncio."""

from typing import Any

import httpx
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from tests.lexicon.variants import Variant

NAMES = """
query {
  concepts(kind: "script", codes: ["Arab", "Cyrl", "Latn"]) {
    code
    translations { text language { name } }
  }
}
"""
TREE = """
query {
  concepts(kind: "territory", codes: ["150", "142", "019"]) {
    code
    children { code children { code } }
  }
}
"""


def _check_names(answer: dict[str, Any]) -> None:
    assert "errors" not in answer
    arabic, *_ = answer["data"]["concepts"]
    assert arabic["code"] == "Arab"
    assert {"text": "Arabisch", "language": {"name": "German"}} in arabic["translations"]


def _check_tree(answer: dict[str, Any]) -> None:
    assert "errors" not in answer
    europe = next(row for row in answer["data"]["concepts"] if row["code"] == "150")
    western = next(row for row in europe["children"] if row["code"] == "155")
    assert {"code": "DE"} in western["children"]


def test_names_of_concepts_come_with_their_language(client: TestClient) -> None:
    _check_names(client.post("/graphql", json={"query": NAMES}).json())


def test_the_tree_is_served_two_levels_deep(client: TestClient) -> None:
    _check_tree(client.post("/graphql", json={"query": TREE}).json())


def test_the_schema_can_be_executed_without_a_server(lexicon: Variant, session: Session) -> None:
    result = lexicon.graphql.schema.execute_sync(NAMES, context_value={"session": session})

    assert result.errors is None
    _check_names({"data": result.data})


async def test_names_of_concepts_come_with_their_language_under_asyncio(
    async_client: httpx.AsyncClient,
) -> None:
    _check_names((await async_client.post("/async/graphql", json={"query": NAMES})).json())


async def test_the_tree_is_served_two_levels_deep_under_asyncio(
    async_client: httpx.AsyncClient,
) -> None:
    _check_tree((await async_client.post("/async/graphql", json={"query": TREE})).json())
