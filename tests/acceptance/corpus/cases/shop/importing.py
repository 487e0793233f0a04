"""Writes to the shop, one row at a time."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.orm import Session

from shop.models import AuditEntry, Category, Customer, Order, Product, Tag


def import_customers(session: Session, names: Iterable[str]) -> None:
    for name in names:
        session.add(Customer(name=name))
        session.flush()  # expect[add_and_flush]: QS106


def import_tags(session: Session, names: Iterable[str]) -> None:
    for name in names:
        session.add(Tag(name=name))
        session.commit()  # expect[add_and_commit]: QS106


def log_all(session: Session, texts: list[str]) -> None:
    for line in texts:
        session.execute(insert(AuditEntry).values(text=line))  # expect[orm_insert_in_a_loop]: QS106


def log_by_text(session: Session, texts: list[str]) -> None:
    statement = text("INSERT INTO audit (text) VALUES (:text)")
    for line in texts:
        session.execute(statement, {"text": line})  # expect[text_insert_in_a_loop]: QS106


def close_orders(session: Session) -> int:
    orders = session.scalars(select(Order).where(Order.status == "open")).all()
    for order in orders:
        order.status = "closed"
        session.commit()  # expect[attribute_change_and_commit]: QS106
    return len(orders)


def raise_prices(session: Session) -> None:
    for key, price in session.execute(select(Product.id, Product.price)).all():
        session.execute(  # expect[update_in_a_loop]: QS106
            update(Product).where(Product.id == key).values(price=price * 2)
        )
    session.commit()


def delete_audit(session: Session, ids: list[int]) -> None:
    for key in ids:
        session.execute(
            delete(AuditEntry).where(AuditEntry.id == key)
        )  # expect[delete_in_a_loop]: QS106
    session.commit()


def get_or_create(session: Session, name: str) -> Category:
    found = session.scalars(  # either[get_or_create_each]: QS103
        select(Category).where(Category.name == name)
    ).one_or_none()
    if found is None:
        found = Category(name=name)
        session.add(found)
    return found


def sync_categories(session: Session, names: list[str]) -> None:
    for name in names:
        get_or_create(session, name)  # either[get_or_create_each]: QS103
    session.commit()


def merge_products(session: Session, rows: list[Mapping[str, Any]]) -> None:
    for row in rows:
        session.merge(Product(**row))  # expect[merge_in_a_loop]: QS103
    session.commit()


class Store:
    """A unit of work that commits whatever it is given."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def save(self, thing: object) -> None:
        self.session.add(thing)
        self.session.commit()  # either[repository_that_commits]: QS106

    def save_each(self, things: Iterable[object]) -> None:
        for thing in things:
            self.save(thing)  # either[repository_that_commits]: QS106
