"""A shop, in the Mapped style."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import pytest
from sqlalchemy import ForeignKey, String, func, select
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    contains_eager,
    joinedload,
    mapped_column,
    relationship,
    selectinload,
    sessionmaker,
)


class Base(DeclarativeBase):
    pass


class Category(Base):
    __tablename__ = "category"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"))
    parent: Mapped[Category | None] = relationship(remote_side=[id], back_populates="children")
    children: Mapped[list[Category]] = relationship(back_populates="parent")
    products: Mapped[list[Product]] = relationship(back_populates="category")


class Supplier(Base):
    __tablename__ = "supplier"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    country: Mapped[str] = mapped_column(default="DE")


class Product(Base):
    __tablename__ = "product"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    price: Mapped[Decimal] = mapped_column(default=Decimal("9.50"))
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    supplier_id: Mapped[int] = mapped_column(ForeignKey("supplier.id"))
    category: Mapped[Category] = relationship(back_populates="products")
    supplier: Mapped[Supplier] = relationship()

    def __repr__(self) -> str:
        return f"<Product {self.name} by {self.supplier.name}>"  # expect[market_products_are_logged_with_their_repr]: QS101 Product.supplier


class Customer(Base):
    __tablename__ = "customer"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    orders: Mapped[list[Order]] = relationship(back_populates="customer", order_by="Order.id")

    @property
    def spent(self) -> Decimal:
        return sum(
            (order.total for order in self.orders), Decimal(0)
        )  # expect[market_best_customers_are_sorted_by_a_property]: QS101 Customer.orders


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    total: Mapped[Decimal] = mapped_column(default=Decimal("10"))
    customer: Mapped[Customer] = relationship(back_populates="orders")
    lines: Mapped[list[Line]] = relationship(back_populates="order")

    @cached_property
    def weight(self) -> int:
        return sum(
            line.quantity for line in self.lines
        )  # expect[market_heaviest_order_is_found_with_max]: QS101 Order.lines


class Line(Base):
    __tablename__ = "line"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    quantity: Mapped[int] = mapped_column(default=1)
    order: Mapped[Order] = relationship(back_populates="lines")
    product: Mapped[Product] = relationship()


@pytest.fixture()
def maker(engine):
    Base.metadata.create_all(engine)
    factory = sessionmaker(engine)
    with factory.begin() as session:
        root = Category(name="root")
        session.add(root)
        session.flush()
        for c in range(3):
            category = Category(name=f"c{c}", parent=root)
            session.add(category)
            session.flush()
            for p in range(2):
                supplier = Supplier(name=f"s{c}{p}")
                session.add(Product(name=f"p{c}{p}", category=category, supplier=supplier))
        session.flush()
        products = session.scalars(select(Product).order_by(Product.id)).all()
        for k in range(4):
            customer = Customer(name=f"k{k}")
            session.add(customer)
            session.flush()
            for o in range(3):
                order = Order(customer=customer, total=Decimal(k * 10 + o))
                session.add(order)
                session.flush()
                for line in range(2):
                    session.add(
                        Line(order=order, product=products[(k + o + line) % 6], quantity=line + 1)
                    )
    return factory


@pytest.fixture()
def session(maker):
    with maker() as session:
        yield session


def test_market_order_history_prints_customer_names(session):  # bad
    orders = session.scalars(select(Order)).all()  # parent:
    names = [order.customer.name for order in orders]  # expect: QS101 Order.customer
    assert len(names) == 12


def test_market_order_totals_by_lines(session):  # bad
    total = 0
    for order in session.scalars(select(Order).where(Order.total > 5)):  # parent:
        for line in order.lines:  # expect: QS101 Order.lines
            total += line.quantity
    assert total == 27


def test_market_nested_line_products(session):  # bad
    stmt = select(Order).options(selectinload(Order.lines)).order_by(Order.id)
    rows = []
    for order in session.scalars(stmt).all():  # parent:
        for line in order.lines:
            rows.append((order.id, line.product.name))  # expect: QS101 Line.product
    assert len(rows) == 24


def test_market_supplier_behind_product_behind_line(session):  # bad
    orders = (
        session.execute(  # parent:
            select(Order)
            .join(Order.customer)
            .where(Customer.name != "k0")
            .options(selectinload(Order.lines).joinedload(Line.product))
        )
        .scalars()
        .all()
    )
    countries = Counter(
        line.product.supplier.country
        for order in orders
        for line in order.lines  # expect: QS101 Product.supplier
    )
    assert countries["DE"] == 18


def test_market_best_customers_are_sorted_by_a_property(session):  # bad
    customers = session.scalars(select(Customer)).all()  # parent:
    best = sorted(customers, key=lambda c: c.spent, reverse=True)
    assert best[0].name == "k3"


def test_market_heaviest_order_is_found_with_max(session):  # bad
    orders = session.scalars(select(Order).limit(5)).all()  # parent:
    heaviest = max(orders, key=lambda o: o.weight)
    assert heaviest.weight == 3


def test_market_products_are_logged_with_their_repr(session):  # bad
    products = session.scalars(select(Product)).all()  # parent:
    text = "\n".join(map(repr, products))
    assert text.count("by") == 6


def test_market_set_of_suppliers(session):  # bad
    names = {
        p.supplier.name for p in session.scalars(select(Product))
    }  # expect: QS101 Product.supplier  # parent:
    assert len(names) == 6


def test_market_dict_of_customers_to_order_count(session):  # bad
    customers = session.scalars(select(Customer)).all()  # parent:
    counts = {c.name: len(c.orders) for c in customers}  # expect: QS101 Customer.orders
    assert counts["k1"] == 3


def test_market_any_order_of_each_customer(session):  # bad
    customers = session.scalars(select(Customer)).all()  # parent:
    with_orders = [
        c for c in customers if any(o.total > 100 for o in c.orders)
    ]  # expect: QS101 Customer.orders
    assert with_orders == []


def test_market_category_parents_climb(session):  # bad
    leaves = session.scalars(select(Product)).all()  # parent:
    paths = []
    for product in leaves:
        paths.append(product.category.name)  # expect: QS101 Product.category
    assert len(paths) == 6


def breadcrumbs(category: Category) -> list[str]:
    names = []
    while category is not None:
        names.append(category.name)
        category = category.parent
    return names


def walk(category: Category, depth: int = 0):
    yield depth, category.name
    for child in category.children:  # expect[market_recursive_tree_walk]: QS101 Category.children
        yield from walk(child, depth + 1)


def test_market_recursive_tree_walk(session):  # bad
    root = session.scalars(select(Category).where(Category.parent_id.is_(None))).one()  # parent:
    assert len(list(walk(root))) == 4


@dataclass
class OrderView:
    id: int
    customer: str
    products: list[str]

    @classmethod
    def of(cls, order: Order) -> OrderView:
        return cls(
            id=order.id,
            customer=order.customer.name,
            products=[
                line.product.name for line in order.lines
            ],  # expect[market_dataclass_views]: QS101 Line.product
        )


def test_market_dataclass_views(session):  # bad
    orders = session.scalars(  # parent:
        select(Order).options(joinedload(Order.customer), selectinload(Order.lines))
    ).all()
    views = [OrderView.of(order) for order in orders]
    assert views[0].customer == "k0"


def test_market_generator_pipeline(session):  # bad
    def rows():
        yield from session.scalars(select(Line))  # parent:

    expensive = (line for line in rows() if line.quantity > 1)
    products = (line.product for line in expensive)  # expect: QS101 Line.product
    first_three = list(itertools.islice(products, 3))
    assert len(first_three) == 3


def test_market_groupby_customer(session):  # bad
    orders = session.scalars(select(Order).order_by(Order.customer_id)).all()  # parent:
    grouped = {
        name: len(list(group))
        for name, group in itertools.groupby(
            orders, key=lambda o: o.customer.name
        )  # expect: QS101 Order.customer
    }
    assert grouped["k2"] == 3


def test_market_two_relationships_in_one_loop(session):  # bad
    products = session.scalars(select(Product).order_by(Product.name)).all()  # parent:
    lines = []
    for product in products:
        lines.append(
            f"{product.category.name}/{product.supplier.name}"
        )  # expect: QS101 Product.category  # expect: QS101 Product.supplier
    assert len(lines) == 6


def test_market_get_in_a_loop(session):  # bad
    ids = [1, 2, 3, 4]
    customers = [session.get(Customer, pk) for pk in ids]  # expect: QS103|QS104
    assert [c.name for c in customers] == ["k0", "k1", "k2", "k3"]


def test_market_get_by_foreign_key_of_each_row(session):  # bad
    orders = session.scalars(select(Order).order_by(Order.id)).all()  # parent:
    seen = set()
    for order in orders:
        customer = session.get(Customer, order.customer_id)  # expect: QS103|QS104
        seen.add(customer.name)
    assert len(seen) == 4


def test_market_scalar_one_in_a_loop(session):  # bad
    prices = {}
    for name in ("p00", "p01", "p10"):
        prices[name] = session.execute(
            select(Product.price).where(Product.name == name)
        ).scalar_one()  # expect: QS103|QS104
    assert len(prices) == 3


def test_market_latest_order_per_customer(session):  # bad
    latest = {}
    for customer in session.scalars(select(Customer)).all():  # parent:
        latest[customer.name] = session.scalars(  # expect: QS104|QS103
            select(Order).where(Order.customer_id == customer.id).order_by(Order.id.desc()).limit(1)
        ).first()
    assert all(latest.values())


def test_market_first_page_of_orders_per_customer(session):  # bad
    pages = defaultdict(list)
    customers = session.scalars(select(Customer)).all()  # parent:
    for customer in customers:
        stmt = (
            select(Order)
            .where(Order.customer_id == customer.id)
            .order_by(Order.total.desc())
            .limit(2)
            .offset(0)
        )
        pages[customer.name].extend(session.scalars(stmt))  # expect: QS104|QS103
    assert all(len(page) == 2 for page in pages.values())


def test_market_order_count_per_customer(session):  # bad
    counts = {}
    for customer in session.scalars(select(Customer)):  # parent:
        counts[customer.name] = session.scalar(  # expect: QS103|QS104
            select(func.count()).select_from(Order).where(Order.customer_id == customer.id)
        )
    assert set(counts.values()) == {3}


def test_market_sum_per_customer(session):  # bad
    customers = session.scalars(select(Customer)).all()  # parent:
    totals = {
        c.id: session.scalar(
            select(func.sum(Order.total)).where(Order.customer_id == c.id)
        )  # expect: QS103|QS104
        for c in customers
    }
    assert totals[1] == 3


def test_market_exists_per_customer(session):  # bad
    customers = session.scalars(select(Customer)).all()  # parent:
    active = [
        c
        for c in customers
        if session.scalar(select(Order.id).where(Order.customer_id == c.id).limit(1))
        is not None  # expect: QS103|QS104
    ]
    assert len(active) == 4


def test_market_exists_clause_per_customer(session):  # bad
    customers = session.scalars(select(Customer)).all()  # parent:
    flags = {}
    for c in customers:
        flags[c.id] = session.scalar(  # expect: QS103|QS104
            select(select(Order).where(Order.customer_id == c.id, Order.total > 20).exists())
        )
    assert flags[4] is True


def test_market_loop_invariant_query(session):  # bad
    shown = []
    for order in session.scalars(select(Order)).all():
        default = session.scalars(
            select(Supplier).order_by(Supplier.id).limit(1)
        ).one()  # expect: QS105|QS201|QS103
        shown.append((order.id, default.name))
    assert len(shown) == 12


def test_market_threads_load_customers(maker):  # bad
    def fetch(pk: int) -> str:
        with maker() as session:
            return session.get(Customer, pk).name  # expect: QS103|QS104

    with ThreadPoolExecutor(max_workers=1) as pool:
        names = list(pool.map(fetch, [1, 2, 3, 4]))
    assert names == ["k0", "k1", "k2", "k3"]


def test_market_contains_eager_stops_short(session):  # bad
    stmt = (
        select(Line)
        .join(Line.product)
        .options(contains_eager(Line.product))
        .where(Product.name.like("p%"))
    )
    lines = session.scalars(stmt).all()  # parent:
    labels = {
        (line.product.name, line.product.category.name) for line in lines
    }  # expect: QS101 Product.category
    assert labels


def test_market_two_lines_of_one_loop(session):  # bad
    ids = [(1, 2), (3, 4), (2, 3)]
    pairs = []
    for first, second in ids:
        a = session.scalars(select(Product).where(Product.id == first)).one()  # expect: QS103|QS104
        b = session.scalars(select(Product).where(Product.id == second)).one()
        pairs.append((a.name, b.name))
    assert len(pairs) == 3
