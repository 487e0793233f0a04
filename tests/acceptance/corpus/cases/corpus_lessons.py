"""A school, asynchronous."""

from __future__ import annotations

import asyncio

import pytest_asyncio
from sqlalchemy import ForeignKey, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncAttrs, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload


class Base(AsyncAttrs, DeclarativeBase):
    pass


class School(Base):
    __tablename__ = "school"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    classes: Mapped[list[Klass]] = relationship(back_populates="school")


class Klass(Base):
    __tablename__ = "klass"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    school_id: Mapped[int] = mapped_column(ForeignKey("school.id"))
    school: Mapped[School] = relationship(back_populates="classes")
    pupils: Mapped[list[Pupil]] = relationship(back_populates="klass")


class Pupil(Base):
    __tablename__ = "pupil"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    klass_id: Mapped[int] = mapped_column(ForeignKey("klass.id"))
    klass: Mapped[Klass] = relationship(back_populates="pupils")
    grades: Mapped[list[Grade]] = relationship()


class Grade(Base):
    __tablename__ = "grade"
    id: Mapped[int] = mapped_column(primary_key=True)
    pupil_id: Mapped[int] = mapped_column(ForeignKey("pupil.id"))
    mark: Mapped[int]


@pytest_asyncio.fixture()
async def sessions(tmp_path):
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/school.db")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    factory = async_sessionmaker(engine, expire_on_commit=False)
    async with factory() as session:
        for s in range(2):
            school = School(name=f"s{s}")
            for k in range(2):
                klass = Klass(name=f"k{s}{k}", school=school)
                for p in range(3):
                    klass.pupils.append(
                        Pupil(name=f"p{s}{k}{p}", grades=[Grade(mark=p), Grade(mark=2)])
                    )
            session.add(school)
        await session.commit()
    yield factory
    await engine.dispose()


async def test_lessons_awaitable_attrs(sessions):  # bad
    async with sessions() as session:
        classes = (await session.scalars(select(Klass))).all()  # parent:
        names = []
        for klass in classes:
            names += [
                p.name for p in await klass.awaitable_attrs.pupils
            ]  # expect: QS101 Klass.pupils
        assert len(names) == 12


async def test_lessons_awaitable_attrs_nested(sessions):  # bad
    async with sessions() as session:
        result = await session.execute(  # parent:
            select(Klass).options(selectinload(Klass.pupils)).where(Klass.name.like("k%"))
        )
        total = 0
        for klass in result.scalars():
            for pupil in klass.pupils:
                total += sum(
                    g.mark for g in await pupil.awaitable_attrs.grades
                )  # expect: QS101 Pupil.grades
        assert total == 36


async def test_lessons_run_sync_report(sessions):  # bad
    def report(session):
        lines = []
        for klass in session.scalars(select(Klass)):  # parent:
            lines.append((klass.name, len(klass.pupils)))  # expect: QS101 Klass.pupils
        return lines

    async with sessions() as session:
        assert len(await session.run_sync(report)) == 4


async def test_lessons_async_get_in_loop(sessions):  # bad
    async with sessions() as session:
        names = []
        for pk in range(1, 5):
            pupil = await session.get(Pupil, pk)  # expect: QS103|QS104
            names.append(pupil.name)
        assert len(names) == 4


async def test_lessons_async_scalar_in_comprehension(sessions):  # bad
    async with sessions() as session:
        pupils = (await session.scalars(select(Pupil))).all()  # parent:
        best = {
            p.name: await session.scalar(
                select(func.max(Grade.mark)).where(Grade.pupil_id == p.id)
            )  # expect: QS103|QS104
            for p in pupils
        }
        assert best["p002"] == 2


async def test_lessons_gather_of_sessions(sessions):  # bad
    async def pupils_of(klass_id: int) -> list[str]:
        async with sessions() as session:
            rows = await session.scalars(
                select(Pupil.name).where(Pupil.klass_id == klass_id)
            )  # expect: QS103|QS104
            return list(rows)

    everybody = await asyncio.gather(*(pupils_of(k) for k in (1, 2, 3, 4)))
    assert sum(map(len, everybody)) == 12


async def test_lessons_task_group(sessions):  # bad
    async def count(pupil_id: int) -> int:
        async with sessions() as session:
            return await session.scalar(  # expect: QS103|QS104
                select(func.count()).select_from(Grade).where(Grade.pupil_id == pupil_id)
            )

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(count(p)) for p in range(1, 6)]
    assert [t.result() for t in tasks] == [2] * 5


async def test_lessons_async_stream(sessions):  # bad
    async with sessions() as session:
        seen = 0
        async for klass in await session.stream_scalars(select(Klass)):  # parent:
            school = await klass.awaitable_attrs.school  # expect: QS101 Klass.school
            seen += school is not None
        assert seen == 4


async def test_lessons_async_refresh_attribute_names(sessions):  # bad
    async with sessions() as session:
        pupils = list(await session.scalars(select(Pupil)))  # parent:
        for pupil in pupils:
            await session.refresh(pupil, ["grades"])  # expect: QS101|QS105|QS201|QS103
        assert sum(len(p.grades) for p in pupils) == 24


async def test_lessons_async_refresh_after_commit(sessions):  # bad
    async with sessions() as session:
        pupils = list(await session.scalars(select(Pupil)))  # parent:
        for pupil in pupils:
            pupil.name = pupil.name.upper()
        await session.commit()
        for pupil in pupils:
            await session.refresh(pupil)  # expect: QS102|QS103


async def test_lessons_async_insert_loop(sessions):  # bad
    async with sessions() as session:
        for mark in (1, 2, 3):
            await session.execute(insert(Grade).values(pupil_id=1, mark=mark))  # expect: QS106
        await session.commit()


async def test_lessons_async_commit_loop(sessions):  # bad
    async with sessions() as session:
        for i in range(4):
            session.add(Pupil(name=f"new{i}", klass_id=1))
            await session.commit()  # expect: QS106


async def test_lessons_async_update_loop(sessions):  # bad
    async with sessions() as session:
        for pk in (1, 2, 3):
            await session.execute(
                update(Pupil).where(Pupil.id == pk).values(klass_id=2)
            )  # expect: QS106
        await session.commit()


async def test_lessons_async_generator_service(sessions):  # bad
    async def classes(session: AsyncSession):
        for klass in await session.scalars(select(Klass).order_by(Klass.name)):  # parent:
            pupils = await session.scalars(
                select(Pupil).where(Pupil.klass_id == klass.id)
            )  # expect: QS103|QS104
            yield klass, pupils.all()

    async with sessions() as session:
        sizes = [len(pupils) async for _, pupils in classes(session)]
    assert sizes == [3] * 4


async def test_lessons_async_connection_core(sessions):  # bad
    async with sessions() as session:
        connection = await session.connection()
        names = []
        for pk in (1, 2, 3):
            row = (
                await connection.execute(
                    select(School.__table__).where(School.__table__.c.id == pk)
                )
            ).first()  # expect: QS103|QS104
            names.append(row)
        assert names[2] is None


async def test_lessons_async_top_grade(sessions):  # bad
    async with sessions() as session:
        pupils = (await session.scalars(select(Pupil).order_by(Pupil.id))).all()  # parent:
        tops = []
        for pupil in pupils:
            stmt = (
                select(Grade).where(Grade.pupil_id == pupil.id).order_by(Grade.mark.desc()).limit(1)
            )
            grade = (await session.execute(stmt)).scalars().first()  # expect: QS104|QS103
            tops.append(grade.mark)
        assert max(tops) == 2
