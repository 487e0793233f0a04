"""What the projects of these tests read: orders with lines."""

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    mapped_column,
    relationship,
    selectinload,
)


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    lines: Mapped[list["Line"]] = relationship(back_populates="order", order_by="Line.id")


class Line(Base):
    __tablename__ = "lines"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    product: Mapped[str]
    order: Mapped[Order] = relationship(back_populates="lines")


def fill(session: Session, orders: int = 3) -> None:
    session.add_all(
        Order(name=f"order {number}", lines=[Line(product="tea"), Line(product="cup")])
        for number in range(orders)
    )
    session.commit()
    session.expunge_all()


def products(session: Session) -> list[str]:
    orders = session.scalars(select(Order).order_by(Order.id)).all()
    return [line.product for order in orders for line in order.lines]


def products_at_once(session: Session) -> list[str]:
    query = select(Order).order_by(Order.id).options(selectinload(Order.lines))
    return [line.product for order in session.scalars(query) for line in order.lines]
