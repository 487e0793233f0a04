"""Rows written one by one, and queries that writing sends."""

from blog.models import Post, Tag
from hr.models import Department, Skill
from school.models import Enrolment, Room
from shop.importing import (
    Store,
    close_orders,
    delete_audit,
    import_customers,
    import_tags,
    log_all,
    log_by_text,
    merge_products,
    raise_prices,
    sync_categories,
)
from shop.models import (
    AuditEntry,
    Category,
    Customer,
    Order,
    Payment,
    Product,
    Setting,
)
from shop.models import (
    Tag as Label,
)
from sqlalchemy import event, func, select
from sqlalchemy.dialects.sqlite import insert as upsert
from stock.tables import items, movements, stock, warehouses

NAMES = ["Anna", "Bea", "Cleo", "Dora"]


def total(session, model):
    return session.scalar(select(func.count()).select_from(model))


def test_core_insert_in_a_loop(stock_engine):  # bad
    with stock_engine.begin() as connection:
        for number in range(5):
            connection.execute(items.insert().values(sku=f"N{number}", name="new"))  # expect: QS106
    # cure-contains: insert(


def test_core_insert_with_parameters_in_a_loop(stock_engine):  # bad
    rows = [{"city": city} for city in ("Chur", "Genf", "Lugano")]
    with stock_engine.begin() as connection:
        for row in rows:
            connection.execute(warehouses.insert(), row)  # expect: QS106


def test_driver_sql_insert_in_a_loop(stock_engine):  # bad
    changes = [(1, 5), (2, -3), (3, 8)]
    with stock_engine.begin() as connection:
        for change in changes:
            connection.exec_driver_sql(  # expect: QS106
                "INSERT INTO movements (stock_id, change) VALUES (?, ?)", change
            )


def test_core_update_in_a_loop(stock_engine):  # bad
    with stock_engine.begin() as connection:
        for key, quantity in connection.execute(select(stock.c.id, stock.c.quantity)).all():
            query = stock.update().where(stock.c.id == key)
            connection.execute(query.values(quantity=quantity + key))  # expect: QS106


def test_core_delete_in_a_loop(stock_engine):  # bad
    with stock_engine.begin() as connection:
        keys = connection.scalars(select(movements.c.id).where(movements.c.change < 0)).all()
        for key in keys:
            connection.execute(movements.delete().where(movements.c.id == key))  # expect: QS106


def test_transaction_per_row(stock_engine):  # bad
    for name in ("Olten", "Thun", "Wil"):
        with stock_engine.begin() as connection:
            connection.execute(warehouses.insert().values(city=name))  # expect: QS106


def test_add_and_flush(session):  # bad
    import_customers(session, NAMES)
    assert total(session, Customer) == 8
    # cure-contains: add_all(


def test_add_and_commit(session):  # bad
    import_tags(session, NAMES)
    assert total(session, Label) == 7


def test_add_commit_and_refresh(session):  # bad
    created = []
    for name in NAMES:
        tag = Label(name=name)
        session.add(tag)
        session.commit()  # expect: QS106
        session.refresh(tag)  # expect: QS102
        created.append(tag.id)
    assert len(created) == 4


def test_orm_insert_in_a_loop(session):  # bad
    log_all(session, NAMES)
    assert total(session, AuditEntry) == 4


def test_text_insert_in_a_loop(session):  # bad
    log_by_text(session, NAMES)
    assert total(session, AuditEntry) == 4


def test_attribute_change_and_commit(session):  # bad
    # allow: QS102
    assert close_orders(session) == 8


def test_attribute_change_and_flush(hr_session):  # bad
    for department in hr_session.scalars(select(Department)).all():
        department.name = department.name.upper()
        hr_session.flush()  # expect: QS106
    hr_session.commit()


def test_update_in_a_loop(session):  # bad
    raise_prices(session)
    assert session.scalar(select(func.sum(Product.price))) == 42


