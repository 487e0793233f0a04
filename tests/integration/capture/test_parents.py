"""For every lazy load: where the query stands that loaded the parents."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import (
    Engine,
    bindparam,
    insert,
    inspect,
    lambda_stmt,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import (
    Session,
    aliased,
    contains_eager,
    immediateload,
    joinedload,
    load_only,
    scoped_session,
    selectin_polymorphic,
    selectinload,
    sessionmaker,
    subqueryload,
    with_polymorphic,
)

import querysafe
from querysafe.query import CapturedQuery, Loading
from querysafe.testing.api import Captured
from tests.integration.capture.books import Author, Book, Glass, Shelf

Reader = Callable[[Session], object]


def by_select(session: Session) -> None:
    for author in session.scalars(select(Author)):  # parent
        assert author.books


def by_all(session: Session) -> None:
    authors = session.execute(select(Author)).scalars().all()  # parent
    assert [len(author.books) for author in authors] == [2, 2, 2]


def by_legacy_query(session: Session) -> None:
    for author in session.query(Author).filter(Author.id < 3):  # parent
        assert author.books


def by_legacy_get(session: Session) -> None:
    author = session.query(Author).filter_by(id=1).one()  # parent
    assert author.books


def by_get(session: Session) -> None:
    author = session.get_one(Author, 2)  # parent
    assert author.books


def by_columns_and_entity(session: Session) -> None:
    for author, _ in session.execute(select(Author, Author.id)):  # parent
        assert author.books


def by_two_entities(session: Session) -> None:
    for author, book in session.execute(select(Author, Book).join(Author.books)):  # parent
        assert author.books and book.reviews


def by_alias(session: Session) -> None:
    other = aliased(Author)
    for author in session.scalars(select(other).where(other.id > 1)):  # parent
        assert author.books


def by_subquery_alias(session: Session) -> None:
    few = select(Author).where(Author.id > 1).subquery()
    for author in session.scalars(select(aliased(Author, few))):  # parent
        assert author.books


def by_union(session: Session) -> None:
    both = union_all(select(Author).where(Author.id == 1), select(Author).where(Author.id == 2))
    for author in session.scalars(select(Author).from_statement(both)):  # parent
        assert author.books


def by_aliased_union(session: Session) -> None:
    both = union_all(select(Author).where(Author.id == 1), select(Author).where(Author.id == 2))
    for author in session.scalars(select(aliased(Author, both.subquery()))):  # parent
        assert author.books


def by_text(session: Session) -> None:
    statement = select(Author).from_statement(text("SELECT * FROM authors"))
    for author in session.scalars(statement):  # parent
        assert author.books


def by_legacy_text(session: Session) -> None:
    for author in session.query(Author).from_statement(text("SELECT * FROM authors")):  # parent
        assert author.books


def by_cte(session: Session) -> None:
    few = select(Author).where(Author.id > 1).cte()
    for author in session.scalars(select(aliased(Author, few))):  # parent
        assert author.books


def by_lambda(session: Session) -> None:
    key = 1
    statement = lambda_stmt(lambda: select(Author).where(Author.id >= key))
    statement += lambda each: each.order_by(Author.id)
    for author in session.scalars(statement):  # parent
        assert author.books


def by_kept_statement(session: Session) -> None:
    statement = select(Author).where(Author.id == bindparam("key"))
    assert session.scalars(statement, {"key": 9}).all() == []
    assert session.scalars(statement, {"key": 8}).all() == []
    for author in session.scalars(statement, {"key": 1}):  # parent
        assert author.books


def by_pages(session: Session) -> None:
    statement = select(Author).execution_options(yield_per=2)
    found = list(session.scalars(statement))  # parent
    assert [len(author.books) for author in found] == [2, 2, 2]


def by_partitions(session: Session) -> None:
    result = session.scalars(select(Author).execution_options(yield_per=2))  # parent
    for part in result.partitions():
        assert all(author.books for author in part)


def by_populate_existing(session: Session) -> None:
    session.scalars(select(Author)).all()
    statement = select(Author).execution_options(populate_existing=True)
    for author in session.scalars(statement):  # parent
        assert author.books


def by_load_only(session: Session) -> None:
    for author in session.scalars(select(Author).options(load_only(Author.id))):  # parent
        assert author.books


def by_many_to_one(session: Session) -> None:
    for book in session.scalars(select(Book).where(Book.id.in_([1, 3]))):  # parent
        assert book.author


def by_many_to_many(session: Session) -> None:
    for book in session.scalars(select(Book)):  # parent
        assert book.tags


def by_contains_eager(session: Session) -> None:
    statement = select(Author).join(Author.books).options(contains_eager(Author.books))
    for author in session.scalars(statement).unique():  # parent
        assert all(book.reviews for book in author.books)


def by_joined_chain(session: Session) -> None:
    for book in session.scalars(select(Book).options(joinedload(Book.author))):  # parent
        assert book.author.books


def by_joined_collection(session: Session) -> None:
    found = session.scalars(select(Author).options(joinedload(Author.books))).unique()  # parent
    assert all(book.reviews for author in found for book in author.books)


def by_subclass(session: Session) -> None:
    for shelf in session.scalars(select(Glass)):  # parent
        assert shelf.keys


def by_with_polymorphic(session: Session) -> None:
    everything = with_polymorphic(Shelf, [Glass])
    for shelf in session.scalars(select(everything)):  # parent
        assert shelf.keys


def by_selectin_polymorphic(session: Session) -> None:
    statement = select(Shelf).options(selectin_polymorphic(Shelf, [Glass]))
    for shelf in session.scalars(statement):  # parent
        assert shelf.keys


def by_polymorphic_base(session: Session) -> None:
    for shelf in session.scalars(select(Shelf)):  # parent
        assert shelf.keys


def by_with_parent_transaction(session: Session) -> None:
    with session.begin():
        found = session.scalars(select(Author)).all()  # parent
        assert all(author.books for author in found)


def by_insert_returning(session: Session) -> None:
    rows = [{"name": "a"}, {"name": "b"}]
    found = session.scalars(insert(Author).returning(Author), rows).all()  # parent
    assert [author.books for author in found] == [[], []]


def by_update_returning(session: Session) -> None:
    statement = update(Author).values(name="x").returning(Author)
    for author in session.scalars(statement):  # parent
        assert author.books


def by_insert_from_statement(session: Session) -> None:
    statement = insert(Author).values(name="x").returning(Author)
    for author in session.scalars(select(Author).from_statement(statement)):  # parent
        assert author.books == []


def by_nested_transaction(session: Session) -> None:
    with session.begin_nested():
        found = session.scalars(select(Author)).all()  # parent
    assert all(author.books for author in found)


@pytest.mark.parametrize(
    "reader", [each for name, each in list(globals().items()) if name.startswith("by_")]
)
def test_the_parents_query_is_known(session: Session, reader: Reader) -> None:
    with querysafe.capture() as captured:
        reader(session)
    loads = lazy(captured)
    assert loads
    assert {parent_text(query) for query in loads} == {"parent"}, [
        (query.statement, query.parent) for query in loads
    ]


def lazy(captured: Captured) -> list[CapturedQuery]:
    return [query for query in captured if query.orm_cause.loading is Loading.LAZY]


def parent_text(query: CapturedQuery) -> str:
    """The comment of the line that the parent's call site names."""
    assert query.parent is not None, query.statement
    text = Path(__file__).read_text().splitlines()[query.parent.line - 1]
    return text.rpartition("# ")[2]


