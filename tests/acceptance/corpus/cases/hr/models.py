"""A personnel department: a tree of departments, single-table inheritance, versions."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Department(Base):
    __tablename__ = "departments"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    children: Mapped[list[Department]] = relationship(
        back_populates="parent", order_by="Department.id"
    )
    parent: Mapped[Department | None] = relationship(back_populates="children", remote_side=[id])
    employees: Mapped[list[Employee]] = relationship(
        back_populates="department", order_by="Employee.id"
    )


class Employee(Base):
    __tablename__ = "employees"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(60))
    salary: Mapped[int] = mapped_column(default=5000)
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"))
    boss_id: Mapped[int | None] = mapped_column(ForeignKey("employees.id"))
    department: Mapped[Department] = relationship(back_populates="employees")
    boss: Mapped[Employee | None] = relationship(back_populates="reports", remote_side=[id])
    reports: Mapped[list[Employee]] = relationship(back_populates="boss", order_by="Employee.id")
    skills: Mapped[list[Skill]] = relationship(back_populates="employee", order_by="Skill.id")
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "employee"}


class Engineer(Employee):
    language: Mapped[str | None] = mapped_column(String(40))
    __mapper_args__ = {"polymorphic_identity": "engineer"}


class Manager(Employee):
    bonus: Mapped[int | None] = mapped_column()
    __mapper_args__ = {"polymorphic_identity": "manager"}


class Skill(Base):
    __tablename__ = "skills"
    id: Mapped[int] = mapped_column(primary_key=True)
    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id"))
    name: Mapped[str] = mapped_column(String(40))
    employee: Mapped[Employee] = relationship(back_populates="skills")


class Named:
    """A mixin, so that the relationship's owner is not the class that declares it."""

    @declared_attr
    def department_id(cls) -> Mapped[int]:
        return mapped_column(ForeignKey("departments.id"))

    @declared_attr
    def department(cls) -> Mapped[Department]:
        return relationship(Department)


class Badge(Named, Base):
    __tablename__ = "badges"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(20))
