"""The clinic behind its web front, asynchronous, on PostgreSQL."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import httpx
import jinja2
import pytest
import pytest_asyncio
import strawberry
from clinic import data
from clinic.models import (
    Contact,
    Doctor,
    Drug,
    Note,
    Patient,
    Person,
    Prescription,
    Visit,
    Ward,
    metadata,
)
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel, ConfigDict, Field, computed_field
from sqlalchemy import create_engine, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, selectin_polymorphic, selectinload, sessionmaker
from sqlalchemy.pool import NullPool
from strawberry.dataloader import DataLoader


@pytest.fixture(scope="module")
def clinic_url(querysafe_postgres_server: Any) -> Iterator[str]:
    database = querysafe_postgres_server.create_database("clinic")
    engine = create_engine(database.url)
    metadata.create_all(engine)
    with Session(engine) as session:
        data.seed(session)
    engine.dispose()
    yield database.url
    querysafe_postgres_server.drop_database("clinic")


@pytest_asyncio.fixture(params=["asyncpg", "psycopg"])
async def amaker(clinic_url: str, request: Any) -> AsyncIterator[async_sessionmaker[AsyncSession]]:
    url = clinic_url.replace("+psycopg", f"+{request.param}")
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection:
        outer = await connection.begin()
        yield async_sessionmaker(
            connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
        )
        await outer.rollback()
    await engine.dispose()


@pytest.fixture
def smaker(clinic_url: str) -> Iterator[sessionmaker[Session]]:
    engine = create_engine(clinic_url)
    yield sessionmaker(engine)
    engine.dispose()


async def test_aclinic_refresh_of_a_relation(amaker):  # bad
    async with amaker() as session:
        for patient in await session.scalars(select(Patient)):
            await session.refresh(patient, ["contacts"])  # expect: QS101|QS102
            assert len(patient.contacts) == 2


async def test_aclinic_run_sync(amaker):  # bad
    def describe(session: Session) -> list[str]:
        visits = session.scalars(select(Visit)).all()  # parent:
        return [visit.doctor.name for visit in visits]  # expect: QS101 Visit.doctor

    async with amaker() as session:
        assert len(await session.run_sync(describe)) == 8


async def test_aclinic_get(amaker):  # bad
    async with amaker() as session:
        keys = (await session.scalars(select(Prescription.drug_id).distinct())).all()
        drugs = [await session.get(Drug, key) for key in keys]  # expect: QS103
        assert len(drugs) == 4


async def test_aclinic_gather(amaker, clinic_url):  # bad
    engine = create_async_engine(clinic_url.replace("+psycopg", "+asyncpg"), poolclass=NullPool)
    maker = async_sessionmaker(engine)

    async def phones(key: int) -> list[str]:
        async with maker() as session:
            found = await session.scalars(
                select(Contact.phone).where(Contact.patient_id == key)
            )  # expect: QS103
            return list(found)

    async with maker() as session:
        keys = (await session.scalars(select(Patient.id))).all()
    found = await asyncio.gather(*(phones(key) for key in keys))
    await engine.dispose()
    assert [len(each) for each in found] == [2, 2, 2, 2]


async def test_aclinic_task_group(clinic_url):  # bad
    engine = create_async_engine(clinic_url.replace("+psycopg", "+asyncpg"), poolclass=NullPool)
    counts: dict[int, int] = {}

    async def count(key: int) -> None:
        async with engine.connect() as connection:
            query = text("SELECT count(*) FROM visits WHERE patient_id = :key")
            counts[key] = (
                await connection.execute(query, {"key": key})
            ).scalar_one()  # expect: QS103

    async with engine.connect() as connection:
        keys = (await connection.execute(text("SELECT id FROM patients"))).scalars().all()
    async with anyio.create_task_group() as group:
        for key in keys:
            group.start_soon(count, key)
    await engine.dispose()
    assert set(counts.values()) == {2}


async def test_aclinic_commit_each(amaker):  # bad
    async def rename(session: AsyncSession) -> None:
        for drug in (await session.scalars(select(Drug))).all():
            drug.name = drug.name.upper()
            await session.commit()  # expect: QS106
            await session.refresh(drug)
        # allow: QS102

    async with amaker() as session:
        await rename(session)


async def test_aclinic_insert_each(amaker):  # bad
    async def add(session: AsyncSession, bodies: list[str]) -> None:
        for body in bodies:
            await session.execute(insert(Note).values(patient_id=1, body=body))  # expect: QS106
        await session.commit()

    async with amaker() as session:
        await add(session, ["a", "b", "c"])


async def test_aclinic_stream_then_ask(amaker):  # bad
    async with amaker() as session:
        total = 0
        rows = await session.execute(select(Visit.id))
        for (key,) in rows.all():
            query = (
                select(func.count()).select_from(Prescription).where(Prescription.visit_id == key)
            )
            total += await session.scalar(query)  # expect: QS103
        assert total == 8


async def test_aclinic_polymorphic(amaker):  # bad
    def licences(session: Session) -> list[str]:
        people = session.scalars(select(Person).order_by(Person.id)).all()
        return [each.licence for each in people if each.kind == "doctor"]  # expect: QS102

    async with amaker() as session:
        assert len(await session.run_sync(licences)) == 3
    # cure-contains: selectin_polymorphic or with_polymorphic


async def test_aclinic_len_of_rows(amaker):  # bad
    async def unpaid(session: AsyncSession) -> int:
        rows = await session.execute(select(Visit).where(Visit.paid.is_(False)))  # expect: QS204
        return len(rows.scalars().all())

    async with amaker() as session:
        assert await unpaid(session) == 8


async def test_aclinic_exists_each(amaker):  # bad
    async def known(session: AsyncSession, name: str) -> bool:
        return await session.scalar(
            select(select(Drug.id).where(Drug.name == name).exists())
        )  # expect: QS103

    async with amaker() as session:
        found = [name for name in ("drug 0", "drug 1", "none") if await known(session, name)]
        assert found == ["drug 0", "drug 1"]


async def test_aclinic_fine_options(amaker):  # good
    async with amaker() as session:
        query = select(Patient).options(selectinload(Patient.visits).joinedload(Visit.doctor))
        shown = [
            (each.name, [v.doctor.name for v in each.visits])
            for each in await session.scalars(query)
        ]
        assert len(shown) == 4


async def test_aclinic_fine_stream(amaker):  # good
    async with amaker() as session:
        result = await session.stream_scalars(select(Visit).execution_options(yield_per=2))
        assert len([visit.id async for visit in result]) == 8


async def test_aclinic_fine_polymorphic(amaker):  # good
    async with amaker() as session:
        query = select(Person).options(selectin_polymorphic(Person, [Doctor]))
        assert [p.licence for p in await session.scalars(query) if isinstance(p, Doctor)]


async def test_aclinic_fine_different_gathered(clinic_url):  # good
    engine = create_async_engine(clinic_url.replace("+psycopg", "+asyncpg"), poolclass=NullPool)

    async def count(model: Any) -> int:
        async with engine.connect() as connection:
            return await connection.scalar(select(func.count()).select_from(model))

    counts = await asyncio.gather(count(Patient), count(Visit), count(Drug), count(Ward))
    await engine.dispose()
    assert counts == [4, 8, 4, 10]


async def test_aclinic_fine_executemany(amaker):  # good
    async with amaker() as session:
        await session.execute(insert(Note), [{"patient_id": 1, "body": f"n{n}"} for n in range(50)])
        await session.execute(update(Drug), [{"id": n, "name": f"d{n}"} for n in range(1, 5)])
        await session.execute(delete(Note).where(Note.patient_id == 2))
        await session.commit()


async def test_aclinic_fine_poll(clinic_url):  # good
    engine = create_async_engine(clinic_url.replace("+psycopg", "+asyncpg"), poolclass=NullPool)
    maker = async_sessionmaker(engine)

    async def is_paid() -> bool:
        async with maker() as session:
            return bool(await session.scalar(select(Visit.paid).where(Visit.id == 1)))

    with anyio.move_on_after(0.2):
        while not await is_paid():
            await anyio.sleep(0.02)
    await engine.dispose()


# --- FastAPI


class ContactOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    phone: str


class PatientOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    name: str
    contacts: list[ContactOut]


class VisitOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    day: dt.date


class Summary(BaseModel):
    model_config = ConfigDict(from_attributes=True, arbitrary_types_allowed=True)
    raw: Any = Field(exclude=True)

    @computed_field
    @property
    def drugs(self) -> list[str]:
        return [
            each.drug.name for each in self.raw.prescriptions
        ]  # expect[aclinic_computed_field]: QS101 Visit.prescriptions


@pytest.fixture
def web(smaker) -> Iterator[TestClient]:
    api = FastAPI()

    def session() -> Iterator[Session]:
        with smaker() as session:
            yield session

    @api.get("/patients", response_model=list[PatientOut])
    def patients(
        db: Session = Depends(session),
    ) -> Any:  # expect[aclinic_response_model]: QS101 Patient.contacts
        return db.scalars(
            select(Patient).order_by(Patient.id)
        ).all()  # parent[aclinic_response_model]:

    @api.get("/patients-at-once", response_model=list[PatientOut])
    def patients_at_once(db: Session = Depends(session)) -> Any:
        return db.scalars(select(Patient).options(selectinload(Patient.contacts))).all()

    @api.get("/patients/{key}", response_model=PatientOut)
    def patient(key: int, db: Session = Depends(session)) -> Any:
        return db.get(Patient, key)

    @api.get("/summaries")
    def summaries(db: Session = Depends(session)) -> list[Summary]:
        visits = db.scalars(select(Visit)).all()  # parent[aclinic_computed_field]:
        return [Summary(raw=visit) for visit in visits]

    @api.post("/visits/{key}/pay", response_model=VisitOut)
    def pay(key: int, db: Session = Depends(session)) -> Any:
        visit = db.get(Visit, key)
        visit.paid = True
        db.flush()
        return visit

    with TestClient(api) as client:
        yield client


def test_aclinic_response_model(web):  # bad
    response = web.get("/patients")
    assert [len(each["contacts"]) for each in response.json()] == [2, 2, 2, 2]
    # cure-contains: selectinload(Patient.contacts)


def test_aclinic_fine_response_model(web):  # good
    assert len(web.get("/patients-at-once").json()) == 4


def test_aclinic_fine_requests_one_by_one(web):  # good
    for key in range(1, 5):
        assert web.get(f"/patients/{key}").json()["name"] == f"patient {key - 1}"


def test_aclinic_fine_two_clients(web, smaker):  # good
    assert web.get("/patients/1").status_code == 200
    other = TestClient(web.app)
    assert other.get("/patients/1").json() == web.get("/patients/1").json()
    assert web.post("/visits/1/pay").status_code == 200
    assert other.post("/visits/2/pay").status_code == 200
    assert web.post("/visits/3/pay").status_code == 200


# --- GraphQL


@strawberry.type
class VisitNode:
    id: int
    row: strawberry.Private[Any]

    @strawberry.field
    def patient(self) -> str:
        return self.row.patient.name  # expect[aclinic_graphql]: QS101 Visit.patient


@strawberry.type
class DrugNode:
    key: strawberry.Private[int]

    @strawberry.field
    async def uses(self, info: strawberry.Info) -> int:
        return await info.context["uses"].load(self.key)

    @strawberry.field
    async def name(self, info: strawberry.Info) -> str:
        async with info.context["maker"]() as session:
            return await session.scalar(
                select(Drug.name).where(Drug.id == self.key)
            )  # expect[aclinic_graphql_async]: QS103


@strawberry.type
class Query:
    @strawberry.field
    def visits(self, info: strawberry.Info) -> list[VisitNode]:
        rows = info.context["session"].scalars(select(Visit)).all()  # parent[aclinic_graphql]:
        return [VisitNode(id=row.id, row=row) for row in rows]

    @strawberry.field
    async def drugs(self, info: strawberry.Info) -> list[DrugNode]:
        async with info.context["maker"]() as session:
            return [DrugNode(key=key) for key in await session.scalars(select(Drug.id))]


SCHEMA = strawberry.Schema(Query)


def test_aclinic_graphql(smaker):  # bad
    with smaker() as session:
        done = SCHEMA.execute_sync("{ visits { id patient } }", context_value={"session": session})
    assert done.errors is None


async def graph(url: str, query: str) -> Any:
    engine = create_async_engine(url.replace("+psycopg", "+asyncpg"), poolclass=NullPool)
    maker = async_sessionmaker(engine)

    async def uses(keys: list[int]) -> list[int]:
        async with maker() as session:
            found = await session.execute(
                select(Prescription.drug_id, func.count())
                .where(Prescription.drug_id.in_(keys))
                .group_by(Prescription.drug_id)
            )
            counts = dict(found.tuples().all())
        return [counts.get(key, 0) for key in keys]

    context = {"maker": maker, "uses": DataLoader(uses)}
    done = await SCHEMA.execute(query, context_value=context)
    await engine.dispose()
    assert done.errors is None
    return done.data


async def test_aclinic_graphql_async(clinic_url):  # bad
    assert len((await graph(clinic_url, "{ drugs { name } }"))["drugs"]) == 4


async def test_aclinic_fine_dataloader(clinic_url):  # good
    found = await graph(clinic_url, "{ drugs { uses } }")
    assert [each["uses"] for each in found["drugs"]] == [2, 2, 2, 2]


def test_aclinic_computed_field(web):  # bad
    assert web.get("/summaries").status_code == 200
    # allow: QS101


# --- templates


def test_aclinic_jinja_filter(smaker):  # bad
    page = jinja2.Environment(autoescape=True).from_string(
        "{% for visit in visits %}{{ visit.prescriptions | map(attribute='daily') | sum }};{% endfor %}"
    )
    with smaker() as session:
        visits = session.scalars(select(Visit)).all()  # parent:
        shown = page.render(visits=visits)  # expect: QS101 Visit.prescriptions
    assert shown.count(";") == 8


async def test_aclinic_httpx_many(smaker):  # good
    api = FastAPI()

    @api.get("/drugs/{key}")
    def drug(key: int) -> str:
        with smaker() as session:
            return session.scalars(select(Drug.name).where(Drug.id == key)).one()

    transport = httpx.ASGITransport(api)
    async with httpx.AsyncClient(transport=transport, base_url="http://clinic") as client:
        answers = await asyncio.gather(*(client.get(f"/drugs/{key}") for key in (1, 2, 3)))
    assert {each.status_code for each in answers} == {200}