def test_legacy_query_update_per_id(school_session):  # bad
    for (key,) in school_session.query(Room.id).all():
        query = school_session.query(Room).filter(Room.id == key)
        query.update({Room.seats: 20 + key})  # expect: QS106
    school_session.commit()


def test_legacy_query_delete_per_id(school_session):  # bad
    keys = [key for (key,) in school_session.query(Enrolment.id).limit(4)]
    for key in keys:
        school_session.query(Enrolment).filter_by(id=key).delete()  # expect: QS106
    school_session.commit()
    assert school_session.query(Enrolment).count() == 4


def test_delete_in_a_loop(session):  # bad
    session.add_all([AuditEntry(text=name) for name in NAMES])
    session.commit()
    delete_audit(session, [1, 2, 3])
    assert total(session, AuditEntry) == 1


def test_delete_and_flush(session):  # bad
    payments = session.scalars(select(Payment)).all()
    for payment in payments:
        session.delete(payment)
        session.flush()  # expect: QS106
    session.commit()


def test_repository_that_commits(session):  # bad
    Store(session).save_each([Label(name=name) for name in NAMES])
    assert total(session, Label) == 7


def test_merge_in_a_loop(session):  # bad
    merge_products(session, [{"id": key, "name": f"renamed {key}"} for key in (1, 2, 3, 4)])
    assert session.scalar(select(Product.name).where(Product.id == 2)) == "renamed 2"


def test_get_or_create_each(session):  # bad
    sync_categories(session, ["tea", "cups", "plates", "spoons"])
    assert total(session, Category) == 5


def test_upsert_in_a_loop(session):  # bad
    for name, value in {"vat": "7.7", "currency": "EUR", "locale": "de"}.items():
        statement = upsert(Setting).values(name=name, value=value)
        session.execute(  # expect: QS106
            statement.on_conflict_do_update(
                index_elements=["name"], set_={"value": statement.excluded.value}
            )
        )
    assert total(session, Setting) == 3


def test_counter_incremented_per_row(blog_sessions):  # bad
    with blog_sessions.begin() as session:
        for post in session.scalars(select(Post)).all():
            post.views = Post.views + 1
            session.flush()  # expect: QS106


def test_association_flushed_per_row(blog_sessions):  # bad
    with blog_sessions.begin() as session:
        tag = Tag(name="new")
        session.add(tag)
        posts = session.scalars(select(Post)).all()  # parent: Post.tags
        for post in posts:
            post.tags.append(tag)  # expect: QS101 Post.tags
            session.flush()  # expect: QS106


def test_bulk_call_with_one_row_each(hr_session):  # bad
    for key in (2, 3, 5):
        hr_session.bulk_save_objects([Skill(employee_id=key, name="chess")])  # expect: QS106
    hr_session.commit()


def test_audit_listener_writes_per_row(session):  # bad
    def audit(mapper, connection, target):
        statement = AuditEntry.__table__.insert().values(text=target.name)
        connection.execute(statement)  # either: QS106

    event.listen(Label, "after_insert", audit)
    try:
        session.add_all([Label(name=name) for name in NAMES])
        session.commit()  # either: QS106
    finally:
        event.remove(Label, "after_insert", audit)


def test_before_flush_listener_reads_per_row(session):  # bad
    def check(session, context, instances):
        for thing in session.new:
            query = select(Customer.id).where(Customer.name == thing.name)
            assert session.scalar(query) is None  # expect: QS103

    event.listen(session, "before_flush", check)
    session.add_all([Customer(name=name) for name in NAMES])
    session.commit()


def test_load_listener_reads_per_row(session):  # bad
    def count(target, context):
        query = select(func.count()).select_from(Payment).where(Payment.order_id == target.id)
        target.payment_count = context.session.scalar(query)  # either: QS103|QS104

    event.listen(Order, "load", count)
    try:
        orders = session.scalars(select(Order)).all()  # either: QS103|QS104
        assert {order.payment_count for order in orders} == {2}
    finally:
        event.remove(Order, "load", count)
