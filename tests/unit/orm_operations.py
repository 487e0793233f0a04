"""A broad set of ORM operations, to be run by any SQLAlchemy on any driver."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from sqlalchemy import (
    Column,
    Engine,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    String,
    Table,
    and_,
    bindparam,
    delete,
    event,
    exists,
    func,
    insert,
    literal,
    select,
    tuple_,
    union,
    union_all,
    update,
)
from sqlalchemy.orm import (
    DeclarativeBase,
    Session,
    aliased,
    column_property,
    contains_eager,
    defer,
    deferred,
    immediateload,
    joinedload,
    lazyload,
    load_only,
    relationship,
    selectin_polymorphic,
    selectinload,
    subqueryload,
    undefer,
    with_polymorphic,
)


def models(*, grown: bool = False) -> Any:
    """Map a shop; ``grown`` adds a column to every class, as a later release would."""

    class Base(DeclarativeBase):
        def __init_subclass__(cls, **keywords: Any) -> None:
            if grown and "__tablename__" in vars(cls):
                cls.added = Column(f"added_{cls.__name__}", String)
                cls.a_first = Column(f"a_{cls.__name__}", Integer)
            super().__init_subclass__(**keywords)

    tagging = Table(
        "tagging",
        Base.metadata,
        Column("order_id", ForeignKey("orders.id"), primary_key=True),
        Column("tag_id", ForeignKey("tags.id"), primary_key=True),
    )

    friendship = Table(
        "friendship",
        Base.metadata,
        Column("one_id", ForeignKey("customers.id"), primary_key=True),
        Column("other_id", ForeignKey("customers.id"), primary_key=True),
    )
    offering = Table(
        "offering",
        Base.metadata,
        Column("site", Integer, primary_key=True),
        Column("shelf", Integer, primary_key=True),
        Column("tag_id", ForeignKey("tags.id"), primary_key=True),
        ForeignKeyConstraint(["site", "shelf"], ["shelves.site", "shelves.number"]),
    )

    class Customer(Base):
        __tablename__ = "customers"
        id = Column(Integer, primary_key=True)
        name = Column(String)
        mentor_id = Column(ForeignKey("customers.id"))
        orders = relationship("Order", back_populates="customer", order_by="Order.id")
        passport = relationship("Passport", back_populates="customer", uselist=False)
        mentor = relationship("Customer", remote_side=[id], back_populates="pupils")
        pupils = relationship("Customer", back_populates="mentor")
        friends = relationship(
            "Customer",
            secondary=friendship,
            primaryjoin=lambda: Customer.id == friendship.c.one_id,
            secondaryjoin=lambda: Customer.id == friendship.c.other_id,
        )

    class Passport(Base):
        __tablename__ = "passports"
        id = Column(Integer, primary_key=True)
        customer_id = Column(ForeignKey("customers.id"))
        customer = relationship("Customer", back_populates="passport")

    class Order(Base):
        __tablename__ = "orders"
        id = Column(Integer, primary_key=True)
        customer_id = Column(ForeignKey("customers.id"))
        status = Column(String, default="new")
        notes = deferred(Column(String))
        customer = relationship("Customer", back_populates="orders")
        lines = relationship("Line", back_populates="order")
        tags = relationship("Tag", secondary=tagging, order_by="Tag.name")

    class Line(Base):
        __tablename__ = "Lines"
        id = Column(Integer, primary_key=True)
        order_id = Column(ForeignKey("orders.id"))
        price = Column("Price", Integer)
        order = relationship("Order", back_populates="lines")

    Order.total = column_property(
        select(func.sum(Line.price))
        .where(Line.order_id == Order.id)
        .correlate_except(Line)
        .scalar_subquery(),
        deferred=True,
    )

    class Tag(Base):
        __tablename__ = "tags"
        id = Column(Integer, primary_key=True)
        name = Column(String)

    class Shelf(Base):
        __tablename__ = "shelves"
        site = Column(Integer, primary_key=True, autoincrement=False)
        number = Column(Integer, primary_key=True, autoincrement=False)
        tags = relationship("Tag", secondary=offering)

    class Animal(Base):
        __tablename__ = "animals"
        id = Column(Integer, primary_key=True)
        kind = Column(String)
        owner_id = Column(ForeignKey("customers.id"))
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}

    class Dog(Animal):
        __tablename__ = "dogs"
        id = Column(ForeignKey("animals.id"), primary_key=True)
        breed = Column(String)
        __mapper_args__ = {"polymorphic_identity": "dog"}

    class Cat(Animal):
        __tablename__ = "cats"
        id = Column(ForeignKey("animals.id"), primary_key=True)
        lives = Column(Integer)
        __mapper_args__ = {"polymorphic_identity": "cat"}

    class Payment(Base):
        __tablename__ = "payments"
        id = Column(Integer, primary_key=True)
        type = Column(String)
        amount = Column(Integer)
        __mapper_args__ = {"polymorphic_on": "type", "polymorphic_identity": "payment"}

    class CardPayment(Payment):
        card = Column(String)
        __mapper_args__ = {"polymorphic_identity": "card"}

    return SimpleNamespace(**{name: value for name, value in locals().items() if name != "grown"})


def seed(session: Session, m: Any) -> None:
    """Two customers with two orders each, and a few rows of all else."""
    mentor = m.Customer(name="Ada", passport=m.Passport())
    pupil = m.Customer(name="Bob", passport=m.Passport(), mentor=mentor)
    tags = [m.Tag(name="fast"), m.Tag(name="gift")]
    for customer in (mentor, pupil):
        for status in ("new", "paid"):
            lines = [m.Line(price=3), m.Line(price=4)]
            customer.orders.append(m.Order(status=status, notes="n", lines=lines, tags=tags[:]))
    session.add_all([mentor, pupil, m.Dog(breed="pug", owner_id=None), m.Cat(lives=9)])
    mentor.friends.append(pupil)
    session.add_all([m.Shelf(site=1, number=n, tags=tags[:]) for n in (1, 2)])
    session.add_all([m.Payment(amount=1), m.CardPayment(amount=2, card="c")])
    session.commit()


Operation = Callable[[Session, Any], object]
OPERATIONS: dict[str, Operation] = {}


def _operation(function: Operation) -> Operation:
    OPERATIONS[function.__name__.replace("_", " ")] = function
    return function


def _all(session: Session, statement: Any) -> list[Any]:
    return list(session.scalars(statement).unique().all())


@_operation
def select_entity(s: Session, m: Any) -> None:
    _all(s, select(m.Order).where(m.Order.status == "new").order_by(m.Order.id).limit(2))


@_operation
def select_page(s: Session, m: Any) -> None:
    _all(s, select(m.Order).order_by(m.Order.id).limit(2).offset(1))
    _all(s, select(m.Order).order_by(m.Order.id).offset(1))


@_operation
def select_entities(s: Session, m: Any) -> None:
    s.execute(select(m.Order, m.Customer).join(m.Order.customer)).all()
    s.execute(select(m.Order.id, m.Order.status, func.count()).group_by(m.Order.id)).all()


@_operation
def select_predicates(s: Session, m: Any) -> None:
    _all(s, select(m.Order).where(m.Order.id.in_([1, 2, 3])))
    _all(s, select(m.Order).where(m.Order.id.in_([])))
    _all(s, select(m.Order).where(m.Order.id.not_in([1, 2])))
    _all(s, select(m.Order).where(m.Order.id.not_in([])))
    _all(s, select(m.Order).where(tuple_(m.Order.id, m.Order.status).in_([(1, "new"), (2, "x")])))
    _all(s, select(m.Order).where(m.Order.status.is_(None) | (m.Order.id > -5)))
    _all(s, select(m.Order).where(m.Order.status.like("n%"), ~m.Order.id.between(5, 9)))
    _all(s, select(m.Order).where(m.Order.lines.any(m.Line.price > 3)))
    _all(s, select(m.Order).where(~m.Order.customer.has(m.Customer.name == "Ada")))
    _all(s, select(m.Customer).where(exists().where(m.Order.customer_id == m.Customer.id)))
    _all(s, select(m.Order).where(m.Order.id.in_(select(m.Line.order_id))))
    _all(s, select(m.Order).where(m.Order.id == select(func.max(m.Order.id)).scalar_subquery()))
    _all(s, select(m.Order).where(and_(m.Order.status == bindparam("x", "new"), m.Order.id == 1)))


@_operation
def count_and_aggregate(s: Session, m: Any) -> None:
    s.scalar(select(func.count()).select_from(m.Order))
    s.scalar(select(func.count(m.Order.id)).where(m.Order.status == "new"))
    s.scalar(select(func.count()).select_from(select(m.Order).limit(2).subquery()))
    s.execute(select(m.Order.status, func.max(m.Order.id).label("top")).group_by(m.Order.status))
    s.query(m.Order).filter(m.Order.status == "new").count()
    s.query(m.Order).filter(m.Order.status == "new").first()
    s.query(s.query(m.Order).exists()).scalar()


@_operation
def get(s: Session, m: Any) -> None:
    s.get(m.Order, 1)
    s.get(m.Dog, 1)
    s.get(m.Order, 2, options=[joinedload(m.Order.customer), undefer(m.Order.notes)])


@_operation
def lazy_collection(s: Session, m: Any) -> None:
    for customer in _all(s, select(m.Customer)):
        for order in customer.orders:
            assert order.lines is not None


@_operation
def lazy_many_to_one(s: Session, m: Any) -> None:
    assert [order.customer.name for order in _all(s, select(m.Order))]
    assert [customer.mentor for customer in _all(s, select(m.Customer))]


@_operation
def lazy_one_to_one(s: Session, m: Any) -> None:
    assert [customer.passport.id for customer in _all(s, select(m.Customer))]
    assert [len(customer.pupils) for customer in _all(s, select(m.Customer))]


@_operation
def lazy_many_to_many(s: Session, m: Any) -> None:
    assert [[tag.name for tag in order.tags] for order in _all(s, select(m.Order))]


@_operation
def selectin(s: Session, m: Any) -> None:
    lines = selectinload(m.Customer.orders).selectinload(m.Order.lines)
    _all(s, select(m.Customer).options(lines))
    s.expunge_all()
    _all(s, select(m.Order).options(selectinload(m.Order.tags), selectinload(m.Order.customer)))
    s.expunge_all()
    _all(s, select(m.Customer).options(selectinload(m.Customer.passport)))
    s.expunge_all()
    _all(s, select(m.Customer).options(selectinload(m.Customer.pupils, recursion_depth=2)))


@_operation
def selectin_many_to_many(s: Session, m: Any) -> None:
    _all(s, select(m.Customer).options(selectinload(m.Customer.friends)))
    s.expunge_all()
    friends = selectinload(m.Customer.friends)
    _all(s, select(m.Customer).options(friends.joinedload(m.Customer.mentor)))
    s.expunge_all()
    tags = selectinload(m.Customer.orders).selectinload(m.Order.tags)
    _all(s, select(m.Customer).options(tags))
    s.expunge_all()
    assert [shelf.tags for shelf in _all(s, select(m.Shelf))]
    s.expunge_all()
    _all(s, select(m.Shelf).options(selectinload(m.Shelf.tags)))


@_operation
def joined(s: Session, m: Any) -> None:
    _all(s, select(m.Order).options(joinedload(m.Order.lines), joinedload(m.Order.customer)))
    s.expunge_all()
    _all(s, select(m.Customer).options(joinedload(m.Customer.orders).joinedload(m.Order.lines)))
    s.expunge_all()
    _all(s, select(m.Order).options(joinedload(m.Order.tags)).order_by(m.Order.id).limit(2))
    s.expunge_all()
    _all(s, select(m.Customer).options(joinedload(m.Customer.mentor).joinedload(m.Customer.mentor)))
    s.expunge_all()
    inner = joinedload(m.Order.customer, innerjoin=True)
    _all(s, select(m.Order).options(inner.joinedload(m.Customer.passport)).limit(1))


@_operation
def subquery(s: Session, m: Any) -> None:
    both = subqueryload(m.Customer.orders).subqueryload(m.Order.lines)
    _all(s, select(m.Customer).options(both))
    s.expunge_all()
    _all(s, select(m.Order).options(subqueryload(m.Order.tags)).order_by(m.Order.id).limit(2))
    s.expunge_all()
    _all(s, select(m.Order).options(immediateload(m.Order.customer)))


@_operation
def contained(s: Session, m: Any) -> None:
    eager = contains_eager(m.Order.lines)
    _all(s, select(m.Order).join(m.Order.lines).options(eager).where(m.Line.price > 3))
    other, third = aliased(m.Order), aliased(m.Order)
    pairs = select(m.Order).join(other, other.customer_id == m.Order.customer_id)
    _all(s, pairs.join(third, third.id > other.id).where(other.id == 1))


@_operation
def deferred_columns(s: Session, m: Any) -> None:
    order = _all(s, select(m.Order).options(defer(m.Order.status)).limit(1))[0]
    assert [order.status, order.notes, order.total]
    s.expunge_all()
    _all(s, select(m.Order).options(undefer(m.Order.notes), undefer(m.Order.total)))
    s.expunge_all()
    _all(s, select(m.Order).options(load_only(m.Order.status)))


@_operation
def expired_and_refreshed(s: Session, m: Any) -> None:
    order = s.get_one(m.Order, 1)
    s.expire(order)
    assert order.status
    s.expire(order, ["status"])
    assert order.status
    s.refresh(order)
    s.refresh(order, ["customer"])
    s.refresh(order, with_for_update=True)


@_operation
def polymorphic(s: Session, m: Any) -> None:
    assert [getattr(a, "breed", 0) or getattr(a, "lives", 0) for a in _all(s, select(m.Animal))]
    s.expunge_all()
    _all(s, select(with_polymorphic(m.Animal, [m.Dog, m.Cat])))
    s.expunge_all()
    _all(s, select(with_polymorphic(m.Animal, "*", aliased=True, flat=True)))
    s.expunge_all()
    _all(s, select(m.Animal).options(selectin_polymorphic(m.Animal, [m.Dog, m.Cat])))
    s.expunge_all()
    _all(s, select(m.Dog).where(m.Dog.breed == "pug"))
    assert [getattr(p, "card", None) for p in _all(s, select(m.Payment))]
    _all(s, select(m.CardPayment))


@_operation
def insert_rows(s: Session, m: Any) -> None:
    s.add(m.Customer(name="one"))
    s.flush()
    s.add_all([m.Customer(name=str(n)) for n in range(5)])
    s.flush()
    s.add_all([m.Dog(breed="x"), m.Dog(breed="y"), m.Cat()])
    s.flush()
    s.execute(insert(m.Tag), [{"name": "a"}, {"name": "b"}])
    s.execute(insert(m.Tag).values([{"name": "a"}, {"name": "b"}]))
    s.scalars(insert(m.Tag).returning(m.Tag), [{"name": "a"}, {"name": "b"}]).all()
    s.bulk_save_objects([m.Tag(name="c"), m.Tag(name="d")])
    s.bulk_insert_mappings(m.Tag, [{"name": "e"}, {"name": "f"}])
    s.execute(insert(m.Tag).from_select(["name"], select(m.Customer.name)))


@_operation
def update_rows(s: Session, m: Any) -> None:
    orders = _all(s, select(m.Order).order_by(m.Order.id))
    orders[0].status = "sent"
    s.flush()
    orders[0].status, orders[0].notes, orders[1].status = "back", "m", "back"
    s.flush()
    s.execute(update(m.Order).where(m.Order.status == "new").values(status="old"))
    s.execute(update(m.Order), [{"id": 1, "status": "a"}, {"id": 2, "status": "b"}])
    raised = update(m.Line).where(m.Line.order_id == 1).values(price=m.Line.price + 1)
    s.execute(raised.returning(m.Line.id)).all()


@_operation
def delete_rows(s: Session, m: Any) -> None:
    s.delete(_all(s, select(m.Line).limit(1))[0])
    s.flush()
    s.execute(delete(m.Line).where(m.Line.price > 3))
    order = _all(s, select(m.Order).limit(1))[0]
    order.tags.clear()
    s.flush()


@_operation
def common_table_expressions_and_unions(s: Session, m: Any) -> None:
    paid = select(m.Order).where(m.Order.status == "paid").cte()
    s.execute(select(paid.c.id).join(m.Line, m.Line.order_id == paid.c.id)).all()
    _all(s, select(aliased(m.Order, paid)))
    tree = select(m.Customer.id).where(m.Customer.id == 1).cte("tree", recursive=True)
    below = select(m.Customer.id).join(tree, m.Customer.mentor_id == tree.c.id)
    s.execute(select(tree.union_all(below))).all()
    first, second = select(m.Order).where(m.Order.id == 1), select(m.Order).where(m.Order.id == 2)
    _all(s, select(m.Order).from_statement(union_all(first, second)))
    _all(s, select(aliased(m.Order, union(first, second).subquery())))
    s.execute(union(select(m.Order.status), select(literal("x")))).all()
    numbered = func.row_number().over(partition_by=m.Line.order_id, order_by=m.Line.price.desc())
    ranked = select(m.Line, numbered.label("rank")).subquery()
    _all(s, select(aliased(m.Line, ranked)).where(ranked.c.rank <= 2))


@_operation
def relationship_predicates(s: Session, m: Any) -> None:
    customer = s.get_one(m.Customer, 1)
    _all(s, select(m.Order).where(m.Order.customer == customer))
    _all(s, select(m.Tag).join(m.Order.tags).where(m.Order.id == 1))
    _all(s, select(m.Order).options(lazyload(m.Order.customer)).with_for_update())


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """Collect what is sent to the database."""
    sent: list[str] = []

    def listen(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", listen)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", listen)


def run(engine: Engine, m: Any) -> dict[str, list[str]]:
    """Run every operation on a fresh schema, each in a session and transaction of its own."""
    m.Base.metadata.create_all(engine)
    with Session(engine) as session:
        seed(session, m)
    texts: dict[str, list[str]] = {}
    for name, operation in OPERATIONS.items():
        with Session(engine) as session, statements(engine) as sent:
            operation(session, m)
            session.rollback()
        texts[name] = sent
    m.Base.metadata.drop_all(engine)
    return texts
