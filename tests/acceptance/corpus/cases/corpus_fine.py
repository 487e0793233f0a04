"""Code that is as it should be: nothing of it may be reported."""

import asyncio
import functools
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from blog.models import Author, Comment, Post, Tag
from hr.models import Department, Employee, Engineer, Manager
from shop.models import AuditEntry, Category, Customer, Line, Order, Payment, Product, Setting
from shop.models import Tag as Label
from sqlalchemy import delete, event, exists, func, insert, literal, select, text, tuple_, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import (
    Session,
    contains_eager,
    joinedload,
    load_only,
    raiseload,
    selectin_polymorphic,
    selectinload,
    subqueryload,
    undefer,
)


def test_fine_selectin(session):  # good
    orders = session.scalars(select(Order).options(selectinload(Order.lines))).all()
    assert sum(line.quantity for order in orders for line in order.lines) == 24


def test_fine_subquery(session):  # good
    customers = session.scalars(select(Customer).options(subqueryload(Customer.orders))).all()
    assert {len(customer.orders) for customer in customers} == {2}


def test_fine_joined(session):  # good
    query = select(Line).options(joinedload(Line.product))
    total = sum(line.product.price * line.quantity for line in session.scalars(query))
    assert total > 0


def test_fine_nested_eager(session):  # good
    query = select(Customer).options(
        selectinload(Customer.orders).selectinload(Order.lines).joinedload(Line.product)
    )
    names = set()
    for customer in session.scalars(query):
        for order in customer.orders:
            names |= {line.product.name for line in order.lines}
    assert len(names) == 6


def test_fine_contains_eager(session):  # good
    query = (
        select(Order)
        .join(Order.lines)
        .where(Line.quantity == 2)
        .options(contains_eager(Order.lines))
    )
    orders = session.scalars(query).unique().all()
    assert all(line.quantity == 2 for order in orders for line in order.lines)


def test_fine_raiseload(session):  # good
    query = select(Order).options(joinedload(Order.customer), raiseload("*"))
    assert {order.customer.city for order in session.scalars(query)} == {"Zürich"}


def test_fine_selectin_in_chunks(session):  # good
    tag = Label(name="bulk")
    session.add_all([Product(name=f"bulk {n}", price=1, tags=[tag]) for n in range(1100)])
    session.commit()
    session.expunge_all()
    query = select(Product).where(Product.name.like("bulk%")).options(selectinload(Product.tags))
    assert sum(len(product.tags) for product in session.scalars(query)) == 1100


def names_of(session, keys, size=2):
    found = {}
    for start in range(0, len(keys), size):
        chunk = keys[start : start + size]
        query = select(Product.id, Product.name).where(Product.id.in_(chunk))
        found |= dict(session.execute(query).all())
    return found


def test_fine_chunks_of_keys(session):  # good
    assert len(names_of(session, [1, 2, 3, 4, 5, 6])) == 6


def test_fine_chunks_with_a_short_last_one(session):  # good
    assert len(names_of(session, [1, 2, 3, 4, 5], size=2)) == 5


def test_fine_yield_per(session):  # good
    query = select(Line).execution_options(yield_per=5)
    assert sum(line.quantity for line in session.scalars(query)) == 24


def test_fine_partitions_with_eager_load(session):  # good
    query = select(Order).options(selectinload(Order.lines)).execution_options(yield_per=3)
    seen = 0
    for part in session.scalars(query).partitions():
        seen += sum(len(order.lines) for order in part)
    assert seen == 16


def pages(session, size):
    offset = 0
    while True:
        query = select(Order).order_by(Order.id).offset(offset).limit(size)
        page = session.scalars(query).all()
        if not page:
            return
        yield from page
        offset += size


def test_fine_offset_pages(session):  # good
    assert len([order.id for order in pages(session, 3)]) == 8


def after(session, size):
    last = 0
    while page := session.scalars(
        select(Line).where(Line.id > last).order_by(Line.id).limit(size)
    ).all():
        yield page
        last = page[-1].id


def test_fine_keyset_pages(session):  # good
    assert sum(len(page) for page in after(session, 5)) == 16


def test_fine_keyset_of_two_columns(session):  # good
    name, key, seen = "", 0, []
    while True:
        rows = session.execute(
            select(Customer.name, Customer.id)
            .where((Customer.name > name) | ((Customer.name == name) & (Customer.id > key)))
            .order_by(Customer.name, Customer.id)
            .limit(2)
        ).all()
        if not rows:
            break
        seen += rows
        name, key = rows[-1]
    assert len(seen) == 4


