"""Loops that do not visit rows, each beside a loop that looks like it and does."""

import asyncio
import threading
import time

import pytest
from shop.models import AuditEntry, Customer, Line, Order, Product, Setting
from shop.models import Tag as Label
from sqlalchemy import create_engine, delete, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session, selectinload


class Busy(Exception):
    pass


# Trying again: attempts, a handler, a way out.


def test_loops_attempts_of_a_locked_row(shop_engine):  # good
    def settle(left):
        for _ in range(5):
            with Session(shop_engine) as session:
                order = session.scalars(select(Order).where(Order.status == "open")).first()
                try:
                    order.total += left
                    session.flush()
                    if left:
                        raise Busy
                    session.commit()
                    return order.id
                except Busy:
                    session.rollback()
                    left -= 1
        raise AssertionError

    assert settle(2) == 1


class Attempt:
    def __init__(self, wrong):
        self.wrong = wrong

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.wrong.append(kind)
        return kind is Busy


def attempts(limit):
    wrong = []
    for _ in range(limit):
        yield Attempt(wrong)
        if wrong[-1] is None:
            return


def test_loops_context_of_an_attempt(session):  # good
    failures = iter([True, True, False])
    for attempt in attempts(4):
        with attempt:
            customer = session.scalars(select(Customer).where(Customer.id == 1)).one()
            if next(failures):
                session.rollback()
                raise Busy
    assert customer.id == 1


def load_all_or_skip(session, keys):
    names = []
    for key in keys:
        try:
            names.append(
                session.get_one(Product, key).name
            )  # expect[loops_handler_in_a_loop]: QS103
        except KeyError:
            break
    return names


def test_loops_handler_in_a_loop(session):  # bad
    assert len(load_all_or_skip(session, [1, 2, 3])) == 3


# Trying candidates until one is free, or one finds something.


def unique_label(session, base):
    candidate, number = base, 1
    while session.scalar(select(Label.id).where(Label.name == candidate)) is not None:
        number += 1
        candidate = f"{base}-{number}"
    return candidate


def test_loops_free_name(session):  # good
    session.add_all([Label(name="x"), Label(name="x-2"), Label(name="x-3")])
    session.commit()
    assert unique_label(session, "x") == "x-4"


def free_code(session, codes):
    for _ in range(10):
        code = next(codes)
        taken = session.scalar(select(Label.id).where(Label.name == code))
        if taken is None:
            return code
    raise LookupError


def test_loops_free_code(session):  # good
    session.add_all([Label(name="x"), Label(name="y")])
    session.commit()
    assert free_code(session, iter("xyz")) == "z"


def find(session, name):
    for pattern in (name, f"{name}%", f"%{name}%"):
        query = select(Product).where(Product.name.like(pattern)).order_by(Product.id)
        rows = session.scalars(query).all()
        if rows:
            return rows
    return []


def test_loops_fall_back(session):  # good
    assert find(session, "nothing like this") == []


def ancestors(session, keys):
    while keys:
        key = keys.pop()
        label = session.scalars(
            select(Label).where(Label.id == key)  # expect[loops_stack_of_keys]: QS103
        ).one()
        yield label.name


def test_loops_stack_of_keys(session):  # bad
    session.add_all([Label(id=91, name="x"), Label(id=92, name="y"), Label(id=93, name="z")])
    session.commit()
    assert sorted(ancestors(session, [91, 92, 93])) == ["x", "y", "z"]


def known(session, names):
    found = []
    for name in names:
        label = session.scalar(
            select(Label.id).where(Label.name == name)  # expect[loops_presence_of_many]: QS103
        )
        if label is not None:
            found.append(label)
    return found


def test_loops_presence_of_many(session):  # bad
    assert known(session, ["no", "nor", "none"]) == []


# Taking the next thing: workers, messages, batches.


