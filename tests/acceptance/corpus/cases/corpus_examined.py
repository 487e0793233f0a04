"""What an examiner met who knew only what the rules promise."""

import asyncio

from celery import Celery
from shop.models import Customer, Order, Product, Setting, Tag
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import object_session, sessionmaker


def build_overview(session):
    return [
        (order.id, order.customer.name)  # expect[function_named_like_a_maker]: QS101 Order.customer
        for order in session.scalars(select(Order))  # parent[function_named_like_a_maker]:
    ]


def test_function_named_like_a_maker(session):  # bad
    assert len(build_overview(session)) > 2


def make_customer(session, name):
    if session.scalar(select(Customer.id).where(Customer.name == name)) is None:
        session.add(Customer(name=name))
        session.flush()


def test_maker_that_makes(session):  # good
    for name in ("Ida", "Jo", "Kim"):
        make_customer(session, name)
    assert session.scalars(select(Customer.name).where(Customer.name == "Jo")).all() == ["Jo"]


def test_parents_of_the_third_level(session):  # bad
    customers = session.scalars(select(Customer)).all()  # parent:
    names = set()
    for customer in customers:
        for order in customer.orders:  # expect: QS101 Customer.orders
            for line in order.lines:  # expect: QS101 Order.lines
                names.add(line.product.name)  # expect: QS101 Line.product
    assert names


def rate(product):
    session = object_session(product)
    return session.scalar(  # expect[constant_question_of_each_row]: QS105
        select(Setting.value).where(Setting.name == "currency")
    )


def priced(session):
    return [f"{product.price} {rate(product)}" for product in session.scalars(select(Product))]


def test_constant_question_of_each_row(session):  # bad
    assert len(priced(session)) > 2


def claim(sessions, wanted):
    """Try another name after each that somebody else took first."""
    for attempt in range(3):
        with sessions() as session:
            session.scalar(select(Tag.id).where(Tag.name == wanted[attempt]))
            try:
                session.add(Tag(id=1 if attempt < 2 else 99, name=wanted[attempt]))
                session.commit()
            except IntegrityError:
                session.rollback()
                continue
            return wanted[attempt]
    return None


def test_another_name_after_each_failure(shop_engine):  # good
    assert claim(sessionmaker(shop_engine), ["a", "b", "c"]) == "c"


def reprice(session, prices):
    for product_id, price in prices.items():
        session.execute(  # expect[session_updates_with_other_values]: QS106
            update(Product).where(Product.id == product_id).values(price=price)
        )
    session.commit()


def test_session_updates_with_other_values(session):  # bad
    # cure-contains: session.connection().execute(update(Product)
    reprice(session, {1: 5, 2: 6, 3: 7})
    assert session.get(Product, 2).price == 6


def quantities(connection, order_ids):
    return [
        connection.execute(  # expect[one_value_of_each_text]: QS103
            text("SELECT sum(quantity) FROM lines WHERE order_id = :order"), {"order": order_id}
        ).scalar_one()
        for order_id in order_ids
    ]


def test_one_value_of_each_text(session):  # bad
    # cure-contains: found.get(order_id)
    assert sum(quantities(session.connection(), [1, 2, 3])) > 0


async def stock_of(sessions, product_id):
    async with sessions() as session:
        return await session.scalar(  # expect[fan_out_names_its_rows]: QS103
            select(Product.name).where(Product.id == product_id)
        )


async def all_stock(sessions):
    async with sessions() as session:
        ids = (await session.scalars(select(Product.id))).all()  # parent[fan_out_names_its_rows]:
    return await asyncio.gather(*(stock_of(sessions, each) for each in ids))


async def test_fan_out_names_its_rows(async_shop):  # bad
    assert len(await all_stock(async_shop)) > 2


celery = Celery("mail", set_as_current=False)
celery.conf.task_always_eager = True
opened = {}


@celery.task
def mail(customer_id):
    with opened["sessions"]() as session:
        return session.get(Customer, customer_id).name


def mail_everybody():
    with opened["sessions"]() as session:
        ids = session.scalars(select(Customer.id)).all()
    for each in ids:
        mail.delay(each)


def test_one_task_for_each_row(shop_engine):  # good
    # allow: QS402
    opened["sessions"] = sessionmaker(shop_engine)
    mail_everybody()


@celery.task
def mail_orders():
    with opened["sessions"]() as session:
        return [
            order.customer.name  # expect[task_with_a_loop]: QS101 Order.customer
            for order in session.scalars(select(Order)).all()  # parent[task_with_a_loop]:
        ]


def test_task_with_a_loop(shop_engine):  # bad
    opened["sessions"] = sessionmaker(shop_engine)
    assert mail_orders.delay().get()


def register(session, names):
    ids = {}
    for name in names:
        customer = Customer(name=name)
        session.add(customer)
        session.commit()  # expect[keys_of_rows_made_one_by_one]: QS106
        ids[name] = customer.id  # expect[keys_of_rows_made_one_by_one]: QS102
    return ids


def test_keys_of_rows_made_one_by_one(session):  # bad
    # cure-contains: customers.append((customer, name))
    # cure-contains: session.flush()
    assert len(register(session, ["Ida", "Jo", "Kim"])) == 3