def test_fine_keyset_in_two_directions(session):  # good
    key, total, seen = 10**6, -1, 0
    while True:
        page = session.execute(
            select(Order.id, Order.total)
            .where(tuple_(Order.total, literal(key)) > tuple_(literal(total), Order.id))
            .order_by(Order.total, Order.id.desc())
            .limit(3)
        ).all()
        if not page:
            break
        seen += len(page)
        key, total = page[-1].id, page[-1].total
    assert seen == 8


def test_fine_keyset_named_before_the_column(session):  # good
    last, seen = 0, 0
    while page := session.execute(
        text("SELECT id FROM lines WHERE :last < id ORDER BY id LIMIT 5"), {"last": last}
    ).all():
        last, seen = page[-1].id, seen + len(page)
    assert seen == 16


def test_fine_pages_by_range(session):  # good
    count = session.scalar(select(func.count()).select_from(Order))
    got = []
    for page in range(0, count, 3):
        got += session.scalars(select(Order.id).order_by(Order.id).limit(3).offset(page)).all()
    assert len(got) == count


def test_fine_legacy_slices(session):  # good
    got = []
    for start in (0, 3, 6):
        got += session.query(Order).order_by(Order.id)[start : start + 3]
    assert len(got) == 8


def wait_until_paid(engine, key, attempts=5):
    for _ in range(attempts):
        with Session(engine) as session:
            status = session.scalar(select(Order.status).where(Order.id == key))
            if status == "paid":
                return True
        time.sleep(0.001)
    return False


def test_fine_polling(shop_engine):  # good
    assert wait_until_paid(shop_engine, 1) is False


def test_fine_polling_while(session):  # good
    left = 3
    while session.scalar(select(Order.status).where(Order.id == 1)) != "shipped":
        left -= 1
        if left == 0:
            session.execute(update(Order).where(Order.id == 1).values(status="shipped"))
    assert left == 0


def pay(session, key):
    for attempt in range(3):
        try:
            order = session.get(Order, key)
            order.status = f"paid {attempt}"
            if attempt < 2:
                raise OperationalError("UPDATE", {}, Exception("locked"))
            session.commit()
            return attempt
        except OperationalError:
            session.rollback()
    return None


def test_fine_retry_after_rollback(session):  # good
    assert pay(session, 1) == 2


def retried(function):
    @functools.wraps(function)
    def wrapper(session, *arguments):
        for attempt in range(4):
            try:
                return function(session, *arguments, attempt)
            except IntegrityError:
                session.rollback()
        raise AssertionError

    return wrapper


@retried
def book(session, attempt):
    known = session.scalar(select(func.max(Setting.name)))
    session.add(Setting(name="vat" if attempt < 2 else f"{known}!", value="1"))
    session.commit()


def test_fine_retry_on_integrity_error(session):  # good
    book(session)
    assert session.scalar(select(func.count()).select_from(Setting)) == 3


def create(session, name):
    customer = Customer(name=name)
    session.add(customer)
    session.commit()
    session.refresh(customer)
    return customer


def test_fine_acts_in_a_loop(session):  # good
    for name in ("Ada", "Bob", "Cleo"):
        assert create(session, name).id
    assert session.scalar(select(func.count()).select_from(Customer)) == 7


def test_fine_acts_in_a_comprehension(session):  # good
    made = [create(session, name) for name in ("Ada", "Bob", "Cleo")]
    assert [customer.name for customer in made] == ["Ada", "Bob", "Cleo"]


def rename(session, key, name):
    customer = session.get(Customer, key)
    customer.name = name
    session.commit()


def find(session, key):
    return session.scalars(select(Customer).where(Customer.id == key)).one_or_none()


def test_fine_act_read_act(session):  # good
    made = create(session, "Dora")
    assert find(session, made.id).name == "Dora"
    rename(session, made.id, "Eve")
    assert find(session, made.id).name == "Eve"
    session.execute(delete(Customer).where(Customer.id == made.id))
    session.commit()
    assert find(session, made.id) is None


def test_fine_assertions_repeat(session):  # good
    count = select(func.count()).select_from(AuditEntry)
    assert session.scalar(count) == 0
    session.add(AuditEntry(text="a"))
    session.flush()
    assert session.scalar(count) == 1
    session.add(AuditEntry(text="b"))
    session.flush()
    assert session.scalar(count) == 2


def test_fine_assertions_in_a_loop(session):  # good
    session.execute(update(Order).where(Order.id.in_([1, 2, 3])).values(status="done"))
    session.commit()
    for key in (1, 2, 3):
        assert session.get(Order, key).status == "done"