def work(sessions, engine):
    def take(session):
        claimed = session.scalar(
            update(AuditEntry)
            .where(
                AuditEntry.id
                == select(AuditEntry.id).where(AuditEntry.text == "new").limit(1).scalar_subquery()
            )
            .values(text="taken")
            .returning(AuditEntry.id)
        )
        session.commit()
        if claimed is None:
            return False
        session.execute(update(AuditEntry).where(AuditEntry.id == claimed).values(text="done"))
        session.commit()
        return True

    with Session(engine) as session:
        while take(session):
            sessions.append(1)


def test_loops_worker(shop_engine):  # good
    with Session(shop_engine) as session:
        session.add_all([AuditEntry(text="new") for _ in range(3)])
        session.commit()
    done = []
    work(done, shop_engine)
    assert len(done) == 3


def purge(session, size):
    while True:
        few = select(AuditEntry.id).limit(size).scalar_subquery()
        result = session.execute(delete(AuditEntry).where(AuditEntry.id.in_(few)))
        session.commit()
        if result.rowcount < size:
            return


def test_loops_purge_by_batches(session):  # good
    session.add_all([AuditEntry(text="old") for _ in range(7)])
    session.commit()
    purge(session, 2)
    assert session.scalar(select(func.count()).select_from(AuditEntry)) == 0


def test_loops_windows_of_keys(session):  # good
    session.add_all([AuditEntry(text="old") for _ in range(9)])
    session.commit()
    for start in range(1, 10, 3):
        session.execute(
            update(AuditEntry).where(AuditEntry.id.between(start, start + 2)).values(text="seen")
        )
        session.commit()
    assert session.scalar(select(func.count()).where(AuditEntry.text == "seen")) == 9


def test_loops_rows_of_values(session):  # good
    rows = [{"text": str(number)} for number in range(30)]
    for start in range(0, len(rows), 10):
        session.execute(insert(AuditEntry).values(rows[start : start + 10]))
    session.commit()
    assert session.scalar(select(func.count()).select_from(AuditEntry)) == 30


def note_each(session, notes):
    for note in notes:
        session.execute(
            insert(AuditEntry).values([{"text": note}])  # expect[loops_lists_of_one]: QS106
        )


def test_loops_lists_of_one(session):  # bad
    note_each(session, ["a", "b", "c"])
    assert session.scalar(select(func.count()).select_from(AuditEntry)) == 3


def drain(session, entries):
    while entries:
        session.add(AuditEntry(text=entries.pop()))
        session.commit()  # expect[loops_drained_list]: QS106


def test_loops_drained_list(session):  # bad
    drain(session, ["a", "b", "c"])
    assert session.scalar(select(func.count()).select_from(AuditEntry)) == 3


def test_loops_websocket(shop_engine):  # good
    from fastapi import FastAPI, WebSocket
    from fastapi.testclient import TestClient

    app = FastAPI()

    @app.websocket("/status")
    async def status(socket: WebSocket):
        await socket.accept()
        async for key in socket.iter_text():
            with Session(shop_engine) as session:
                await socket.send_text(session.get(Order, int(key)).status)

    with TestClient(app).websocket_connect("/status") as socket:
        for key in "123":
            socket.send_text(key)
            assert socket.receive_text() == "open"


def test_loops_flask_imported_late(shop_engine):  # good
    from flask import Flask, jsonify

    app = Flask(__name__)

    @app.get("/orders/<int:key>")
    def order(key):
        with Session(shop_engine) as session:
            found = session.get(Order, key)
            return jsonify(customer=found.customer.name, lines=[line.id for line in found.lines])

    client = app.test_client()
    for key in (1, 2, 3):
        assert client.get(f"/orders/{key}").json["customer"]


# Waiting.


def test_loops_refresh_until_done(shop_engine, session):  # good
    order = session.get(Order, 1)
    rounds = 0
    while order.status != "done":
        rounds += 1
        if rounds == 3:
            with shop_engine.begin() as connection:
                connection.execute(text("UPDATE orders SET status = 'done' WHERE id = 1"))
        session.commit()
        session.refresh(order)
    assert rounds == 3