@pytest.fixture
def chain() -> Iterator[Captured]:
    with querysafe.capture() as captured:
        yield captured


def parents_of(captured: Captured) -> dict[str, set[str]]:
    """For each lazily loaded relationship: the comments of the lines of its parents' queries."""
    told: dict[str, set[str]] = {}
    for query in lazy(captured):
        told.setdefault(query.orm_cause.path[-1], set()).add(parent_text(query))
    return told


def test_a_nested_lazy_load_has_the_lazy_load_before_it_as_its_parent(
    session: Session, chain: Captured
) -> None:
    for author in session.scalars(select(Author)):  # the authors
        for book in author.books:  # their books
            assert book.reviews
    assert parents_of(chain) == {"Author.books": {"the authors"}, "Book.reviews": {"their books"}}
    indexes = {query.index: query for query in chain}
    deepest = lazy(chain)[-1]
    assert indexes[deepest.parent_index or 0].orm_cause.path == ("Author.books",)


@pytest.mark.parametrize("loader", [selectinload, subqueryload, joinedload])
def test_what_an_eager_loader_brought_leads_to_the_statement_that_asked(
    session: Session, chain: Captured, loader: Callable[..., object]
) -> None:
    statement = select(Author).options(loader(Author.books))  # type: ignore[arg-type]
    found = session.scalars(statement).unique().all()  # the authors
    assert [len(book.reviews) for author in found for book in author.books] == [2] * 6
    assert parents_of(chain) == {"Book.reviews": {"the authors"}}
    assert {query.orm_cause.path for query in lazy(chain)} == {("Author.books", "Book.reviews")}


