"""The dictionary's reads under asyncio."""

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from tests.lexicon.variants import Variant


async def test_the_word_list_gives_every_name_with_its_language(
    lexicon: Variant, async_session: AsyncSession
) -> None:
    words = await lexicon.dictionary_async.word_list(async_session, "script", 8)

    arabic = next(word for word in words if word["code"] == "Arab")
    assert {"language": "French", "text": "arabe"} in arabic["translations"]


async def test_concepts_come_in_the_order_of_their_ids(
    lexicon: Variant, async_session: AsyncSession, concept_ids: dict[str, int]
) -> None:
    wanted = [concept_ids[f"currency/{code}"] for code in ("USD", "EUR", "JPY")]

    found = await lexicon.dictionary_async.concepts_by_id(async_session, wanted)

    assert found == ["USD", "EUR", "JPY"]


async def test_the_lengths_of_names_are_summed_for_each_concept(
    lexicon: Variant,
    async_sessions: async_sessionmaker[AsyncSession],
    concept_ids: dict[str, int],
) -> None:
    wanted = [concept_ids[f"territory/{code}"] for code in ("CH", "DE", "FR", "JP")]

    lengths = await lexicon.dictionary_async.name_lengths(async_sessions, [*wanted, 999_999])

    assert lengths[-1] == 0
    assert all(length > 50 for length in lengths[:-1])
