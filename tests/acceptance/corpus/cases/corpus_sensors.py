"""Sensors: Core, text, driver SQL, writes."""

from contextlib import contextmanager

import pytest
from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    delete,
    exists,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.orm import Session, registry

metadata = MetaData()
sensors = Table(
    "sensors",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(30), unique=True),
    Column("site", String(30)),
)
readings = Table(
    "readings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sensor_id", ForeignKey("sensors.id")),
    Column("value", Float),
)

mapper_registry = registry()


class Sensor:
    def __init__(self, name, site="berlin"):
        self.name = name
        self.site = site


mapper_registry.map_imperatively(Sensor, sensors)


@pytest.fixture()
def conn(engine):
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(
            insert(sensors), [{"name": f"s{i}", "site": f"site{i % 2}"} for i in range(5)]
        )
        connection.execute(
            insert(readings),
            [{"sensor_id": i % 5 + 1, "value": float(i)} for i in range(20)],
        )
    with engine.connect() as connection:
        yield connection


def test_sensors_core_readings_per_sensor(conn):  # bad
    averages = {}
    for sensor in conn.execute(select(sensors)).all():  # parent:
        rows = conn.execute(
            select(readings.c.value).where(readings.c.sensor_id == sensor.id)
        ).all()  # expect: QS103|QS104
        averages[sensor.name] = sum(r.value for r in rows) / len(rows)
    assert len(averages) == 5


def test_sensors_core_lookup_by_name(conn):  # bad
    ids = []
    for name in ("s0", "s1", "s2"):
        ids.append(
            conn.execute(select(sensors.c.id).where(sensors.c.name == name)).scalar_one()
        )  # expect: QS103|QS104
    assert ids == [1, 2, 3]


def test_sensors_text_with_bind_in_loop(conn):  # bad
    values = []
    for sensor_id in range(1, 6):
        row = conn.execute(  # expect: QS103|QS104
            text("SELECT max(value) AS top FROM readings WHERE sensor_id = :sid"),
            {"sid": sensor_id},
        ).one()
        values.append(row.top)
    assert values == [15.0, 16.0, 17.0, 18.0, 19.0]


def test_sensors_text_f_string_literals(conn):  # bad
    names = []
    for sensor_id in (1, 2, 3, 4):
        names.append(
            conn.execute(text(f"SELECT name FROM sensors WHERE id = {sensor_id}")).scalar()
        )  # expect: QS103|QS104
    assert names == ["s0", "s1", "s2", "s3"]


def test_sensors_driver_sql_in_loop(conn):  # bad
    sites = set()
    for name in ["s0", "s1", "s2"]:
        site = conn.exec_driver_sql(
            "SELECT site FROM sensors WHERE name = ?", (name,)
        ).scalar()  # expect: QS103|QS104
        sites.add(site)
    assert len(sites) == 2


def test_sensors_comment_per_statement(conn):  # bad
    out = []
    for i in range(1, 5):
        out.append(
            conn.execute(
                text(f"/* req={i} */ SELECT site FROM sensors WHERE id = :id"), {"id": i}
            ).scalar()  # expect: QS103|QS104
        )
    assert len(out) == 4


def test_sensors_execute_through_comprehension_and_map(conn):  # bad
    def load(sensor_id):
        return conn.scalar(
            select(func.count()).where(readings.c.sensor_id == sensor_id)
        )  # expect: QS103|QS104

    ids = conn.scalars(select(sensors.c.id)).all()  # parent:
    counts = list(map(load, ids))
    assert counts == [4] * 5


def test_sensors_nested_loops(conn):  # bad
    hits = 0
    for site in ("site0", "site1"):
        for threshold in (1, 5, 10):
            hits += conn.scalar(  # expect: QS103|QS104
                select(func.count())
                .select_from(readings.join(sensors))
                .where(sensors.c.site == site, readings.c.value > threshold)
            )
    assert hits == 41


def test_sensors_while_loop(conn):  # bad
    queue = [1, 2, 3]
    seen = []
    while queue:
        pk = queue.pop()
        seen.append(
            conn.execute(sensors.select().where(sensors.c.id == pk)).one().name
        )  # expect: QS103|QS104
    assert len(seen) == 3


def test_sensors_insert_row_by_row(conn):  # bad
    for i in range(6):
        conn.execute(insert(readings).values(sensor_id=1, value=i))  # expect: QS106
    assert conn.scalar(select(func.count()).select_from(readings)) == 26


def test_sensors_insert_with_parameters_row_by_row(conn):  # bad
    batch = [
        {"sensor_id": 2, "value": 1.5},
        {"sensor_id": 2, "value": 2.5},
        {"sensor_id": 3, "value": 1},
    ]
    for row in batch:
        conn.execute(readings.insert(), row)  # expect: QS106
    conn.commit()
    assert conn.scalar(select(func.count()).select_from(readings)) == 23


def test_sensors_insert_text_row_by_row(conn):  # bad
    for name in ("x", "y", "z"):
        conn.execute(
            text("INSERT INTO sensors (name, site) VALUES (:n, 'lab')"), {"n": name}
        )  # expect: QS106
    conn.commit()
    assert conn.scalar(text("SELECT count(*) FROM sensors")) == 8