def test_immediate_loads_are_lazy_loads_that_come_at_once(
    session: Session, chain: Captured
) -> None:
    statement = select(Author).options(immediateload(Author.books))
    found = session.scalars(statement).all()  # the authors
    assert all(book.reviews for author in found for book in author.books)
    assert parents_of(chain) == {
        "Author.books": {"the authors"},
        "Book.reviews": {"the authors"},
    }


def test_parents_of_a_chain_of_eager_loaders(session: Session, chain: Captured) -> None:
    statement = select(Author).options(selectinload(Author.books).joinedload(Book.reviews))
    found = session.scalars(statement).all()  # the authors
    assert all(book.tags for author in found for book in author.books)
    assert parents_of(chain) == {"Book.tags": {"the authors"}}


def test_objects_refreshed_later_still_know_who_loaded_them(
    session: Session, chain: Captured
) -> None:
    authors = session.scalars(select(Author)).all()  # the authors
    session.commit()
    assert all(author.name for author in authors)
    assert all(author.books for author in authors)
    assert parents_of(chain) == {"Author.books": {"the authors"}}


def test_an_explicit_refresh_does_not_hide_who_loaded_them(
    session: Session, chain: Captured
) -> None:
    author = session.scalars(select(Author)).first()  # the author
    assert author is not None
    session.refresh(author)
    assert author.books
    (told,) = parents_of(chain).values()
    assert told <= {"the author"}


def test_a_collection_expired_alone_is_loaded_again_with_its_parent(
    session: Session, chain: Captured
) -> None:
    authors = session.scalars(select(Author)).all()  # the authors
    assert all(author.books for author in authors)
    session.expire(authors[0], ["books"])
    assert authors[0].books
    assert parents_of(chain) == {"Author.books": {"the authors"}}
    assert len(lazy(chain)) == 4


def test_a_merged_object_is_a_child_of_the_query_that_first_loaded_it(
    engine: Engine, chain: Captured
) -> None:
    with Session(engine) as session:
        detached = session.get_one(Author, 1)  # the first
    with Session(engine) as session:
        author = session.merge(detached)
        assert author.books
    assert parents_of(chain) == {"Author.books": {"the first"}}


def test_an_object_made_here_has_no_parent_until_it_is_read_again(
    session: Session, chain: Captured
) -> None:
    author = Author(name="new")
    session.add(author)
    session.flush()
    assert author.books == []
    session.commit()
    assert author.name == "new"  # read again
    assert author.books == []
    last = lazy(chain)[-1]
    assert last.parent is None or parent_text(last) == "read again"