def total_of(session, lines, order):
    for line in lines:
        session.refresh(order)  # expect[loops_refresh_of_one]: QS102|QS105
        order.total += line.quantity


def test_loops_refresh_of_one(session):  # bad
    order = session.get(Order, 1)
    lines = session.scalars(select(Line)).all()
    with session.no_autoflush:
        total_of(session, lines[:3], order)
    assert order.total > 0


def beat(engine, times):
    for _ in range(times):
        with engine.begin() as connection:
            connection.execute(
                update(Setting).where(Setting.name == "currency").values(value=str(time.time()))
            )
        time.sleep(0.001)


def test_loops_heartbeat(shop_engine):  # good
    beat(shop_engine, 3)
    with Session(shop_engine) as session:
        assert session.get(Setting, "currency").value != "CHF"


def rename_slowly(engine, names):
    for key, name in names:
        with engine.begin() as connection:
            connection.execute(
                update(Setting).where(Setting.name == key).values(value=name)
                # expect[loops_slow_writes]: QS106
            )
        time.sleep(0.001)


def test_loops_slow_writes(shop_engine):  # bad
    rename_slowly(shop_engine, [("currency", "a"), ("vat", "b"), ("none", "c")])


# Each round builds on what the database made of the one before.


def ledger(session, texts):
    last = None
    for each in texts:
        entry = AuditEntry(text=f"{last.id if last else 0}: {each}")
        session.add(entry)
        session.flush()
        last = entry


def test_loops_ledger(session):  # good
    ledger(session, ["a", "b", "c"])
    assert session.scalar(select(func.count()).select_from(AuditEntry)) == 3


def test_loops_reads_what_it_wrote(session):  # good
    for amount in (5, 7, -3):
        last = session.scalar(select(AuditEntry.id).order_by(AuditEntry.id.desc()).limit(1))
        session.add(AuditEntry(text=f"{last}: {amount}"))
        session.commit()
    assert session.scalar(select(func.max(AuditEntry.id))) == 3


def remember(session, texts):
    previous = None
    for each in texts:
        if previous == each:
            continue
        session.add(AuditEntry(text=each))
        session.flush()  # expect[loops_remembers_the_last]: QS106
        previous = each


def test_loops_remembers_the_last(session):  # bad
    remember(session, ["a", "b", "c"])


# Several functions, several databases.


def reserve(session, key):
    session.execute(update(Order).where(Order.id == key).values(status="reserved"))


def charge(session, key):
    session.execute(update(Order).where(Order.id == key).values(status="charged"))


def ship(session, key):
    session.execute(update(Order).where(Order.id == key).values(status="shipped"))


def advance(session, key):
    for step in (reserve, charge, ship):
        step(session, key)


def test_loops_over_steps(session):  # good
    advance(session, 1)
    assert session.get(Order, 1).status == "shipped"


def run_all(jobs):
    return [job() for job in jobs]


def test_loops_over_closures(session):  # bad
    keys = [1, 2, 3]
    jobs = [lambda key=key: session.get(Product, key) for key in keys]  # expect: QS103
    assert len(run_all(jobs)) == 3


def test_loops_shards(tmp_path):  # good
    shards = [create_engine(f"sqlite:///{tmp_path}/{name}.db") for name in ("eu", "us", "asia")]
    for shard in shards:
        AuditEntry.metadata.create_all(shard)
    totals = []
    for shard in shards:
        with Session(shard) as session:
            totals.append(session.scalar(select(func.count()).select_from(Order)))
    assert totals == [0, 0, 0]
    for shard in shards:
        shard.dispose()


# What the test itself arranges, does again, and expects.


class LabelFactory:
    @classmethod
    def create_batch(cls, session, size):
        for number in range(size):
            session.add(Label(name=f"label {number}"))
            session.commit()


def test_loops_factory_class(session):  # good
    LabelFactory.create_batch(session, 3)
    assert session.scalar(select(func.count()).where(Label.name.like("label%"))) == 3


def seed(session):
    for number in range(3):
        session.add(AuditEntry(text=str(number)))
        session.flush()


