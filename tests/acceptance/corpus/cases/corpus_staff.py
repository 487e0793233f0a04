"""Human resources: inheritance in three kinds, self reference, association objects."""

from __future__ import annotations

import pytest
from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
from sqlalchemy.ext.declarative import ConcreteBase
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    aliased,
    mapped_column,
    relationship,
    selectinload,
    with_polymorphic,
)


class Base(DeclarativeBase):
    pass


class Person(Base):
    """Joined inheritance."""

    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    company_id: Mapped[int | None] = mapped_column(ForeignKey("company.id"))
    company: Mapped[Company | None] = relationship(back_populates="people")
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "person"}


class Engineer(Person):
    __tablename__ = "engineer"
    id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    language: Mapped[str | None]
    laptops: Mapped[list[Laptop]] = relationship(back_populates="owner")
    __mapper_args__ = {"polymorphic_identity": "engineer"}


class Manager(Person):
    __tablename__ = "manager"
    id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    budget: Mapped[int | None]
    __mapper_args__ = {"polymorphic_identity": "manager"}


class Laptop(Base):
    __tablename__ = "laptop"
    id: Mapped[int] = mapped_column(primary_key=True)
    serial: Mapped[str]
    owner_id: Mapped[int] = mapped_column(ForeignKey("engineer.id"))
    owner: Mapped[Engineer] = relationship(back_populates="laptops")


class Company(Base):
    __tablename__ = "company"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    people: Mapped[list[Person]] = relationship(back_populates="company")


class Vehicle(Base):
    """Single table inheritance."""

    __tablename__ = "vehicle"
    id: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[str]
    plate: Mapped[str]
    driver_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    driver: Mapped[Person | None] = relationship()
    __mapper_args__ = {"polymorphic_on": "type", "polymorphic_identity": "vehicle"}


class Truck(Vehicle):
    load: Mapped[int | None]
    trips: Mapped[list[Trip]] = relationship()
    __mapper_args__ = {"polymorphic_identity": "truck"}


class Trip(Base):
    __tablename__ = "trip"
    id: Mapped[int] = mapped_column(primary_key=True)
    truck_id: Mapped[int] = mapped_column(ForeignKey("vehicle.id"))


class Contract(ConcreteBase, Base):
    __tablename__ = "contract"
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    person: Mapped[Person] = relationship()
    __mapper_args__ = {"polymorphic_identity": "contract", "concrete": True}


class Freelance(Contract):
    __tablename__ = "freelance"
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    rate: Mapped[int]
    person: Mapped[Person] = relationship()
    __mapper_args__ = {"polymorphic_identity": "freelance", "concrete": True}


class Department(Base):
    __tablename__ = "department"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    boss_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    boss: Mapped[Department | None] = relationship(remote_side=[id], back_populates="teams")
    teams: Mapped[list[Department]] = relationship(back_populates="boss")
    memberships: Mapped[list[Membership]] = relationship(back_populates="department")
    member_names: AssociationProxy[list[str]] = association_proxy("memberships", "person_name")

    @hybrid_property
    def size(self) -> int:
        return len(self.memberships)  # expect[staff_hybrid_size]: QS101 Department.memberships

    @property
    def path(self) -> str:
        if self.boss is None:  # expect[staff_path_up_the_tree]: QS101 Department.boss
            return self.title
        return self.boss.path + "/" + self.title


class Membership(Base):
    __tablename__ = "membership"
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    role: Mapped[str] = mapped_column(default="member")
    department: Mapped[Department] = relationship(back_populates="memberships")
    person: Mapped[Person] = relationship()

    @property
    def person_name(self) -> str:
        return self.person.name  # expect[staff_association_proxy_names]: QS101 Membership.person


@pytest.fixture()
def session(engine):
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        for c in range(3):
            company = Company(name=f"c{c}")
            for i in range(2):
                engineer = Engineer(name=f"e{c}{i}", language="python", company=company)
                engineer.laptops = [Laptop(serial=f"{c}{i}{j}") for j in range(2)]
                session.add(engineer)
            session.add(Manager(name=f"m{c}", budget=10, company=company))
        session.flush()
        people = session.scalars(select(Person).order_by(Person.id)).all()
        top = Department(title="top")
        for d in range(3):
            department = Department(title=f"d{d}", boss=top)
            department.memberships = [Membership(person=p) for p in people[d : d + 2]]
            session.add(department)
        for i, p in enumerate(people[:3]):
            session.add(Vehicle(plate=f"v{i}", driver=p))
            truck = Truck(plate=f"t{i}", driver=p, load=4)
            truck.trips = [Trip(), Trip()]
            session.add(truck)
            session.add(Contract(id=i + 1, person_id=p.id))
            session.add(Freelance(id=i + 10, person_id=p.id, rate=3))
        session.commit()
    with Session(engine) as session:
        yield session