def test_fine_assertions_over_cases(session):  # good
    for key, name in ((1, "customer 0"), (2, "customer 1"), (3, "customer 2")):
        found = session.scalars(select(Customer).where(Customer.id == key)).one()
        assert found.name == name


@pytest.fixture
def three_orders(session):
    orders = []
    for number in range(3):
        order = Order(customer_id=1, total=number)
        session.add(order)
        session.flush()
        session.refresh(order)
        orders.append(order)
    session.commit()
    return orders


def test_fine_set_up_in_a_fixture(session, three_orders):  # good
    total = session.scalar(select(func.sum(Order.total)).where(Order.customer_id == 1))
    assert total > 2


@pytest.fixture
def make_order(session):
    def make(**values):
        order = Order(customer_id=1, **values)
        session.add(order)
        session.commit()
        return order

    return make


def test_fine_factory_fixture(session, make_order):  # good
    for total in (1, 2, 3):
        make_order(total=total)
    orders = [make_order(total=total) for total in (4, 5)]
    assert len(orders) == 2


def dashboard(session):
    return {
        "user": session.get(Customer, 1).name,
        "settings": session.scalars(select(Setting.value).order_by(Setting.name)).all(),
    }


def sidebar(session):
    return session.scalars(select(Setting.value).order_by(Setting.name)).all()


def test_fine_two_screens(session):  # good
    first = dashboard(session)
    assert first["settings"] == sidebar(session)


def test_fine_two_screens_with_sessions(blog_sessions):  # good
    def screen():
        with blog_sessions() as session:
            return session.scalars(select(Post.title).order_by(Post.id)).all()

    assert screen() == screen()


def test_fine_add_all(session):  # good
    session.add_all([AuditEntry(text=str(number)) for number in range(20)])
    session.commit()
    assert session.scalar(select(func.count()).select_from(AuditEntry)) == 20


def test_fine_add_in_a_loop_and_one_flush(session):  # good
    for number in range(10):
        session.add(AuditEntry(text=str(number)))
    session.commit()


def test_fine_update_in_memory_and_one_commit(session):  # good
    for order in session.scalars(select(Order)).all():
        order.status = f"state {order.id}"
    session.commit()


def test_fine_delete_in_memory_and_one_commit(session):  # good
    for payment in session.scalars(select(Payment)).all():
        session.delete(payment)
    session.commit()


def test_fine_executemany(session):  # good
    session.execute(insert(AuditEntry), [{"text": str(number)} for number in range(5)])
    session.connection().execute(
        text("INSERT INTO audit (text) VALUES (:text)"), [{"text": "a"}, {"text": "b"}]
    )


def test_fine_bulk_update(session):  # good
    session.execute(update(Order).where(Order.id < 5).values(status="old"))
    session.execute(delete(Payment).where(Payment.order_id.in_([1, 2])))


def test_fine_identity_map(session):  # good
    customers = {customer.id: customer for customer in session.scalars(select(Customer))}
    orders = session.scalars(select(Order)).all()
    assert {order.customer.name for order in orders} == {c.name for c in customers.values()}


def test_fine_one_parent(session):  # good
    order = session.get(Order, 1)
    assert sum(line.quantity for line in order.lines) == 3
    assert order.customer.name


def test_fine_undefer(session):  # good
    products = session.scalars(select(Product).options(undefer(Product.description))).all()
    assert {product.description for product in products}


def test_fine_load_only(session):  # good
    query = select(Customer).options(load_only(Customer.name))
    assert [customer.name for customer in session.scalars(query)]


def test_fine_expire_on_commit_off(shop_engine):  # good
    with Session(shop_engine, expire_on_commit=False) as session:
        orders = session.scalars(select(Order)).all()
        session.commit()
        assert {order.status for order in orders} == {"open"}


def test_fine_refresh_once(session):  # good
    order = session.get(Order, 1)
    session.execute(update(Order).where(Order.id == 1).values(status="x"))
    session.refresh(order)
    assert order.status == "x"