def test_loops_seed(session):  # good
    seed(session)
    assert session.scalar(select(func.count()).select_from(AuditEntry)) == 3


def save(session, texts):
    for each in texts:
        session.add(AuditEntry(text=each))
        session.flush()  # expect[loops_save]: QS106


def test_loops_save(session):  # bad
    save(session, ["a", "b", "c"])
    assert session.scalar(select(func.count()).select_from(AuditEntry)) == 3


def test_loops_again_and_again(shop_engine):  # good
    def listing():
        with Session(shop_engine) as session:
            query = select(Order).options(selectinload(Order.lines))
            return [len(order.lines) for order in session.scalars(query)]

    for _ in range(4):
        listing()


def test_loops_cases_compared(session):  # good
    cases = {"a": None, "b": None, "c": None}
    wrong = []
    for name, expected in cases.items():
        found = session.scalar(select(Label.id).where(Label.name == name))
        if found != expected:
            wrong.append(name)
    assert not wrong


def test_loops_helper_that_checks(session):  # good
    def check(expected):
        for key, status in expected.items():
            row = session.execute(select(Order.status).where(Order.id == key)).one()
            assert row.status == status, key

    check({1: "open", 2: "open"})
    session.execute(update(Order).where(Order.id == 1).values(status="paid"))
    check({1: "paid", 2: "open"})


def statuses(session, keys):
    found = []
    for key in keys:
        order = session.scalars(
            select(Order).where(Order.id == key)  # expect[loops_narrowing_assert]: QS103
        ).first()
        assert order is not None
        found.append(order.status)
    return found


def test_loops_narrowing_assert(session):  # bad
    assert statuses(session, [1, 2, 3]) == ["open"] * 3


def test_loops_states_of_one_object(session):  # good
    order = session.get(Order, 1)
    for status in ("paid", "packed", "sent"):
        order.status = status
        session.commit()
        assert session.scalar(select(Order.status).where(Order.id == 1)) == status


def open_order(session, name):
    customer = session.scalars(select(Customer).order_by(Customer.id)).first()
    order = Order(customer=customer, status=name)
    session.add(order)
    session.flush()
    order.lines.append(Line(product_id=1))
    return order


def test_loops_two_acts_with_a_collection(session):  # good
    first = open_order(session, "a")
    second = open_order(session, "b")
    assert first is not second


async def test_loops_writer_and_reader(async_shop):  # good
    async def write():
        for status in ("paid", "sent", "done"):
            async with async_shop.begin() as session:
                await session.execute(update(Order).where(Order.id == 1).values(status=status))
            await asyncio.sleep(0.005)

    async def read():
        seen = set()
        while "done" not in seen:
            async with async_shop() as session:
                seen.add(await session.scalar(select(Order.status).where(Order.id == 1)))
            await asyncio.sleep(0.002)
        return seen

    assert "done" in (await asyncio.gather(write(), read()))[1]


def test_loops_finished_by_a_thread(shop_engine):  # good
    def finish():
        with shop_engine.begin() as connection:
            connection.execute(text("UPDATE orders SET status = 'done' WHERE id = 1"))

    timer = threading.Timer(0.02, finish)
    timer.start()
    deadline = time.monotonic() + 5
    status = "open"
    with Session(shop_engine) as session:
        while status != "done" and time.monotonic() < deadline:
            status = session.scalar(select(Order.status).where(Order.id == 1))
            session.rollback()
    timer.join()
    assert status == "done"


def test_loops_import_with_handler(session):  # good
    wrong = []
    for number, name in enumerate(["a", "a", "b", "b"]):
        try:
            with session.begin_nested():
                session.add(Setting(name=name, value="x"))
                session.flush()
        except (IntegrityError, OperationalError):
            wrong.append(number)
    assert wrong == [1, 3]


@pytest.mark.parametrize("name", ["a", "b"])
def test_loops_parametrised(session, name):  # good
    assert session.scalar(select(Label.id).where(Label.name == name)) is None
