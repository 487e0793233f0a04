"""Every mistake of the lexicon as data: where it is, which rule names it, what to call it with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.lexicon.models import Concept, Language, Progress
from tests.lexicon.variants import VARIANTS, VariantName

COUNTRIES = ("CH", "DE", "ES", "FR", "JP")
TODAY = date(2025, 6, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A function of a service that exists twice, with the same result."""

    service: str
    """A field of :class:`tests.lexicon.variants.Variant`."""
    function: str
    rules: tuple[str, ...]
    """What may be reported for the naive one: the first is what it is there for."""
    arguments: Callable[[Session], tuple[Any, ...]]
    test: str
    """The function of the suite that runs it."""

    @property
    def writes(self) -> bool:
        """Whether it changes the database."""
        return "QS106" in self.rules

    def __str__(self) -> str:
        return f"{self.service}.{self.function}"

    def run(self, session: Session, variant: VariantName) -> Any:
        """Call one variant with the arguments of the table."""
        function = getattr(getattr(VARIANTS[variant], self.service), self.function)
        return function(session, *self.arguments(session))


def _constant(*arguments: Any) -> Callable[[Session], tuple[Any, ...]]:
    return lambda _session: arguments


def _countries(session: Session) -> tuple[list[int]]:
    statement = select(Concept.id).where(Concept.kind == "territory", Concept.code.in_(COUNTRIES))
    return (list(session.scalars(statement.order_by(Concept.id))),)


def _unlearnt(session: Session) -> tuple[int, int, list[int], date]:
    """A learner, a language, and concepts which that learner does not learn."""
    language = session.scalars(select(Language.id).where(Language.tag == "ja")).one()
    learnt = select(Progress.concept_id).where(Progress.user_id == 5)
    concepts = select(Concept.id).where(Concept.id.not_in(learnt)).order_by(Concept.id).limit(4)
    return 5, language, list(session.scalars(concepts)), TODAY


MISTAKES = (
    Mistake(
        service="dictionary",
        function="word_list",
        rules=("QS101",),
        arguments=_constant("script", 8),
        test="test_the_word_list_gives_every_name_with_its_language",
    ),
    Mistake(
        service="dictionary",
        function="concepts_by_id",
        rules=("QS103",),
        arguments=_countries,
        test="test_concepts_come_in_the_order_of_their_ids_and_unknown_ones_are_left_out",
    ),
    Mistake(
        service="dictionary",
        function="cards",
        rules=("QS101",),
        arguments=_constant(COUNTRIES),
        test="test_a_card_holds_what_the_interface_shows",
    ),
    Mistake(
        service="dictionary",
        function="paths",
        rules=("QS101",),
        arguments=_constant(COUNTRIES),
        test="test_the_path_of_a_territory_leads_to_the_world",
    ),
    Mistake(
        service="dictionary",
        function="territory_overview",
        rules=("QS203", "QS204"),
        arguments=_constant(COUNTRIES),
        test="test_the_overview_counts_names_and_languages",
    ),
    Mistake(
        service="dictionary",
        function="main_language",
        rules=("QS104",),
        arguments=_constant(COUNTRIES),
        test="test_the_main_language_is_the_first_that_names_the_territory",
    ),
    Mistake(
        service="dictionary",
        function="count_translations",
        rules=("QS204",),
        arguments=_constant("de"),
        test="test_translations_are_counted",
    ),
    Mistake(
        service="dictionary",
        function="language_index",
        rules=("QS202",),
        arguments=_constant(("de", "fr", "pt-BR")),
        test="test_the_language_index_is_sorted_by_tag",
    ),
    Mistake(
        service="dictionary",
        function="glossary",
        rules=("QS102",),
        arguments=_constant("territory", 5),
        test="test_the_glossary_defines_every_concept",
    ),
    Mistake(
        service="dictionary",
        function="name_in",
        rules=("QS105",),
        arguments=_constant(COUNTRIES, "fr"),
        test="test_territories_are_named_in_one_language",
    ),
    Mistake(
        service="dictionary",
        function="page_frame",
        rules=("QS201",),
        arguments=_constant("he"),
        test="test_header_and_footer_name_the_language",
    ),
    Mistake(
        service="search",
        function="search",
        rules=("QS103",),
        arguments=_constant("francia", 40),
        test="test_a_prefix_finds_names_whatever_their_case",
    ),
    Mistake(
        service="search",
        function="count_hits",
        rules=("QS204",),
        arguments=_constant("fra"),
        test="test_hits_are_counted",
    ),
    Mistake(
        service="progress",
        function="start_learning",
        rules=("QS106",),
        arguments=_unlearnt,
        test="test_learning_starts_with_nothing_known",
    ),
    Mistake(
        service="progress",
        function="review",
        rules=("QS102", "QS106"),
        arguments=_constant(3, TODAY),
        test="test_a_review_strengthens_every_concept",
    ),
    Mistake(
        service="progress",
        function="forget",
        rules=("QS106",),
        arguments=_constant(3),
        test="test_forgetting_deletes_the_progress_of_one_learner",
    ),
    Mistake(
        service="progress",
        function="due_table",
        rules=("QS101",),
        arguments=_constant((1, 2, 3)),
        test="test_the_due_table_lists_the_concepts_of_each_learner",
    ),
    Mistake(
        service="progress",
        function="refreshed_strengths",
        rules=("QS102",),
        arguments=_constant(2),
        test="test_strengths_are_fresh",
    ),
    Mistake(
        service="progress",
        function="untouched_concepts",
        rules=("QS103",),
        arguments=_constant("unit"),
        test="test_concepts_that_nobody_learns_are_found",
    ),
    Mistake(
        service="admin",
        function="user_table",
        rules=("QS101",),
        arguments=_constant(8),
        test="test_the_user_table_shows_native_language_and_permissions",
    ),
    Mistake(
        service="admin",
        function="permission_ids",
        rules=("QS103", "QS201"),
        arguments=_constant((1, 2, 3, 999_999)),
        test="test_the_permissions_of_users_are_those_of_all_their_roles",
    ),
    Mistake(
        service="admin",
        function="activity",
        rules=("QS203", "QS204"),
        arguments=_constant(6),
        test="test_activity_counts_roles_and_progress",
    ),
    Mistake(
        service="admin",
        function="progress_counts",
        rules=("QS101", "QS204"),
        arguments=_constant(8),
        test="test_progress_is_counted_for_each_user",
    ),
    Mistake(
        service="admin",
        function="biographies",
        rules=("QS102",),
        arguments=_constant(8),
        test="test_biographies_are_whole",
    ),
    Mistake(
        service="admin",
        function="deactivate",
        rules=("QS106", "QS103"),
        arguments=_constant(tuple(f"learner{number}@lexicon.example" for number in range(1, 5))),
        test="test_users_are_deactivated_once",
    ),
)
