"""A few mapped classes, and the code under test that queries them."""

from typing import Any

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    note: Mapped[str]
    total: Mapped[int]
    lines: Mapped[list["Line"]] = relationship(back_populates="order")


class Line(Base):
    __tablename__ = "lines"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    product: Mapped[str]
    amount: Mapped[int]
    order: Mapped[Order] = relationship(back_populates="lines")


def fill(connection: Any, rows: int) -> None:
    Base.metadata.drop_all(connection)
    Base.metadata.create_all(connection)
    numbers = range(1, rows + 1)
    connection.execute(
        Order.__table__.insert(),
        [{"id": n, "name": f"order {n}", "note": "none", "total": n} for n in numbers],
    )
    connection.execute(
        Line.__table__.insert(),
        [{"id": n, "order_id": n, "product": "pen", "amount": n} for n in numbers],
    )


def order(session: Session, number: int) -> Order:
    return session.scalars(select(Order).where(Order.id == number)).one()


def named(session: Session, name: str) -> Order:
    return session.scalars(select(Order).where(Order.name == name).order_by(Order.id)).first()


def lines(session: Session, number: int) -> list[Line]:
    return list(session.scalars(select(Line).where(Line.order_id == number)))


def dear(session: Session, total: int) -> list[str]:
    return list(session.scalars(select(Order.name).where(Order.total == total).limit(3)))


def joined(session: Session, number: int) -> Any:
    return session.execute(
        select(Order, Line).join(Line, Line.order_id == Order.id).where(Line.id == number)
    ).all()


def all_lines(session: Session, count: int) -> int:
    found = session.scalars(select(Order).order_by(Order.id).limit(count))
    return sum(len(each.lines) for each in found)


def core(connection: Any, number: int) -> Any:
    table = Order.__table__
    return connection.execute(select(table.c.name).where(table.c.id == number)).scalar_one()
