"""The shop that the examples of the rules work on: customers order products and pay."""

from datetime import date

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    country: Mapped[str]
    orders: Mapped[list["Order"]] = relationship(back_populates="customer")


class Product(Base):
    __tablename__ = "products"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    price: Mapped[int]
    manual: Mapped[str] = mapped_column(Text, deferred=True)


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    placed_on: Mapped[date]
    customer: Mapped[Customer] = relationship(back_populates="orders")
    lines: Mapped[list["Line"]] = relationship(back_populates="order")
    payments: Mapped[list["Payment"]] = relationship()


class Line(Base):
    __tablename__ = "lines"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    quantity: Mapped[int]
    order: Mapped[Order] = relationship(back_populates="lines")
    product: Mapped[Product] = relationship()


class Payment(Base):
    __tablename__ = "payments"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    amount: Mapped[int]


class Reading(Base):
    """What the thermometer of the storehouse said."""

    __tablename__ = "readings"
    id: Mapped[int] = mapped_column(primary_key=True)
    degrees: Mapped[int]


def stock() -> list[Base]:
    """Three customers, each with two orders of two lines and two payments."""
    products = [
        Product(name=name, price=price, manual=f"How to use a {name}.")
        for name, price in (("lamp", 30), ("desk", 200), ("chair", 90))
    ]
    customers = [
        Customer(
            name=name,
            country=country,
            orders=[
                Order(
                    placed_on=date(2024, month, 1),
                    lines=[Line(product=product, quantity=month) for product in products[:2]],
                    payments=[Payment(amount=month * 115), Payment(amount=month * 115)],
                )
                for month in (1, 2)
            ],
        )
        for name, country in (("Ada", "GB"), ("Blaise", "FR"), ("Carl", "DE"))
    ]
    return [*products, *customers]
