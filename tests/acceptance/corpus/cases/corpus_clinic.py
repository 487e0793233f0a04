"""A clinic, in the manners of older code bases: repositories, ``Query``, imperative mapping."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from clinic import app, data
from clinic.models import (
    Contact,
    Diagnosis,
    Doctor,
    Drug,
    Note,
    Nurse,
    Patient,
    Person,
    Prescription,
    Visit,
    Ward,
    invoices,
    metadata,
)
from sqlalchemy import create_engine, delete, event, exists, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import (
    Session,
    aliased,
    contains_eager,
    joinedload,
    raiseload,
    selectin_polymorphic,
    selectinload,
    sessionmaker,
    undefer,
    with_polymorphic,
)
from sqlalchemy.pool import StaticPool


@pytest.fixture
def clinic_engine(tmp_path: Path):
    engine = create_engine(f"sqlite:///{tmp_path / 'clinic.db'}")
    metadata.create_all(engine)
    with Session(engine) as session:
        data.seed(session)
    yield engine
    engine.dispose()


@pytest.fixture
def clinic(clinic_engine) -> Iterator[Session]:
    with Session(clinic_engine) as session:
        yield session


@pytest.fixture
def maker(clinic_engine) -> sessionmaker[Session]:
    return sessionmaker(clinic_engine)


# --- what follows the rows


def test_clinic_repository_get(clinic):  # bad
    assert len(app.doctors_of_visits(clinic)) == 8


def test_clinic_phones(clinic):  # bad
    assert len(app.phones(clinic)) == 4


def test_clinic_serializer(clinic):  # bad
    shown = [app.PatientSerializer(each).data for each in app.Patients(clinic).all()]
    assert len(shown) == 4
    # cure-contains: selectinload(Patient.contacts)


def test_clinic_imperative(clinic):  # bad
    assert app.export(clinic).count("100") == 8
    # cure-contains: joinedload(Invoice.visit) or selectinload(Invoice.visit)


def test_clinic_tree(clinic):  # bad
    root = clinic.scalars(select(Ward).where(Ward.above_id.is_(None))).one()
    assert len(list(app.walk(root))) == 10


def test_clinic_ancestors(clinic):  # bad
    rooms = clinic.scalars(select(Ward).where(Ward.name.like("room%"))).all()
    assert {len(app.ancestors(each)) for each in rooms} == {3}


def test_clinic_commit_each(clinic):  # bad
    app.register(clinic, ["Ada", "Bob", "Cyd"])
    assert clinic.query(Patient).count() == 7


def test_clinic_get_or_create(clinic):  # bad
    rows = [{"name": f"drug {each}"} for each in range(6)]
    assert app.import_drugs(clinic, rows) == 2


def test_clinic_merge(clinic):  # bad
    app.merge_all(clinic, [{"id": each, "name": f"new {each}"} for each in (1, 2, 3)])
    assert clinic.get(Drug, 1).name == "new 1"


def test_clinic_exists_by_count(clinic):  # bad
    assert app.upsert_by_count(clinic, ["D0", "D1", "X1", "X2"]) == ["X1", "X2"]


def test_clinic_first_visits(clinic):  # bad
    assert len(app.first_visits(clinic)) == 4


def test_clinic_update_each(clinic):  # bad
    app.settle(clinic)
    assert clinic.scalar(select(func.count()).where(Visit.paid)) == 8


def test_clinic_insert_each(clinic):  # bad
    app.bill(clinic)
    assert clinic.scalar(select(func.count()).select_from(invoices)) == 16


def test_clinic_delete_each(clinic):  # bad
    app.forget(clinic)
    assert clinic.query(Note).count() == 0


def test_clinic_literals(clinic):  # bad
    assert app.statement_totals(clinic) == [100] * 8


def test_clinic_invariant(clinic):  # bad
    assert len(app.top_of_all(clinic)) == 4


def test_clinic_cartesian(clinic):  # bad
    assert len(app.everything(clinic)) == 4


def test_clinic_hybrid(clinic):  # bad
    found = clinic.query(Patient).all()  # parent:
    assert [each.unpaid for each in found] == [2, 2, 2, 2]


def test_clinic_association_proxy(clinic):  # bad
    patients = clinic.query(Patient).order_by(Patient.name).all()
    shown = {
        each.name: [doctor.name for doctor in each.doctors] for each in patients
    }  # expect: QS101 Patient.visits
    assert len(shown) == 4
    # allow: QS101


def test_clinic_subclass_columns(clinic):  # bad
    people = clinic.scalars(select(Person)).all()
    licences = [each.licence for each in people if isinstance(each, Doctor)]  # expect: QS102
    assert len(licences) == 3
    # cure-contains: selectin_polymorphic or with_polymorphic


def test_clinic_subclass_columns_of_two(clinic):  # bad
    def badge(person: Person) -> str:
        match person:
            case Doctor():
                return person.licence  # expect: QS102
            case Nurse():
                return person.shift  # expect: QS102
        return ""

    assert all(badge(each) for each in clinic.query(Person).order_by(Person.name))
    # cure-contains: selectin_polymorphic or with_polymorphic


def test_clinic_deferred(clinic):  # bad
    visits = clinic.query(Visit).filter(Visit.paid.is_(False)).all()  # parent:
    assert {each.report for each in visits} == {"all fine"}  # expect: QS102
    # cure-contains: undefer(Visit.report)


def test_clinic_refresh(clinic):  # bad
    for contact in clinic.query(Contact).all():
        clinic.refresh(contact)  # expect: QS102
        assert contact.phone


def test_clinic_expired(maker):  # bad
    session = maker()
    contacts = session.query(Contact).all()
    session.commit()
    lines = [f"{each.id}: {each.phone}" for each in contacts]  # expect: QS102
    session.close()
    assert len(lines) == 8


def test_clinic_write_only(clinic):  # bad
    texts = []
    for patient in clinic.scalars(select(Patient)):
        texts += clinic.scalars(patient.notes.select()).all()  # expect: QS103|QS101|QS104
    assert len(texts) == 4


def test_clinic_bool_of_collection(clinic):  # bad
    visits = clinic.execute(select(Visit)).scalars().all()  # parent:
    ill = [each.id for each in visits if each.diagnoses]  # expect: QS101 Visit.diagnoses
    assert len(ill) == 8


def test_clinic_sorted_key(clinic):  # bad
    visits = clinic.query(Visit).all()  # parent:
    ordered = sorted(visits, key=lambda each: each.patient.name)  # expect: QS101 Visit.patient
    assert ordered[0].patient.name == "patient 0"


def test_clinic_max_key(clinic):  # bad
    visits = clinic.query(Visit).all()  # parent:
    most = max(
        visits, key=lambda each: len(each.prescriptions)
    )  # expect: QS101 Visit.prescriptions
    assert most.id


def test_clinic_map(clinic):  # bad
    def number_of_phones(patient: Patient) -> int:
        return len(patient.contacts)  # expect: QS101 Patient.contacts

    assert sum(map(number_of_phones, clinic.query(Patient))) == 8


def test_clinic_generator_pipeline(clinic):  # bad
    visits = (visit for visit in clinic.query(Visit))  # parent:
    drugs = (
        each.drug.name for visit in visits for each in visit.prescriptions
    )  # expect: QS101 Visit.prescriptions
    # allow: QS101
    assert len(set(drugs)) == 4


def test_clinic_group_by_relation(clinic):  # bad
    by_doctor = defaultdict(list)
    for visit in clinic.scalars(select(Visit)).all():  # parent:
        by_doctor[visit.doctor.name].append(visit.id)  # expect: QS101 Visit.doctor
    assert len(by_doctor) == 3


def test_clinic_nested_parents(clinic):  # bad
    query = select(Patient).options(selectinload(Patient.visits))
    total = 0
    for patient in clinic.scalars(query):
        for visit in patient.visits:
            total += sum(
                each.daily for each in visit.prescriptions
            )  # expect: QS101 Visit.prescriptions
    assert total == 12
    # cure-contains: selectinload(Patient.visits).selectinload(Visit.prescriptions)


def test_clinic_count_by_relation(clinic):  # bad
    patients = clinic.query(Patient).all()
    assert [len(each.visits) for each in patients] == [
        each.visit_count for each in patients
    ]  # expect: QS101 Patient.visits


def test_clinic_len_of_all(clinic):  # bad
    def number_of_visits() -> int:
        return len(clinic.scalars(select(Visit)).all())  # expect: QS204

    assert number_of_visits() == 8


def test_clinic_len_of_query(clinic):  # bad
    def any_unpaid() -> bool:
        unpaid = clinic.query(Visit).filter(Visit.paid.is_(False)).all()  # expect: QS204
        return bool(unpaid)

    assert any_unpaid()


def test_clinic_connection_loop(clinic_engine):  # bad
    with clinic_engine.connect() as connection:
        rows = connection.exec_driver_sql("select id from patients").fetchall()
        phones = {}
        for (key,) in rows:
            found = connection.exec_driver_sql(
                "select phone from contacts where patient_id = ?", (key,)
            )  # expect: QS103
            phones[key] = [phone for (phone,) in found]
    assert len(phones) == 4


def test_clinic_delete_core_each(clinic_engine):  # bad
    with clinic_engine.begin() as connection:
        for number in range(1, 4):
            connection.execute(delete(Note.__table__).where(Note.id == number))  # expect: QS106
    with clinic_engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Note)) == 1


def test_clinic_session_each(maker):  # bad
    def name_of(key: int) -> str:
        with maker() as session:
            return session.get(Patient, key).name  # expect: QS103

    with maker() as session:
        keys = session.scalars(select(Patient.id)).all()
    assert len([name_of(key) for key in keys]) == 4


def test_clinic_two_services_same_question(clinic):  # bad
    def settings() -> int:
        return clinic.scalar(select(func.max(Drug.id)))  # expect: QS201

    def page() -> tuple[int, int]:
        return settings() + 1, settings() + 2

    assert page() == (5, 6)


def test_clinic_unused_eager(clinic):  # bad
    def names() -> list[str]:
        query = select(Patient).options(selectinload(Patient.contacts))
        return [each.name for each in clinic.scalars(query)]  # expect: QS202

    assert len(names()) == 4


def test_clinic_while_pop(clinic):  # bad
    queue = [clinic.scalars(select(Ward).where(Ward.name == "house")).one()]
    seen = []
    while queue:
        ward = queue.pop()
        seen.append(ward.name)
        queue.extend(
            clinic.scalars(select(Ward).where(Ward.above_id == ward.id))
        )  # expect: QS103|QS101
    assert len(seen) == 10


def test_clinic_select_from_lazy_parent(clinic):  # bad
    for patient in clinic.query(Patient).limit(2):  # parent:
        last = patient.visits[-1]  # expect: QS101 Patient.visits
        assert last.day.day == 2


def test_clinic_exists_scalar(clinic):  # bad
    def is_treated(patient: Patient) -> bool:
        return clinic.query(
            exists().where(Visit.patient_id == patient.id)
        ).scalar()  # expect: QS103

    assert all(is_treated(each) for each in clinic.query(Patient).all())


# --- what is right


def test_clinic_fine_tree_by_one_query(clinic):  # good
    by_parent = defaultdict(list)
    for ward in clinic.scalars(select(Ward)):
        by_parent[ward.above_id].append(ward.name)
    assert len(by_parent[None]) == 1


def test_clinic_fine_recursive_cte(clinic):  # good
    top = select(Ward.id, Ward.above_id).where(Ward.above_id.is_(None)).cte(recursive=True)
    tree = top.union_all(select(Ward.id, Ward.above_id).join(top, Ward.above_id == top.c.id))
    assert len(clinic.execute(select(tree.c.id)).all()) == 10


def test_clinic_fine_identity_map(clinic):  # good
    patients = {each.id: each for each in clinic.scalars(select(Patient))}
    assert all(clinic.get(Patient, key).name for key in patients)


def test_clinic_fine_many_to_one_in_identity_map(clinic):  # good
    doctors = clinic.scalars(select(Doctor)).all()
    names = {each.doctor.name for each in clinic.scalars(select(Visit))}
    assert len(names) == len(doctors)


def test_clinic_fine_chunks(clinic):  # good
    keys = clinic.scalars(select(Drug.id)).all()
    assert len(app.chunked(clinic, list(keys), 2)) == 4


def test_clinic_fine_pages(clinic):  # good
    assert sum(len(page) for page in app.pages(clinic, 3)) == 8


def test_clinic_fine_keyset(clinic):  # good
    assert len(list(app.keyset(clinic, 3))) == 8


def test_clinic_fine_window(clinic):  # good
    assert len(app.latest_of_each(clinic)) == 4


def test_clinic_fine_dashboard(clinic):  # good
    assert app.dashboard(clinic)["visits"] == 8


def test_clinic_fine_cured(clinic):  # good
    assert len(app.cured(clinic)) == 8


def test_clinic_fine_selectin_over_500(clinic):  # good
    clinic.execute(insert(Patient.__table__), [{"name": f"p{each}"} for each in range(1200)])
    query = select(Patient).options(selectinload(Patient.visits), selectinload(Patient.contacts))
    shown = [(each.name, len(each.visits), len(each.contacts)) for each in clinic.scalars(query)]
    assert len(shown) == 1204


def test_clinic_fine_executemany(clinic):  # good
    clinic.execute(update(Visit), [{"id": each, "paid": True} for each in range(1, 9)])
    clinic.bulk_insert_mappings(Drug, [{"name": f"b{each}"} for each in range(5)])
    clinic.bulk_save_objects([Drug(name=f"s{each}") for each in range(5)])
    clinic.commit()
    assert clinic.scalar(select(func.count()).select_from(Drug)) == 14


def test_clinic_fine_one_flush(clinic):  # good
    for visit in clinic.scalars(select(Visit)).all():
        visit.paid = True
    clinic.add_all(Drug(name=f"new {each}") for each in range(10))
    clinic.commit()
    assert clinic.scalar(select(func.count()).where(Visit.paid)) == 8


def test_clinic_fine_yield_per(clinic):  # good
    query = select(Visit).options(selectinload(Visit.prescriptions)).execution_options(yield_per=2)
    assert sum(len(each.prescriptions) for each in clinic.scalars(query)) == 8


def test_clinic_fine_partitions(clinic):  # good
    result = clinic.execute(select(Visit.id).execution_options(yield_per=3))
    assert [len(part) for part in result.partitions()] == [3, 3, 2]


def test_clinic_fine_contains_eager(clinic):  # good
    query = select(Patient).join(Patient.visits).options(contains_eager(Patient.visits))
    found = clinic.scalars(query).unique().all()
    assert [len(each.visits) for each in found] == [2, 2, 2, 2]


def test_clinic_fine_polymorphic(clinic):  # good
    query = select(Person).options(selectin_polymorphic(Person, [Doctor, Nurse]))
    assert all(getattr(each, "licence", "") or each.shift for each in clinic.scalars(query))
    both = with_polymorphic(Person, "*")
    assert len([each for each in clinic.scalars(select(both)) if each.name]) == 6


def test_clinic_fine_undefer(clinic):  # good
    assert {each.report for each in clinic.scalars(select(Visit).options(undefer(Visit.report)))}


def test_clinic_fine_raiseload(clinic):  # good
    query = select(Visit).options(joinedload(Visit.doctor), raiseload("*"))
    assert {each.doctor.name for each in clinic.scalars(query)}


def test_clinic_fine_poll(maker):  # good
    deadline = time.monotonic() + 0.05
    while time.monotonic() < deadline:
        with maker() as session:
            if session.scalar(select(Visit.paid).where(Visit.id == 1)):
                break
        time.sleep(0.01)


def test_clinic_fine_poll_for_range(clinic):  # good
    def wait_until_paid(key: int) -> bool:
        for _ in range(5):
            clinic.expire_all()
            if clinic.get(Visit, key).paid:
                return True
            time.sleep(0.001)
        return False

    assert not wait_until_paid(3)


def test_clinic_fine_retry(maker):  # good
    def rename(key: int, names: list[str]) -> str:
        for name in names:
            with maker() as session:
                try:
                    session.add(Diagnosis(code=name, title="x"))
                    session.commit()
                    return name
                except IntegrityError:
                    session.rollback()
        raise AssertionError

    assert rename(1, ["D0", "D1", "new"]) == "new"


def test_clinic_fine_same_question_asserted(clinic):  # good
    count = select(func.count()).select_from(Note)
    assert clinic.scalar(count) == 4
    clinic.add(Note(patient_id=1, body="x"))
    clinic.commit()
    assert clinic.scalar(count) == 5
    clinic.query(Note).filter(Note.patient_id == 1).delete()
    clinic.commit()
    assert clinic.scalar(count) == 3


def test_clinic_fine_act_read_act(maker):  # good
    def pay(key: int) -> None:
        with maker.begin() as session:
            session.get(Visit, key).paid = True

    pay(1)
    with maker() as session:
        assert session.get(Visit, 1).paid
    pay(2)
    with maker() as session:
        assert session.get(Visit, 2).paid
    pay(3)


@pytest.fixture(params=[1, 3, 5])
def crowd(request, clinic_engine):
    with Session(clinic_engine) as session:
        for number in range(request.param):
            session.add(Patient(name=f"crowd {number}"))
            session.commit()
    return request.param


def test_clinic_fine_set_up_row_by_row(crowd, clinic):  # good
    assert clinic.query(Patient).count() == 4 + crowd


def test_clinic_fine_aliases(clinic):  # good
    boss, room = aliased(Ward), aliased(Ward)
    rows = clinic.execute(select(room.name, boss.name).join(boss, room.above_id == boss.id)).all()
    assert len(rows) == 9


def test_clinic_fine_column_property(clinic):  # good
    assert {each.visit_count for each in clinic.scalars(select(Patient))} == {2}


def test_clinic_fine_json(clinic):  # good
    drugs = clinic.scalars(select(Drug).where(Drug.facts["mg"].as_integer() > 1)).all()
    assert [each.facts["mg"] for each in drugs] == [2, 3]


def test_clinic_fine_different_screens(clinic):  # good
    def header() -> str:
        return clinic.scalars(select(Patient).where(Patient.id == 1)).one().name

    def details() -> list[str]:
        patient = clinic.scalars(
            select(Patient).where(Patient.id == 1).options(selectinload(Patient.contacts))
        ).one()
        return [each.phone for each in patient.contacts]

    assert header() == "patient 0"
    assert details() == ["000", "001"]


def test_clinic_fine_one_parent(clinic):  # good
    patient = clinic.get(Patient, 1)
    assert len(patient.visits) == 2
    assert len(patient.contacts) == 2


def test_clinic_fine_two_patients_apart(clinic):  # good
    first, second = clinic.get(Patient, 1), clinic.get(Patient, 2)
    assert first.name != second.name


def test_clinic_fine_listener_counts(clinic):  # good
    seen = []
    event.listen(clinic, "do_orm_execute", lambda state: seen.append(state.is_select))
    assert clinic.query(Patient).count() == 4
    assert seen == [True]


def test_clinic_fine_memory_with_create_all():  # good
    engine = create_engine("sqlite://", poolclass=StaticPool)
    metadata.create_all(engine)
    metadata.drop_all(engine)
    metadata.create_all(engine)
    with Session(engine) as session:
        data.seed(session, 2)
        assert session.scalar(text("select count(*) from patients")) == 2
    engine.dispose()


def test_clinic_fine_nested_savepoints(clinic):  # good
    for code in ("D0", "new"):
        try:
            with clinic.begin_nested():
                clinic.add(Diagnosis(code=code, title="t"))
        except IntegrityError:
            continue
    assert clinic.scalar(select(func.count()).select_from(Diagnosis)) == 5
    # allow: QS106


def test_clinic_fine_composite_in(clinic):  # good
    pairs = clinic.execute(select(Prescription.visit_id, Prescription.drug_id)).tuples().all()
    drugs = clinic.scalars(select(Drug).where(Drug.id.in_({drug for _, drug in pairs}))).all()
    names = {each.id: each.name for each in drugs}
    assert [names[drug] for _, drug in pairs]
