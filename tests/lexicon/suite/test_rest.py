"""The REST interface, blocking and asyncio."""

import httpx
from sqlalchemy.orm import Session, sessionmaker
from starlette.testclient import TestClient

from tests.lexicon.apps import create_app
from tests.lexicon.variants import VariantName


def test_words_are_served(client: TestClient) -> None:
    response = client.get("/words", params={"kind": "script", "limit": 4})

    assert response.status_code == 200
    assert len(response.json()) == 4


def test_cards_are_served_through_pydantic(client: TestClient) -> None:
    response = client.get("/cards", params={"codes": "DE,FR,JP"})

    assert [card["code"] for card in response.json()] == ["DE", "FR", "JP"]


def test_paths_are_served(client: TestClient) -> None:
    response = client.get("/paths", params={"codes": "IT"})

    assert response.json() == {"IT": ["039", "150", "001", ""]}


def test_the_search_is_served(client: TestClient) -> None:
    response = client.get("/search", params={"q": "ital", "limit": 5})

    assert len(response.json()) == 5


def test_variants_of_a_language_name_it(client: TestClient) -> None:
    response = client.get("/languages", params={"tags": "pt-BR,sr-Latn,zh-Hant,de"})

    assert response.json() == [
        {"tag": "pt-BR", "parent": "Portuguese"},
        {"tag": "sr-Latn", "parent": "Serbian"},
        {"tag": "zh-Hant", "parent": "Chinese"},
    ]


def test_territories_list_who_speaks_what(client: TestClient) -> None:
    response = client.get("/territories", params={"codes": "CH,BE,CA"})

    assert list(response.json()) == ["CH", "BE", "CA"]
    assert {"de", "fr", "it"} <= response.json()["CH"].keys()


def test_administrators_see_users(client: TestClient) -> None:
    response = client.get("/admin/users", params={"limit": 6})

    assert len(response.json()) == 6


def test_a_review_is_taken(scratch_sessions: sessionmaker[Session], variant: VariantName) -> None:
    with TestClient(create_app(scratch_sessions, variant=variant)) as client:
        response = client.post("/progress/review", params={"user": 4, "today": "2025-06-01"})

    assert response.json()["strength"] >= 12


def test_several_requests_are_judged_each_by_itself(client: TestClient) -> None:
    for code in ("DE", "FR", "IT"):
        assert client.get("/paths", params={"codes": code}).status_code == 200


async def test_words_are_served_under_asyncio(async_client: httpx.AsyncClient) -> None:
    response = await async_client.get("/async/words", params={"kind": "script", "limit": 4})

    assert len(response.json()) == 4


async def test_lengths_are_served_under_asyncio(
    async_client: httpx.AsyncClient, concept_ids: dict[str, int]
) -> None:
    ids = ",".join(str(concept_ids[f"territory/{code}"]) for code in ("DE", "FR", "IT", "JP"))

    response = await async_client.get("/async/lengths", params={"ids": ids})

    assert len(response.json()) == 4
