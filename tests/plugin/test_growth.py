"""``--querysafe-grow`` and ``--querysafe-cold-session``, as a user runs them."""

import pytest

from tests.plugin.conftest import Project

MODELS = """
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Owner(Base):
    __tablename__ = "owner"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    pets: Mapped[list["Pet"]] = relationship(back_populates="owner")


class Pet(Base):
    __tablename__ = "pet"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("owner.id"))
    owner: Mapped[Owner] = relationship(back_populates="pets")
    toys: Mapped[list["Toy"]] = relationship()


class Toy(Base):
    __tablename__ = "toy"
    id: Mapped[int] = mapped_column(primary_key=True)
    pet_id: Mapped[int] = mapped_column(ForeignKey("pet.id"))
"""
SERVICE = """
from kennel import Owner, Pet
from sqlalchemy import select
from sqlalchemy.orm import selectinload


def toys(session):
    return sum(len(pet.toys) for pet in session.scalars(select(Pet)))


def toys_at_once(session):
    pets = session.scalars(select(Pet).options(selectinload(Pet.toys)))
    return sum(len(pet.toys) for pet in pets)


def toys_of(session, email):
    owner = session.scalars(select(Owner).where(Owner.email == email)).one()
    return sum(len(pet.toys) for pet in owner.pets)


def owners(session):
    return {pet.owner.email for pet in session.scalars(select(Pet)).all()}
"""
FIXTURES = """
import kennel
import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session


@pytest.fixture
def engine(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'kennel.db'}")
    kennel.Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine):
    with Session(engine) as session:
        yield session


def one():
    return kennel.Owner(email="a@b", pets=[kennel.Pet(toys=[kennel.Toy()])])
"""


@pytest.fixture
def kennel(project: Project) -> Project:
    project.write("kennel.py", MODELS)
    project.write("service.py", SERVICE)
    project.write("conftest.py", FIXTURES)
    return project


def found(project: Project, *arguments: str) -> list[tuple[str, str, str, int]]:
    report = project.report("--querysafe-grow", *arguments)
    return [
        (
            each["nodeid"].rpartition("::")[2],
            each["rule"],
            each["label"],
            each["call_sites"][0]["line"],
        )
        for each in report["findings"]
    ]


def test_one_parent_row_does_not_hide_the_queries_of_its_children(kennel: Project) -> None:
    kennel.write(
        "test_kennel.py",
        """
        import service
        from conftest import one

        def test_toys(session):
            session.add(one())
            session.commit()
            assert service.toys(session) == 1
        """.replace("\n        ", "\n"),
    )
    assert kennel.report()["findings"] == []
    assert found(kennel) == [("test_toys", "QS101", "Pet.toys", 8)]


def test_a_sole_owner_found_by_a_unique_column_gets_more_children(kennel: Project) -> None:
    kennel.write(
        "test_kennel.py",
        "import service\nfrom conftest import one\n\n"
        "def test_toys_of(session):\n    session.add(one())\n    session.commit()\n"
        "    assert service.toys_of(session, 'a@b') == 1\n",
    )
    assert found(kennel) == [("test_toys_of", "QS101", "Pet.toys", 18)]


def test_one_parent_shared_by_all_rows_does_not_hide_its_queries(kennel: Project) -> None:
    kennel.write(
        "test_kennel.py",
        "import kennel, service\n\n"
        "def test_owners(session):\n"
        "    pets = [kennel.Pet(), kennel.Pet(), kennel.Pet()]\n"
        "    session.add(kennel.Owner(email='a@b', pets=pets))\n    session.commit()\n"
        "    session.expunge_all()\n"
        "    assert service.owners(session) == {'a@b'}\n",
    )
    assert found(kennel) == [("test_owners", "QS101", "Pet.owner", 22)]


WARM = (
    "import kennel, pytest, service\n\n"
    "@pytest.fixture\ndef owners(session):\n"
    "    owners = [kennel.Owner(email=f'{n}@b', pets=[kennel.Pet()]) for n in range(3)]\n"
    "    session.add_all(owners)\n    session.commit()\n"
    "    [owner.email for owner in owners]\n"
    "    yield None\n    owners.clear()\n\n"
    "def test_owners(owners, session):\n    assert len(service.owners(session)) == 3\n"
)


