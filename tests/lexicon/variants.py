"""The two variants of the lexicon: every service as it is often written, and cured."""

from dataclasses import dataclass
from types import ModuleType
from typing import Literal

from tests.lexicon.api import cured as api_cured
from tests.lexicon.api import naive as api_naive
from tests.lexicon.auth.admin_service import cured as admin_cured
from tests.lexicon.auth.admin_service import naive as admin_naive
from tests.lexicon.languages.dictionary_service import cured as dictionary_cured
from tests.lexicon.languages.dictionary_service import cured_async as dictionary_cured_async
from tests.lexicon.languages.dictionary_service import naive as dictionary_naive
from tests.lexicon.languages.dictionary_service import naive_async as dictionary_naive_async
from tests.lexicon.languages.graphql import cured as graphql_cured
from tests.lexicon.languages.graphql import cured_async as graphql_cured_async
from tests.lexicon.languages.graphql import naive as graphql_naive
from tests.lexicon.languages.graphql import naive_async as graphql_naive_async
from tests.lexicon.languages.progress_service import cured as progress_cured
from tests.lexicon.languages.progress_service import naive as progress_naive
from tests.lexicon.languages.search_service import cured as search_cured
from tests.lexicon.languages.search_service import naive as search_naive

VariantName = Literal["naive", "cured"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """The modules of one variant; those of the other have the same functions."""

    api: ModuleType
    admin: ModuleType
    dictionary: ModuleType
    dictionary_async: ModuleType
    graphql: ModuleType
    graphql_async: ModuleType
    progress: ModuleType
    search: ModuleType


VARIANTS: dict[VariantName, Variant] = {
    "naive": Variant(
        api=api_naive,
        admin=admin_naive,
        dictionary=dictionary_naive,
        dictionary_async=dictionary_naive_async,
        graphql=graphql_naive,
        graphql_async=graphql_naive_async,
        progress=progress_naive,
        search=search_naive,
    ),
    "cured": Variant(
        api=api_cured,
        admin=admin_cured,
        dictionary=dictionary_cured,
        dictionary_async=dictionary_cured_async,
        graphql=graphql_cured,
        graphql_async=graphql_cured_async,
        progress=progress_cured,
        search=search_cured,
    ),
}