def test_sensors_single_row_executemany(conn):  # bad
    for i in range(4):
        conn.execute(insert(readings), [{"sensor_id": 1, "value": i}])  # expect: QS106
    assert conn.scalar(select(func.count()).select_from(readings)) == 24


def test_sensors_update_row_by_row(conn):  # bad
    for sensor in conn.execute(select(sensors)).all():  # parent:
        conn.execute(
            update(sensors).where(sensors.c.id == sensor.id).values(site="moved")
        )  # expect: QS106
    assert conn.scalar(select(func.count()).where(sensors.c.site == "moved")) == 5


def test_sensors_update_different_values(conn):  # bad
    calibration = {1: 0.5, 2: 0.75, 3: 0.1}
    for sensor_id, factor in calibration.items():
        conn.execute(  # expect: QS106
            update(readings)
            .where(readings.c.sensor_id == sensor_id)
            .values(value=readings.c.value * factor)
        )
    conn.commit()
    assert conn.scalar(select(func.min(readings.c.value)).where(readings.c.sensor_id == 3)) < 1


def test_sensors_delete_row_by_row(conn):  # bad
    for reading_id in range(1, 8):
        conn.execute(delete(readings).where(readings.c.id == reading_id))  # expect: QS106
    assert conn.scalar(select(func.count()).select_from(readings)) == 13


def test_sensors_select_or_insert(conn):  # bad
    for name in ["s0", "n1", "n2", "n3"]:
        known = conn.execute(
            select(sensors.c.id).where(sensors.c.name == name)
        ).first()  # expect: QS103|QS104
        if known is None:
            conn.execute(insert(sensors).values(name=name, site="new"))  # expect: QS106
    assert conn.scalar(select(func.count()).select_from(sensors)) == 8


def test_sensors_flush_in_loop(conn):  # bad
    with Session(conn) as session:
        for i in range(5):
            session.add(Sensor(f"f{i}"))
            session.flush()  # expect: QS106
        assert session.scalar(select(func.count()).select_from(Sensor)) == 10


def test_sensors_commit_in_loop(engine, conn):  # bad
    conn.close()
    with Session(engine) as session:
        for i in range(5):
            session.add(Sensor(f"c{i}"))
            session.commit()  # expect: QS106


def test_sensors_commit_updates_in_loop(engine, conn):  # bad
    conn.close()
    with Session(engine, expire_on_commit=False) as session:
        for sensor in session.scalars(select(Sensor)).all():  # parent:
            sensor.site = sensor.site + "!"
            session.commit()  # expect: QS106


def test_sensors_delete_and_flush_in_loop(conn):  # bad
    conn.execute(delete(readings))
    with Session(conn) as session:
        for sensor in session.scalars(select(Sensor)).all():
            session.delete(sensor)
            session.flush()  # expect: QS106
        assert session.scalar(select(func.count()).select_from(Sensor)) == 0


def test_sensors_merge_in_loop(conn):  # bad
    with Session(conn) as session:
        for pk in (1, 2, 3, 4):
            sensor = Sensor(f"m{pk}", "merged")
            sensor.id = pk
            session.merge(sensor)  # expect: QS103|QS104
        session.commit()


def test_sensors_bulk_insert_of_one_in_loop(conn):  # bad
    with Session(conn) as session:
        for i in range(5):
            session.bulk_insert_mappings(Sensor, [{"name": f"b{i}", "site": "b"}])  # expect: QS106
        session.commit()


def test_sensors_session_execute_insert_in_loop(conn):  # bad
    with Session(conn) as session:
        for i in range(3):
            session.execute(insert(Sensor).values(name=f"q{i}", site="q"))  # expect: QS106
        session.commit()


def test_sensors_returning_in_loop(conn):  # bad
    ids = []
    for i in range(3):
        ids.append(
            conn.execute(
                insert(sensors).values(name=f"r{i}", site="r").returning(sensors.c.id)
            ).scalar_one()  # expect: QS106
        )
    assert len(ids) == 3


def test_sensors_raw_cursor_like_repository(conn):  # bad
    class Repository:
        def __init__(self, connection):
            self.connection = connection

        @contextmanager
        def reading(self, pk):
            yield self.connection.execute(
                select(readings).where(readings.c.id == pk)
            ).one()  # expect: QS103|QS104

    repository = Repository(conn)
    total = 0.0
    for pk in (3, 4, 5, 6):
        with repository.reading(pk) as row:
            total += row.value
    assert total == 14.0


def test_sensors_exists_core_in_loop(conn):  # bad
    quiet = []
    for sensor in conn.execute(select(sensors.c.id, sensors.c.name)).all():  # parent:
        if not conn.scalar(
            select(exists().where(readings.c.sensor_id == sensor.id))
        ):  # expect: QS103|QS104
            quiet.append(sensor.name)
    assert quiet == []


def test_sensors_duplicate_lookup_in_helper(conn):  # bad
    def threshold():
        return conn.scalar(select(func.avg(readings.c.value)))  # expect: QS105|QS201|QS103

    rows = conn.execute(select(readings)).all()
    above = [r.id for r in rows if r.value > threshold()]
    assert len(above) == 10
