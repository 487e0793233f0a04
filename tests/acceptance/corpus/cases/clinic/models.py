"""A clinic: patients, their visits and what is prescribed; mapped in many styles."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    func,
    select,
)
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import (
    Mapped,
    WriteOnlyMapped,
    column_property,
    deferred,
    mapped_column,
    registry,
    relationship,
)

mapper_registry = registry()


@mapper_registry.mapped
class Ward:
    __tablename__ = "wards"
    id = Column(Integer, primary_key=True)
    name = Column(String(40), nullable=False)
    above_id = Column(ForeignKey("wards.id"))
    above = relationship("Ward", remote_side=[id], back_populates="below")
    below = relationship("Ward", back_populates="above")
    beds = relationship("Bed", back_populates="ward")


@mapper_registry.mapped
class Bed:
    __tablename__ = "beds"
    id = Column(Integer, primary_key=True)
    ward_id = Column(ForeignKey("wards.id"), nullable=False)
    number = Column(Integer, nullable=False)
    ward = relationship(Ward, back_populates="beds")


visit_diagnoses = Table(
    "visit_diagnoses",
    mapper_registry.metadata,
    Column("visit_id", ForeignKey("visits.id"), primary_key=True),
    Column("diagnosis_code", ForeignKey("diagnoses.code"), primary_key=True),
)


@mapper_registry.mapped
class Diagnosis:
    __tablename__ = "diagnoses"
    code: Mapped[str] = mapped_column(String(8), primary_key=True)
    title: Mapped[str]


@mapper_registry.mapped
class Person:
    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    name: Mapped[str]
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "person"}


@mapper_registry.mapped
class Doctor(Person):
    __tablename__ = "doctors"
    id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    licence: Mapped[str]
    visits: Mapped[list[Visit]] = relationship(back_populates="doctor")
    __mapper_args__ = {"polymorphic_identity": "doctor"}


@mapper_registry.mapped
class Nurse(Person):
    __tablename__ = "nurses"
    id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    shift: Mapped[str]
    __mapper_args__ = {"polymorphic_identity": "nurse"}


@mapper_registry.mapped
class Visit:
    __tablename__ = "visits"
    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    doctor_id: Mapped[int | None] = mapped_column(ForeignKey("doctors.id"))
    day: Mapped[dt.date] = mapped_column(Date)
    paid: Mapped[bool] = mapped_column(Boolean, default=False)
    report: Mapped[str] = deferred(mapped_column(Text, default="all fine"))
    patient: Mapped[Patient] = relationship(back_populates="visits")
    doctor: Mapped[Doctor | None] = relationship(back_populates="visits")
    prescriptions: Mapped[list[Prescription]] = relationship(
        back_populates="visit", cascade="all, delete-orphan"
    )
    diagnoses: Mapped[list[Diagnosis]] = relationship(secondary=visit_diagnoses)


@mapper_registry.mapped
class Prescription:
    __tablename__ = "prescriptions"
    visit_id: Mapped[int] = mapped_column(ForeignKey("visits.id"), primary_key=True)
    drug_id: Mapped[int] = mapped_column(ForeignKey("drugs.id"), primary_key=True)
    daily: Mapped[int] = mapped_column(default=1)
    visit: Mapped[Visit] = relationship(back_populates="prescriptions")
    drug: Mapped[Drug] = relationship()


@mapper_registry.mapped
class Drug:
    __tablename__ = "drugs"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    facts: Mapped[dict] = mapped_column(JSON, default=dict)


@mapper_registry.mapped
class Patient:
    __tablename__ = "patients"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    born: Mapped[dt.date] = mapped_column(Date, default=dt.date(1990, 1, 1))
    visits: Mapped[list[Visit]] = relationship(back_populates="patient", order_by=Visit.id)
    contacts: Mapped[list[Contact]] = relationship(back_populates="patient")
    notes: WriteOnlyMapped[Note] = relationship(order_by="Note.id")
    doctors: AssociationProxy[list[Doctor]] = association_proxy("visits", "doctor")
    visit_count = column_property(
        select(func.count(Visit.id))
        .where(Visit.patient_id == id)
        .correlate_except(Visit)
        .scalar_subquery()
    )

    @hybrid_property
    def unpaid(self) -> int:
        return sum(
            1 for visit in self.visits if not visit.paid
        )  # expect[clinic_hybrid]: QS101 Patient.visits


@mapper_registry.mapped
class Contact:
    __tablename__ = "contacts"
    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    phone: Mapped[str]
    patient: Mapped[Patient] = relationship(back_populates="contacts")


@mapper_registry.mapped
class Note:
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    body: Mapped[str]


invoices = Table(
    "invoices",
    mapper_registry.metadata,
    Column("id", Integer, primary_key=True),
    Column("visit_id", ForeignKey("visits.id"), nullable=False),
    Column("cents", Integer, nullable=False),
)


@dataclass
class Invoice:
    """Mapped imperatively, as those do who keep their domain free of the ORM."""

    visit_id: int
    cents: int
    id: int | None = field(default=None)


mapper_registry.map_imperatively(Invoice, invoices, properties={"visit": relationship(Visit)})
metadata = mapper_registry.metadata
