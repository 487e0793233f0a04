"""Repositories: one generic base class, as many projects have it."""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.models import Customer, Order, Product

Entity = TypeVar("Entity")


class Repository(Generic[Entity]):
    model: type[Any]

    def __init__(self, session: Session) -> None:
        self.session = session

    def get_by_id(self, key: int) -> Entity:
        found = self.session.get(  # either[repository_get_by_id, two_repositories_by_id]: QS103
            self.model, key
        )
        if found is None:
            raise LookupError(f"no {self.model.__name__} {key}")
        return found

    def all(self) -> Sequence[Entity]:
        return self.session.scalars(select(self.model)).all()

    def find(self, **filters: Any) -> Entity | None:
        query = select(self.model).filter_by(**filters)
        return self.session.scalars(query).first()  # either[repository_find_in_a_loop]: QS103|QS104

    def count(self, **filters: Any) -> int:
        query = select(func.count()).select_from(self.model).filter_by(**filters)
        return self.session.scalar(query) or 0  # either[repository_count_in_a_loop]: QS103|QS104

    def many(self, keys: Sequence[int]) -> Sequence[Entity]:
        return self.session.scalars(select(self.model).where(self.model.id.in_(keys))).all()


class Customers(Repository[Customer]):
    model = Customer


class Orders(Repository[Order]):
    model = Order


class Products(Repository[Product]):
    model = Product