def test_staff_subclass_columns_of_polymorphic_base(session):  # bad
    people = session.scalars(select(Person).order_by(Person.name)).all()  # parent:
    languages = []
    for person in people:
        if isinstance(person, Engineer):
            languages.append(person.language)  # expect: QS102|QS101
    assert languages == ["python"] * 6


def test_staff_subclass_relationship_of_polymorphic_base(session):  # bad
    people = session.scalars(select(Person).options(selectinload(Person.company))).all()  # parent:
    serials = []
    for person in people:
        if isinstance(person, Engineer):
            serials.extend(each.serial for each in person.laptops)  # expect: QS101 Engineer.laptops
    assert len(serials) == 12  # allow: QS202


def test_staff_subclass_relationship_with_polymorphic(session):  # bad
    staff = with_polymorphic(Person, [Engineer, Manager])
    people = session.scalars(select(staff)).all()  # parent:
    n = sum(
        len(p.laptops) for p in people if isinstance(p, Engineer)
    )  # expect: QS101 Engineer.laptops
    assert n == 12


def test_staff_subclass_relationship_below_collection(session):  # bad
    companies = session.scalars(
        select(Company).options(selectinload(Company.people))
    ).all()  # parent:
    serials = 0
    for company in companies:
        for person in company.people:
            if person.kind == "engineer":
                serials += len(person.laptops)  # expect: QS101 Engineer.laptops
    assert serials == 12


def test_staff_subclass_columns_below_collection(session):  # bad
    companies = session.scalars(
        select(Company).options(selectinload(Company.people))
    ).all()  # parent:
    total = 0
    for company in companies:
        for person in company.people:
            if isinstance(person, Manager):
                total += person.budget  # expect: QS102|QS101
    assert total == 30


def test_staff_base_relationship_of_subclass_query(session):  # bad
    engineers = session.scalars(select(Engineer)).all()  # parent:
    assert {e.company.name for e in engineers} == {"c0", "c1", "c2"}  # expect: QS101 Person.company


def test_staff_single_table_subclass_relationship(session):  # bad
    vehicles = session.scalars(select(Vehicle)).all()  # parent:
    trips = 0
    for vehicle in vehicles:
        if isinstance(vehicle, Truck):
            trips += len(vehicle.trips)  # expect: QS101 Truck.trips
    assert trips == 6


def test_staff_single_table_subclass_columns(session):  # bad
    vehicles = session.scalars(select(Vehicle).where(Vehicle.plate.like("t%"))).all()  # parent:
    assert [v.load for v in vehicles] == [4, 4, 4]  # expect: QS102|QS101


def test_staff_concrete_relationship(session):  # bad
    contracts = session.scalars(select(Freelance)).all()  # parent:
    assert [c.person.name for c in contracts]  # expect: QS101 Freelance.person


def test_staff_association_proxy_names(session):  # bad
    departments = session.scalars(  # parent:
        select(Department).options(selectinload(Department.memberships))
    ).all()
    names = {d.title: list(d.member_names) for d in departments}
    assert len(names["d0"]) == 2


def test_staff_association_proxy_first_hop(session):  # bad
    departments = session.scalars(
        select(Department).where(Department.title != "top")
    ).all()  # parent:
    names = [len(d.member_names) for d in departments]  # expect: QS101 Department.memberships
    assert names == [2, 2, 2]


def test_staff_hybrid_size(session):  # bad
    departments = session.scalars(select(Department)).all()  # parent:
    big = [d for d in departments if d.size > 1]
    assert len(big) == 3


def test_staff_path_up_the_tree(session):  # bad
    for i, d in enumerate(session.scalars(select(Department).where(Department.title != "top"))):
        d.boss_id = None
        session.add(Department(title=f"sub{i}", boss_id=d.id))
    session.commit()
    session.expunge_all()
    subs = session.scalars(select(Department).where(Department.title.like("sub%"))).all()  # parent:
    assert {d.path for d in subs} == {"d0/sub0", "d1/sub1", "d2/sub2"}


def test_staff_aliased_parent(session):  # bad
    boss = aliased(Department, name="boss")
    departments = session.scalars(select(boss).where(boss.title != "x")).all()  # parent:
    assert sum(len(d.memberships) for d in departments) == 6  # expect: QS101 Department.memberships


def test_staff_rows_of_two_entities(session):  # bad
    rows = session.execute(select(Company, Person).join(Company.people)).all()  # parent:
    seen = [(company.name, person.name, person.kind) for company, person in rows]
    assert len(seen) == 9
    roles = []
    for company, person in rows:
        vehicles = session.scalars(
            select(Vehicle).where(Vehicle.driver_id == person.id)
        ).all()  # expect: QS103|QS104
        roles.append((company.name, len(vehicles)))
    assert len(roles) == 9
