"""The dictionary's reads."""

from sqlalchemy.orm import Session

from tests.lexicon.variants import Variant

COUNTRIES = ("CH", "DE", "ES", "FR", "JP")


def test_the_word_list_gives_every_name_with_its_language(
    lexicon: Variant, session: Session
) -> None:
    words = lexicon.dictionary.word_list(session, "script", 8)

    arabic = next(word for word in words if word["code"] == "Arab")
    assert {"language": "German", "text": "Arabisch"} in arabic["translations"]


def test_concepts_come_in_the_order_of_their_ids_and_unknown_ones_are_left_out(
    lexicon: Variant, session: Session, concept_ids: dict[str, int]
) -> None:
    wanted = [concept_ids[f"territory/{code}"] for code in ("JP", "DE", "FR")]

    found = lexicon.dictionary.concepts_by_id(session, [*wanted, 999_999])

    assert found == ["JP", "DE", "FR"]


def test_a_card_holds_what_the_interface_shows(lexicon: Variant, session: Session) -> None:
    cards = lexicon.dictionary.cards(session, COUNTRIES)

    assert [card["code"] for card in cards] == list(COUNTRIES)
    assert {
        "text": "Deutschland",
        "form": "name",
        "language": {"tag": "de", "name": "German"},
    } in cards[1]["translations"]


def test_the_path_of_a_territory_leads_to_the_world(lexicon: Variant, session: Session) -> None:
    paths = lexicon.dictionary.paths(session, COUNTRIES)

    assert paths["DE"] == ["155", "150", "001", ""]
    assert paths["JP"] == ["030", "142", "001", ""]


def test_the_overview_counts_names_and_languages(lexicon: Variant, session: Session) -> None:
    overview = lexicon.dictionary.territory_overview(session, COUNTRIES)

    names, languages = overview["CH"]
    assert names > 15
    assert languages >= 4


def test_the_main_language_is_the_first_that_names_the_territory(
    lexicon: Variant, session: Session
) -> None:
    names = lexicon.dictionary.main_language(session, COUNTRIES)

    assert sorted(names) == list(COUNTRIES)
    assert all(names.values())


def test_translations_are_counted(lexicon: Variant, session: Session) -> None:
    assert lexicon.dictionary.count_translations(session, "de") > 90


def test_the_language_index_is_sorted_by_tag(lexicon: Variant, session: Session) -> None:
    index = lexicon.dictionary.language_index(session, ("fr", "de", "pt-BR"))

    assert index == [("de", "German"), ("fr", "French"), ("pt-BR", "Portuguese (Brazil)")]


def test_the_glossary_defines_every_concept(lexicon: Variant, session: Session) -> None:
    glossary = dict(lexicon.dictionary.glossary(session, "territory", 5))

    assert glossary["001"] == "world: a territory or region."


def test_territories_are_named_in_one_language(lexicon: Variant, session: Session) -> None:
    names = lexicon.dictionary.name_in(session, COUNTRIES, "fr")

    assert names == {
        "CH": "Suisse",
        "DE": "Allemagne",
        "ES": "Espagne",
        "FR": "France",
        "JP": "Japon",
    }


def test_header_and_footer_name_the_language(lexicon: Variant, session: Session) -> None:
    assert lexicon.dictionary.page_frame(session, "he") == {"header": "Hebrew", "footer": "עברית"}