def test_what_a_fixture_left_in_the_session_hides_nothing_when_grown(kennel: Project) -> None:
    kennel.write("test_kennel.py", WARM)
    assert kennel.report()["findings"] == []
    assert found(kennel) == [("test_owners", "QS101", "Pet.owner", 22)]


def test_a_cold_session_shows_what_a_fixture_left_behind_without_growing(kennel: Project) -> None:
    kennel.write("test_kennel.py", WARM)
    (finding,) = kennel.report("--querysafe-cold-session")["findings"]
    assert (finding["rule"], finding["label"], finding["count"]) == ("QS101", "Pet.owner", 3)


def test_objects_handed_to_the_test_stay_usable_in_a_cold_session(kennel: Project) -> None:
    kennel.write(
        "test_kennel.py",
        "import kennel, pytest\nfrom conftest import one\n\n"
        "@pytest.fixture\ndef owner(session):\n"
        "    owner = one()\n    session.add(owner)\n    session.flush()\n    return owner\n\n"
        "def test_owner(owner, session):\n"
        "    assert owner in session\n    assert owner.email == 'a@b'\n"
        "    assert len(owner.pets) == 1\n    owner.email = 'c@d'\n    session.commit()\n"
        "    assert session.get(kennel.Owner, owner.id).email == 'c@d'\n",
    )
    result = kennel.run("--querysafe-cold-session")
    result.assert_outcomes(passed=1)


def test_eager_loads_pages_and_chunks_stay_silent(kennel: Project) -> None:
    kennel.write(
        "test_kennel.py",
        "import kennel, service\nfrom conftest import one\nfrom sqlalchemy import select\n\n"
        "def test_at_once(session):\n    session.add(one())\n    session.commit()\n"
        "    assert service.toys_at_once(session) == 1\n\n"
        "def pages(session):\n    seen, last = [], 0\n"
        "    while page := session.scalars(select(kennel.Pet).where(kennel.Pet.id > last)"
        ".order_by(kennel.Pet.id).limit(2)).all():\n"
        "        seen += page\n        last = page[-1].id\n    return seen\n\n"
        "def test_pages(session):\n    session.add(one())\n    session.commit()\n"
        "    assert len(pages(session)) == 1\n\n"
        "def chunks(session, keys):\n    found = []\n"
        "    for start in range(0, len(keys), 2):\n"
        "        found += session.scalars(select(kennel.Pet)"
        ".where(kennel.Pet.id.in_(keys[start:start + 2])))\n    return found\n\n"
        "def test_chunks(session):\n    session.add(one())\n    session.commit()\n"
        "    keys = session.scalars(select(kennel.Pet.id)).all()\n"
        "    assert len(chunks(session, keys)) == 1\n",
    )
    assert found(kennel) == []


def test_the_outcome_is_that_of_the_test_on_its_own_rows(kennel: Project) -> None:
    kennel.write(
        "test_kennel.py",
        "import kennel, service\nfrom conftest import one\nfrom sqlalchemy import func, select\n\n"
        "def test_count(session):\n    session.add(one())\n    session.commit()\n"
        "    assert session.scalar(select(func.count()).select_from(kennel.Pet)) == 1\n\n"
        "def test_fails():\n    assert 0\n",
    )
    result = kennel.run("--querysafe-grow")
    result.assert_outcomes(passed=1, failed=1)


def test_check_fails_a_test_for_what_only_more_rows_show(kennel: Project) -> None:
    kennel.write(
        "test_kennel.py",
        "import pytest, service\nfrom conftest import one\n\n"
        "def test_toys(session):\n    session.add(one())\n    session.commit()\n"
        "    assert service.toys(session) == 1\n\n"
        "@pytest.mark.querysafe(allow=['Pet.toys'], reason='two pets at most')\n"
        "def test_allowed(session):\n    session.add(one())\n    session.commit()\n"
        "    assert service.toys(session) == 1\n",
    )
    result = kennel.run("--querysafe-grow", "--querysafe=check")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*once on the test's own rows (~N)*"])


