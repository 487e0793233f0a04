"""What the clinic's application does: repositories, services, jobs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any, Generic, TypeVar

from sqlalchemy import exists, func, insert, select, text, update
from sqlalchemy.orm import Session, joinedload, selectinload

from clinic.models import (
    Contact,
    Diagnosis,
    Doctor,
    Drug,
    Invoice,
    Note,
    Patient,
    Prescription,
    Visit,
    Ward,
    invoices,
)

T = TypeVar("T")


class Repository(Generic[T]):
    """The generic one that every second project has."""

    model: type[T]

    def __init__(self, session: Session) -> None:
        self.session = session

    def all(self) -> list[T]:
        query = select(self.model)
        return list(
            self.session.scalars(query)
        )  # parent[clinic_repository_get, clinic_serializer]:

    def by_id(self, key: Any) -> T | None:
        return self.session.get(self.model, key)  # expect[clinic_repository_get]: QS103

    def filter_by(self, **criteria: Any) -> list[T]:
        return self.session.query(self.model).filter_by(**criteria).all()

    def exists(self, **criteria: Any) -> bool:
        return self.session.query(self.model).filter_by(**criteria).count() > 0

    def save(self, entity: T) -> T:
        self.session.add(entity)
        self.session.commit()
        return entity


class Patients(Repository[Patient]):
    model = Patient


class Visits(Repository[Visit]):
    model = Visit


class Doctors(Repository[Doctor]):
    model = Doctor


class Drugs(Repository[Drug]):
    model = Drug


def doctors_of_visits(session: Session) -> list[str]:
    doctors = Doctors(session)
    names = []
    for visit in Visits(session).all():
        doctor = doctors.by_id(visit.doctor_id)
        names.append(doctor.name)
    return names


def phones(session: Session) -> dict[str, list[str]]:
    book = {}
    for key, name in session.query(Patient.id, Patient.name).all():
        rows = (
            session.query(Contact).filter(Contact.patient_id == key).all()
        )  # expect[clinic_phones]: QS103
        book[name] = [row.phone for row in rows]
    return book


class PatientSerializer:
    fields = ("id", "name", "contacts")

    def __init__(self, instance: Patient) -> None:
        self.instance = instance

    def get_contacts(self) -> list[str]:
        return [
            each.phone for each in self.instance.contacts
        ]  # expect[clinic_serializer]: QS101 Patient.contacts

    @property
    def data(self) -> dict[str, Any]:
        return {
            name: getattr(self, f"get_{name}", lambda name=name: getattr(self.instance, name))()
            for name in self.fields
        }


def export(session: Session) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    for invoice in session.query(Invoice).order_by(Invoice.id):  # parent[clinic_imperative]:
        writer.writerow(
            (invoice.cents, invoice.visit.day)
        )  # expect[clinic_imperative]: QS101 Invoice.visit
    return out.getvalue()


def walk(ward: Ward, depth: int = 0) -> Iterator[tuple[int, str]]:
    yield depth, ward.name
    for below in ward.below:  # expect[clinic_tree]: QS101 Ward.below
        yield from walk(below, depth + 1)


def ancestors(ward: Ward) -> list[str]:
    names = []
    while ward is not None:
        names.append(ward.name)
        ward = ward.above  # expect[clinic_ancestors]: QS101 Ward.above
    return names


def register(session: Session, names: Iterable[str]) -> None:
    for name in names:
        patient = Patient(name=name)
        session.add(patient)
        session.commit()  # expect[clinic_commit_each]: QS106


def import_drugs(session: Session, rows: Iterable[dict[str, Any]]) -> int:
    made = 0
    for row in rows:
        drug = (
            session.query(Drug).filter(Drug.name == row["name"]).first()
        )  # expect[clinic_get_or_create]: QS103|QS104
        if drug is None:
            session.add(Drug(**row))
            made += 1
    session.commit()
    return made


def merge_all(session: Session, rows: Iterable[dict[str, Any]]) -> None:
    for row in rows:
        session.merge(Drug(**row))  # expect[clinic_merge]: QS103
    session.commit()


def upsert_by_count(session: Session, codes: list[str]) -> list[str]:
    missing = []
    for code in codes:
        known = session.scalar(
            select(func.count()).select_from(Diagnosis).where(Diagnosis.code == code)
        )  # expect[clinic_exists_by_count]: QS103
        if not known:
            missing.append(code)
    return missing


def first_visits(session: Session) -> dict[str, Any]:
    return {
        patient.name: session.query(Visit)
        .filter_by(patient_id=patient.id)
        .order_by(Visit.day)
        .first()
        .day  # expect[clinic_first_visits]: QS104
        for patient in session.query(Patient)
    }


def settle(session: Session) -> None:
    for visit in session.scalars(select(Visit)):
        session.execute(
            update(Visit).where(Visit.id == visit.id).values(paid=True)
        )  # expect[clinic_update_each]: QS106
    session.commit()


def bill(session: Session) -> None:
    for visit in session.scalars(select(Visit)).all():
        session.execute(
            insert(invoices).values(visit_id=visit.id, cents=5)
        )  # expect[clinic_insert_each]: QS106


def forget(session: Session) -> None:
    for note in session.scalars(select(Note)).all():
        session.delete(note)
        session.flush()  # expect[clinic_delete_each]: QS106


def statement_totals(session: Session) -> list[int]:
    totals = []
    keys = [row[0] for row in session.execute(text("SELECT id FROM visits"))]
    for key in keys:
        sql = f"SELECT sum(cents) FROM invoices WHERE visit_id = {key}"
        totals.append(session.execute(text(sql)).scalar())  # expect[clinic_literals]: QS103
    return totals


def top_of_all(session: Session) -> list[tuple[str, int]]:
    result = []
    for drug in session.scalars(select(Drug)).all():
        most = session.scalar(
            select(func.max(Prescription.daily))
        )  # expect[clinic_invariant]: QS105
        result.append((drug.name, most))
    return result


def everything(session: Session) -> list[Patient]:
    query = select(Patient).options(joinedload(Patient.contacts), joinedload(Patient.visits))
    return session.scalars(query).unique().all()  # expect[clinic_cartesian]: QS203


def chunked(session: Session, keys: list[int], size: int) -> list[Drug]:
    found: list[Drug] = []
    for start in range(0, len(keys), size):
        found += session.scalars(select(Drug).where(Drug.id.in_(keys[start : start + size]))).all()
    return found


def pages(session: Session, size: int) -> Iterator[list[Visit]]:
    page = 0
    while True:
        found = session.query(Visit).order_by(Visit.id).limit(size).offset(page * size).all()
        if not found:
            return
        yield found
        page += 1


def keyset(session: Session, size: int) -> Iterator[Visit]:
    after = 0
    while found := session.scalars(
        select(Visit).where(Visit.id > after).order_by(Visit.id).limit(size)
    ).all():
        yield from found
        after = found[-1].id


def latest_of_each(session: Session) -> list[Visit]:
    rank = (
        func.row_number()
        .over(partition_by=Visit.patient_id, order_by=Visit.day.desc())
        .label("rank")
    )
    numbered = select(Visit.id, rank).subquery()
    query = select(Visit).join(numbered, numbered.c.id == Visit.id).where(numbered.c.rank == 1)
    return list(session.scalars(query))


def dashboard(session: Session) -> dict[str, Any]:
    return {
        "patients": session.scalar(select(func.count()).select_from(Patient)),
        "visits": session.scalar(select(func.count()).select_from(Visit)),
        "drugs": session.scalar(select(func.count()).select_from(Drug)),
        "unpaid": session.scalar(select(func.count()).select_from(Visit).where(~Visit.paid)),
        "anyone": session.scalar(select(exists().where(Patient.id > 0))),
    }


def cured(session: Session) -> list[tuple[str, list[str]]]:
    query = select(Visit).options(
        selectinload(Visit.prescriptions).joinedload(Prescription.drug), joinedload(Visit.patient)
    )
    return [
        (visit.patient.name, [each.drug.name for each in visit.prescriptions])
        for visit in session.scalars(query)
    ]
