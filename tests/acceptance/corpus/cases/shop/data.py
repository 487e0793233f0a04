"""Rows for the shop's tests."""

from decimal import Decimal

from sqlalchemy.orm import Session

from shop.models import (
    Address,
    Category,
    Customer,
    Line,
    Order,
    Payment,
    Product,
    Setting,
    Tag,
)


def seed(session: Session, *, customers: int = 4, orders_each: int = 2) -> None:
    """Fill an empty shop: row by row, as fixtures do."""
    categories = [Category(name=name) for name in ("tea", "coffee", "cups")]
    tags = [Tag(name=name) for name in ("new", "sale", "fair")]
    session.add_all([*categories, *tags])
    session.add_all([Setting(name="vat", value="8.1"), Setting(name="currency", value="CHF")])
    session.commit()
    products = []
    for number in range(6):
        product = Product(
            name=f"product {number}",
            price=Decimal(number + 1),
            description=f"all about product {number}",
            category=categories[number % 3],
            tags=[tags[number % 3], tags[(number + 1) % 3]],
        )
        session.add(product)
        session.flush()
        products.append(product)
    serial = 0
    for number in range(customers):
        customer = Customer(name=f"customer {number}")
        session.add(customer)
        session.flush()
        session.add(Address(customer=customer, street=f"{number} High Street"))
        session.add(Address(customer=customer, street=f"{number} Low Street"))
        for _ in range(orders_each):
            order = Order(customer=customer, total=Decimal(10))
            for position in range(2):
                order.lines.append(
                    Line(product=products[(serial + position) % 6], quantity=position + 1)
                )
            order.payments.append(Payment(amount=Decimal(4)))
            order.payments.append(Payment(amount=Decimal(6)))
            session.add(order)
            session.commit()
            serial += 1