def test_a_database_that_outlives_the_test_is_left_as_it_was(kennel: Project) -> None:
    kennel.write(
        "test_kennel.py",
        "import kennel, pytest, service\nfrom conftest import one\n"
        "from sqlalchemy import create_engine, func, select\nfrom sqlalchemy.orm import Session\n"
        "from sqlalchemy.pool import StaticPool\n\n"
        "@pytest.fixture(scope='module', params=['file', 'memory'])\n"
        "def wide(request, tmp_path_factory):\n"
        "    file = tmp_path_factory.mktemp('wide') / 'wide.db'\n"
        "    engine = create_engine(f'sqlite:///{file}') if request.param == 'file' else "
        "create_engine('sqlite://', poolclass=StaticPool)\n"
        "    kennel.Base.metadata.create_all(engine)\n"
        "    with Session(engine) as session:\n        session.add(one())\n"
        "        session.commit()\n    yield engine\n    engine.dispose()\n\n"
        "def test_toys(wide):\n    with Session(wide) as session:\n"
        "        assert service.toys(session) == 1\n\n"
        "def test_toys_still(wide):\n    with Session(wide) as session:\n"
        "        assert session.scalar(select(func.count()).select_from(kennel.Toy)) == 1\n",
    )
    result = kennel.run("--querysafe-grow")
    result.assert_outcomes(passed=4)
    assert {each[:3] for each in found(kennel)} == {
        ("test_toys[file]", "QS101", "Pet.toys"),
        ("test_toys[memory]", "QS101", "Pet.toys"),
    }


def test_errors_of_fixtures_are_raised_once_and_in_the_teardown(kennel: Project) -> None:
    kennel.write(
        "test_kennel.py",
        "import pytest, service\n\n@pytest.fixture\ndef leaky(session):\n    yield\n"
        "    raise RuntimeError('left open')\n\n"
        "def test_toys(leaky, session):\n    assert service.toys(session) == 0\n",
    )
    result = kennel.run("--querysafe-grow")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*RuntimeError: left open*"])


def test_a_loop_over_no_rows_at_all_does_not_hide_its_queries(kennel: Project) -> None:
    kennel.write(
        "test_kennel.py",
        "import service\n\ndef test_empty(session):\n    assert service.toys(session) == 0\n",
    )
    assert kennel.report()["findings"] == []
    assert found(kennel) == [("test_empty", "QS101", "Pet.toys", 8)]


def test_a_test_that_cannot_be_grown_is_told_with_the_reason(kennel: Project) -> None:
    kennel.write(
        "test_kennel.py",
        """
        import pytest
        import service
        from sqlalchemy.orm import Session

        @pytest.fixture(scope="module")
        def held():
            from sqlalchemy import create_engine
            import kennel
            engine = create_engine("sqlite://")
            kennel.Base.metadata.create_all(engine)
            with Session(engine) as session:
                session.add(kennel.Owner(email="a@b"))
                session.flush()
                yield session
            engine.dispose()

        def test_held(held):
            assert service.toys(held) == 0
        """.replace("\n        ", "\n"),
    )
    result = kennel.run("--querysafe-grow")
    result.stdout.fnmatch_lines(["*not grown: test_kennel.py::test_held: a session with objects*"])


@pytest.mark.parametrize("workers", ["0", "2"])
def test_workers_of_xdist_grow_too(kennel: Project, workers: str) -> None:
    kennel.write(
        "test_kennel.py",
        "import service\nfrom conftest import one\n\n"
        "def test_toys(session):\n    session.add(one())\n    session.commit()\n"
        "    assert service.toys(session) == 1\n",
    )
    report = kennel.report(
        "--querysafe-grow", "-n", workers, apart=True, without=("-p", "no:randomly")
    )
    assert [each["label"] for each in report["findings"]] == ["Pet.toys"]