def test_identity_map_hits_keep_the_query_that_loaded_first_or_last(
    session: Session, chain: Captured
) -> None:
    first = session.scalars(select(Author)).all()  # first
    again = session.scalars(select(Author)).all()  # again
    assert first == again
    assert all(author.books for author in again)
    assert parents_of(chain)["Author.books"] <= {"first", "again"}


def test_a_deferred_column_knows_its_rows_query(session: Session, chain: Captured) -> None:
    books = session.scalars(select(Book)).all()  # the books
    assert all(book.blurb for book in books)
    columns = [query for query in chain if query.orm_cause.loading is Loading.COLUMN]
    assert len(columns) == 6
    assert {parent_text(query) for query in columns} == {"the books"}
    assert {query.orm_cause.reason for query in columns} == {"deferred"}


def test_an_expired_object_knows_its_rows_query(session: Session, chain: Captured) -> None:
    books = session.scalars(select(Book)).all()  # the books
    session.commit()
    assert all(book.title for book in books)
    columns = [query for query in chain if query.orm_cause.loading is Loading.COLUMN]
    assert {query.orm_cause.reason for query in columns} == {"expired"}
    assert {parent_text(query) for query in columns} == {"the books"}


def test_columns_of_a_subclass_know_their_rows_query(session: Session, chain: Captured) -> None:
    shelves = session.scalars(select(Shelf)).all()  # the shelves
    assert {shelf.lock for shelf in shelves if isinstance(shelf, Glass)} == {"steel"}
    columns = [query for query in chain if query.orm_cause.loading is Loading.COLUMN]
    assert {query.orm_cause.reason for query in columns} == {"polymorphic"}
    assert {parent_text(query) for query in columns} == {"the shelves"}


async def test_parents_in_an_async_session(sessions: async_sessionmaker[AsyncSession]) -> None:
    def touch(_: Session, authors: list[Author]) -> int:
        return sum(len(author.books) for author in authors)

    with querysafe.capture() as captured:
        async with sessions() as session:
            authors = (await session.scalars(select(Author))).all()  # the authors
            assert await session.run_sync(touch, list(authors)) == 6
            book = await session.get_one(Book, 1)  # in the identity map
            await session.refresh(book, ["reviews"])
    told = parents_of(captured)
    assert told["Author.books"] == {"the authors"}


def test_parents_in_a_scoped_session_and_a_subclass_of_session(engine: Engine) -> None:
    class Own(Session):
        """An application's own kind of session."""

    registry = scoped_session(sessionmaker(engine, class_=Own))
    with querysafe.capture() as captured:
        for author in registry.scalars(select(Author)):  # the authors
            assert author.books
    registry.remove()
    assert parents_of(captured) == {"Author.books": {"the authors"}}


def test_objects_of_a_fixture_keep_their_parent(session: Session) -> None:
    authors = session.scalars(select(Author)).all()  # outside
    with querysafe.capture() as captured:
        assert all(author.books for author in authors)
    assert len(lazy(captured)) == 3


def test_back_references_of_a_lazy_collection_need_no_query(
    session: Session, chain: Captured
) -> None:
    for author in session.scalars(select(Author)):
        assert all(book.author is author for book in author.books)
    assert {query.orm_cause.path for query in lazy(chain)} == {("Author.books",)}


def test_pickled_objects_read_again_have_no_false_parent(engine: Engine, chain: Captured) -> None:
    import pickle

    with Session(engine) as session:
        kept = pickle.dumps(session.scalars(select(Author)).all())
    with Session(engine) as session:
        for author in pickle.loads(kept):
            session.add(author)
            assert author.books
    assert all(query.parent is None for query in lazy(chain))


def test_loader_options_of_the_application_are_not_disturbed(session: Session) -> None:
    statement = select(Author).options(selectinload(Author.books))
    before = statement._generate_cache_key()
    author = session.scalars(statement).first()
    assert author is not None
    assert statement._generate_cache_key() == before
    assert {type(option).__name__ for option in statement._with_options} == {"Load"}
    assert inspect(author).session is session
