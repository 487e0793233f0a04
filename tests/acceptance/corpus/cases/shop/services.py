"""What the shop does, in functions and classes: the naive ways."""

from decimal import Decimal

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from shop.models import Customer, Line, Order, Payment, Product, Setting
from shop.repository import Customers, Orders, Products


def products_of(session: Session, ids: list[int]) -> list[Product | None]:
    return [session.get(Product, key) for key in ids]  # expect[get_in_a_service]: QS103


def load_customer(session: Session, key: int) -> Customer:
    query = select(Customer).where(Customer.id == key)
    return session.execute(query).scalar_one()  # either[helper_called_in_a_loop]: QS103


def newest_order(session: Session, customer: Customer) -> Order | None:
    query = select(Order).where(Order.customer_id == customer.id).order_by(Order.id.desc()).limit(1)
    return session.scalars(query).first()  # either[newest_order_of_each]: QS104|QS103


def customer_names(session: Session) -> list[str]:
    names = []
    for order in session.scalars(select(Order)).all():
        names.append(
            load_customer(session, order.customer_id).name
        )  # either[helper_called_in_a_loop]: QS103
    session.expunge_all()
    return names


def outline(session: Session) -> dict[str, int | None]:
    newest = {}
    for customer in session.scalars(select(Customer)).all():
        found = newest_order(session, customer)  # either[newest_order_of_each]: QS104|QS103
        newest[customer.name] = found.id if found else None
    return newest


class Invoicing:
    """A service that holds its session."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def amount(self, order_id: int) -> Decimal:
        query = (
            select(func.sum(Line.quantity * Product.price))
            .join(Line.product)
            .where(Line.order_id == order_id)
        )
        return self.session.execute(query).scalar_one()  # either[class_based_service]: QS103|QS104

    def amounts(self) -> dict[int, Decimal]:
        ids = self.session.scalars(select(Order.id)).all()
        return {key: self.amount(key) for key in ids}  # either[class_based_service]: QS103|QS104

    def unpaid(self) -> list[int]:
        open_orders = []
        for order in self.session.scalars(select(Order)).all():
            paid = self.session.scalar(  # expect[exists_check_per_row]: QS103|QS104
                select(exists().where(Payment.order_id == order.id))
            )
            if not paid:
                open_orders.append(order.id)
        return open_orders

    def with_vat(self) -> list[Decimal]:
        gross = []
        for order in self.session.scalars(select(Order)).all():
            rate = self.session.scalar(  # expect[loop_invariant_setting]: QS105|QS201|QS103
                select(Setting.value).where(Setting.name == "vat")
            )
            gross.append(order.total * (1 + Decimal(rate or 0) / 100))
        return gross


class Shipping:
    """A service above three repositories."""

    def __init__(self, session: Session) -> None:
        self.customers = Customers(session)
        self.orders = Orders(session)
        self.products = Products(session)

    def labels(self, ids: list[int]) -> list[str]:
        labels = []
        for key in ids:
            order = self.orders.get_by_id(key)  # either[two_repositories_by_id]: QS103
            customer = self.customers.get_by_id(
                order.customer_id
            )  # either[two_repositories_by_id]: QS103
            labels.append(f"{customer.name}, {customer.city}")
        return labels

    def names(self, ids: list[int]) -> list[str]:
        return [
            self.products.get_by_id(key).name for key in ids
        ]  # either[repository_get_by_id]: QS103

    def by_name(self, names: list[str]) -> list[Product | None]:
        return [
            self.products.find(name=name) for name in names
        ]  # either[repository_find_in_a_loop]: QS103|QS104

    def sizes(self) -> dict[str, int]:
        return {
            customer.name: self.orders.count(
                customer_id=customer.id
            )  # either[repository_count_in_a_loop]: QS103|QS104
            for customer in self.customers.all()
        }