def work_off(session):
    done = 0
    while True:
        job = session.scalars(
            select(Order)
            .where(Order.status == "open")
            .order_by(Order.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).first()
        if job is None:
            return done
        job.status = "done"
        session.commit()
        done += 1


def test_fine_worker_queue(session):  # good
    assert work_off(session) == 8


def test_fine_delete_in_batches(session):  # good
    while keys := session.scalars(select(Payment.id).limit(3)).all():
        session.execute(delete(Payment).where(Payment.id.in_(keys)))
        session.commit()


def test_fine_health_check(shop_engine):  # good
    for _ in range(3):
        with shop_engine.connect() as connection:
            assert connection.scalar(text("SELECT 1")) == 1


def get_or_create(session, name):
    found = session.scalars(select(Label).where(Label.name == name)).one_or_none()
    if found is None:
        found = Label(name=name)
        session.add(found)
        session.flush()
    return found


def test_fine_get_or_create_once(session):  # good
    assert get_or_create(session, "rare") is get_or_create(session, "rare")


def listing(session, page):
    count = session.scalar(select(func.count()).select_from(Order))
    query = select(Order).options(joinedload(Order.customer)).order_by(Order.id)
    rows = session.scalars(query.limit(3).offset(3 * page)).all()
    return count, [f"{order.id} {order.customer.name}" for order in rows]


def test_fine_count_and_page(session):  # good
    count, rows = listing(session, 1)
    assert (count, len(rows)) == (8, 3)


def settle(session, key):
    before = session.scalar(select(Order.status).where(Order.id == key))
    session.execute(update(Order).where(Order.id == key).values(status="settled"))
    session.commit()
    after = session.scalar(select(Order.status).where(Order.id == key))
    return before, after


def test_fine_read_write_read(session):  # good
    assert settle(session, 1) == ("open", "settled")


def statuses(session):
    return {
        status: session.scalar(select(func.count()).where(Order.status == status))
        for status in ("open", "paid", "shipped")
    }


def test_fine_a_few_names(session):  # good
    assert statuses(session)["open"] == 8


def test_fine_recursive_cte(hr_session):  # good
    tree = (
        select(Department.id, Department.parent_id)
        .where(Department.parent_id.is_(None))
        .cte(recursive=True)
    )
    below = select(Department.id, Department.parent_id).join(
        tree, Department.parent_id == tree.c.id
    )
    assert len(hr_session.execute(select(tree.union_all(below).c.id)).all()) == 7


def test_fine_recursive_selectin(hr_session):  # good
    root = hr_session.scalars(
        select(Department)
        .where(Department.parent_id.is_(None))
        .options(selectinload(Department.children, recursion_depth=-1))
    ).one()

    def size(department):
        return 1 + sum(size(child) for child in department.children)

    assert size(root) == 7


def test_fine_polymorphic(hr_session):  # good
    query = select(Employee).options(selectin_polymorphic(Employee, [Engineer, Manager]))
    for employee in hr_session.scalars(query):
        assert employee.name
        if isinstance(employee, Engineer):
            assert employee.language is not None or employee.language is None


def test_fine_two_selectin_collections(session):  # good
    query = select(Order).options(selectinload(Order.lines), selectinload(Order.payments))
    for order in session.scalars(query):
        assert order.lines and order.payments


def test_fine_joined_and_selectin(session):  # good
    query = select(Order).options(joinedload(Order.lines), selectinload(Order.payments))
    for order in session.scalars(query).unique():
        assert order.lines and order.payments


def test_fine_joined_collection_and_object(session):  # good
    query = select(Order).options(joinedload(Order.lines), joinedload(Order.customer))
    for order in session.scalars(query).unique():
        assert order.lines and order.customer


def test_fine_filter_by_two_joins(session):  # good
    query = (
        select(Order)
        .join(Order.lines)
        .join(Order.payments)
        .where(Line.quantity == 1, Payment.amount > 0)
        .distinct()
    )
    assert len([order.id for order in session.scalars(query)]) == 8


def test_fine_eager_load_of_nothing(session):  # good
    query = select(Order).where(Order.id > 999).options(selectinload(Order.lines))
    assert session.scalars(query).all() == []


def test_fine_exists(session):  # good
    assert session.scalar(select(exists().where(Order.customer_id == 1)))
    assert session.scalar(select(func.count()).select_from(Order)) == 8


def test_fine_group_by(session):  # good
    query = select(Order.customer_id, func.count()).group_by(Order.customer_id)
    counts = dict(session.execute(query).all())
    assert [counts[customer.id] for customer in session.scalars(select(Customer))] == [2, 2, 2, 2]


def test_fine_lookup_table(session):  # good
    categories = dict(session.execute(select(Category.id, Category.name)).all())
    products = session.scalars(select(Product)).all()
    assert {categories[product.category_id] for product in products} == {"tea", "coffee", "cups"}


def test_fine_len_of_rows_that_are_used(session):  # good
    rows = session.scalars(select(Customer)).all()
    names = [row.name for row in rows]
    assert len(rows) == len(names)


def test_fine_len_in_the_assertion(session):  # good
    assert len(session.scalars(select(Customer)).all()) == 4


async def test_fine_async_eager(async_blog):  # good
    async with async_blog() as session:
        posts = (await session.scalars(select(Post).options(selectinload(Post.comments)))).all()
        assert sum(len(post.comments) for post in posts) > 0


async def test_fine_gather_of_different_queries(async_blog):  # good
    async def count(model):
        async with async_blog() as session:
            return await session.scalar(select(func.count()).select_from(model))

    authors, posts, tags = await asyncio.gather(count(Author), count(Post), count(Tag))
    assert authors and posts and tags


async def publish(maker, title):
    async with maker.begin() as session:
        author = await session.get(Author, 1)
        session.add(Post(title=title, author_id=author.id))


async def test_fine_concurrent_acts(async_blog):  # good
    await asyncio.gather(*(publish(async_blog, title) for title in ("a", "b")))


def test_fine_threads_as_acts(blog_sessions):  # good
    def views(key):
        with blog_sessions() as session:
            return session.scalar(select(Post.views).where(Post.id == key))

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.submit(views, 1), pool.submit(views, 2)
        assert first.result() is not None and second.result() is not None


async def test_fine_async_pages(async_blog):  # good
    seen, offset = 0, 0
    async with async_blog() as session:
        while True:
            query = select(Comment.id).order_by(Comment.id).limit(4).offset(offset)
            rows = (await session.scalars(query)).all()
            seen += len(rows)
            offset += 4
            if len(rows) < 4:
                break
    assert seen > 4


def test_fine_import_with_savepoints(session):  # good
    kept = 0
    for name in ("vat", "shipping", "vat", "terms"):
        try:
            with session.begin_nested():
                session.add(Setting(name=name, value="1"))
                session.flush()
            kept += 1
        except IntegrityError:
            pass
    assert kept == 2


def test_fine_listener_that_writes_nothing(session):  # good
    seen = []
    event.listen(session, "after_flush", lambda s, c: seen.append(len(s.new)))
    session.add_all([AuditEntry(text="a"), AuditEntry(text="b")])
    session.commit()
    assert seen


def test_fine_write_only_relation_once(blog_sessions):  # good
    with blog_sessions() as session:
        author = session.get(Author, 1)
        assert len(session.scalars(author.visits.select().limit(3)).all()) <= 3
        assert author.drafts.limit(2).all()


def test_fine_range_windows(session):  # good
    found = []
    for low in range(1, 17, 4):
        query = select(Line.id).where(Line.id >= low, Line.id < low + 4)
        found += session.scalars(query).all()
    assert len(found) == 16


def test_fine_flush_within_a_flush(hr_session):  # good
    with Session(hr_session.get_bind()) as history:

        def keep(_session, _context, _objects):
            history.add(Department(name="history"))
            history.flush()

        event.listen(hr_session, "before_flush", keep)
        department = Department(name="all")
        for name in ("some", "few", "one"):
            department = Department(name=name, parent=department)
        hr_session.add(department)
        hr_session.flush()
        event.remove(hr_session, "before_flush", keep)
    assert department.parent.parent.name == "some"


def test_fine_each_column_by_a_statement_of_its_own(session):  # good
    totals = {
        Product.name: select(func.max(Category.name)).scalar_subquery(),
        Product.price: select(func.count()).select_from(Line).scalar_subquery(),
    }
    for column, value in totals.items():
        session.execute(update(Product).where(Product.id.in_([1])).values({column: value}))
    assert session.get(Product, 1).price == 16


def again(session, key):
    first = session.scalar(select(Customer.city).where(Customer.id == key))
    return first, session.scalar(select(Customer.city).where(Customer.id == key))


def test_fine_two_lines_of_one_round(session):  # good
    # allow: QS201
    for key in session.scalars(select(Customer.id).where(Customer.id == 1)).all():
        first, second = again(session, key)
        assert first == second


REVISION = """
revision, down_revision = {0!r}, {1!r}

def upgrade():
    pass
"""


def test_fine_migrations_one_by_one(engine, tmp_path):  # good
    names = [None, "a", "b", "c"]
    (tmp_path / "versions").mkdir()
    for before, name in pairwise(names):
        (tmp_path / "versions" / f"{name}.py").write_text(REVISION.format(name, before))
    config = Config()
    config.set_main_option("script_location", str(tmp_path))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)

    def upgrade(revision, _context):
        return script._upgrade_revs("head", revision)

    def migrate() -> None:
        with EnvironmentContext(config, script, fn=upgrade) as migrations, engine.begin() as link:
            migrations.configure(connection=link)
            migrations.run_migrations()

    migrate()
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "c"
