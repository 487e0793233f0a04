from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, func, select, text
from sqlalchemy.orm import Session

from querysafe.growth.cloning import Cloned, Cloner
from querysafe.growth.schema import Schemas
from querysafe.postgres import Database
from tests.integration.growth.models import (
    Admin,
    Base,
    Post,
    Profile,
    Tag,
    User,
    post_tag,
    seed,
)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "sqlite":
        engine = create_engine("sqlite://")
    else:
        database: Database = request.getfixturevalue("querysafe_postgres")
        engine = create_engine(database.url)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        seed(session)
    yield engine
    engine.dispose()


def cloned(engine: Engine) -> Cloned:
    state = Cloned()
    with engine.begin() as connection:
        Cloner(Schemas()).clone(connection, state)
    return state


def test_every_table_grows_and_no_row_is_refused(engine: Engine) -> None:
    state = cloned(engine)
    assert state.refused == set()
    with Session(engine) as session:
        counts = {
            table.name: session.scalar(select(func.count()).select_from(table))
            for table in Base.metadata.sorted_tables
        }
    assert counts == {"user": 3, "admin": 3, "profile": 3, "post": 6, "tag": 3, "post tag": 4}


def test_the_copy_of_a_child_belongs_to_the_copy_of_its_parent(engine: Engine) -> None:
    cloned(engine)
    with Session(engine) as session:
        owners = session.scalars(select(Post.user_id).order_by(Post.user_id)).all()
        first = session.scalars(select(User.id).order_by(User.id)).first()
    assert owners.count(first) == 4
    assert len(set(owners)) == 2


def test_a_tree_is_copied_as_a_tree(engine: Engine) -> None:
    cloned(engine)
    with Session(engine) as session:
        children = session.scalars(select(Post).where(Post.parent_id.is_not(None))).all()
        parents = {child.parent_id for child in children}
        assert len(children) == 3
        assert len(parents) == 2
        for child in children:
            parent = session.get_one(Post, child.parent_id)
            assert parent.user_id == child.user_id


def test_a_subclass_row_goes_with_the_row_that_it_extends(engine: Engine) -> None:
    cloned(engine)
    with Session(engine) as session:
        admins = session.scalars(select(Admin).order_by(Admin.id)).all()
    assert [admin.level for admin in admins] == [3, 3, 3]
    assert len({admin.email for admin in admins}) == 3


def test_one_to_one_stays_one_to_one(engine: Engine) -> None:
    cloned(engine)
    with Session(engine) as session:
        owners = session.scalars(select(Profile.user_id)).all()
    assert len(owners) == len(set(owners)) == 3


def test_a_post_gets_more_tags_and_a_tag_more_posts(engine: Engine) -> None:
    cloned(engine)
    with Session(engine) as session:
        rows = session.execute(select(post_tag)).all()
        first_post = session.scalars(select(Post.id).order_by(Post.id)).first()
        first_tag = session.scalars(select(Tag.id).order_by(Tag.id)).first()
    assert len([row for row in rows if row.post_id == first_post]) == 2
    assert len([row for row in rows if row.tag_id == first_tag]) == 2


def test_what_is_cloned_is_not_cloned_again_but_new_rows_are(engine: Engine) -> None:
    state, cloner = Cloned(), Cloner(Schemas())
    with engine.begin() as connection:
        cloner.clone(connection, state)
        before = state.rows
        cloner.clone(connection, state)
        assert state.rows == before
    with Session(engine) as session:
        session.add(Tag(id=1000, name="more"))
        session.commit()
    with engine.begin() as connection:
        cloner.clone(connection, state)
    assert state.rows == before + 2


def test_the_application_can_insert_after_the_clones(engine: Engine) -> None:
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.execute(text("SELECT setval('tag_id_seq', 10)"))
    cloned(engine)
    with Session(engine) as session:
        session.add_all([Tag(id=2, name="hand"), Tag(name="new")])
        session.commit()
        assert session.scalar(select(func.count()).select_from(Tag)) == 5


def test_rows_that_a_constraint_forbids_are_told_and_left_out(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE single (id integer PRIMARY KEY CHECK (id = 1), note text)"
        )
        connection.exec_driver_sql("INSERT INTO single VALUES (1, 'only')")
    state = cloned(engine)
    assert state.refused <= {"single"}
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM single").scalar() == 1
