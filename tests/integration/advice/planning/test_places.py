"""Where plans are asked for: on the server, on the embedded one, on the database itself."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from querysafe.advice.planner import Plan, Refused
from querysafe.advice.planning import clone as clones
from querysafe.advice.planning import holes, open_planner
from querysafe.advice.planning.errors import NoClone
from querysafe.advice.workload import Sample
from querysafe.errors import ServerError
from querysafe.postgres import Cluster, Database, run
from querysafe.postgres.programs import SYSTEM, for_server
from querysafe.postgres.target import Target
from tests.integration.advice.planning.conftest import databases, execute, index, planned
from tests.integration.postgres.conftest import eventually
from tests.requirements import require

BY_NOTE = "SELECT * FROM orders WHERE note = 'x'"


def dumped(database: Database) -> str:
    target = Target.parse(database.dsn)
    program = for_server("pg_dump", database.cluster.version[0])
    with target.credentials() as environment:
        text = run(program, [f"--dbname={target.conninfo}"], environment=environment)
    return "\n".join(line for line in text.splitlines() if "restrict" not in line)


@pytest.fixture
def ordinary(cluster: Cluster, shop: Database) -> Iterator[str]:
    """The URL of the shop for a role that owns nothing and reads all but the customers."""
    name = f"reader_{shop.name}"
    execute(
        shop,
        f"CREATE ROLE {name} LOGIN PASSWORD 'pa:ss@word';"
        f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name};"
        f"REVOKE SELECT ON customers FROM {name}",
    )
    yield (f"postgresql://{name}:{quote('pa:ss@word')}@{cluster.host}:{cluster.port}/{shop.name}")
    execute(shop, f"DROP OWNED BY {name}; DROP ROLE {name}")


def test_the_source_is_not_changed(shop: Database) -> None:
    execute(
        shop,
        "INSERT INTO products (sku, title, category_id, price) "
        "VALUES (gen_random_uuid(), 'a', 1, 2)",
    )
    before = dumped(shop)
    with open_planner(shop.dsn) as planner:
        offers, _ = planner.offer([index("orders", "note")])
        planned(planner, "DELETE FROM products", enabled=offers)
        planned(planner, "WITH d AS (DELETE FROM products RETURNING id) SELECT * FROM d")
    assert dumped(shop) == before


def test_a_database_that_others_use_is_cloned_by_its_schema(shop: Database) -> None:
    with psycopg.connect(shop.dsn), open_planner(shop.dsn) as planner:
        offers, _ = planner.offer([index("orders", "note")])
        plan = planned(planner, BY_NOTE, enabled=offers)
    assert plan.indexes == {offers[0].name}
    assert "same server" in planner.basis.words


def test_files_that_only_the_server_reaches_are_grown_by_it(
    shop: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holes, "_reachable", lambda connection: None)
    with open_planner(shop.dsn) as planner:
        assert planned(planner, BY_NOTE).cost > 10_000


def test_files_that_nobody_reaches_leave_the_density(
    shop: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holes, "_reachable", lambda connection: None)
    monkeypatch.setattr(holes, "_by_server", lambda connection, files: False)
    execute(
        shop,
        "INSERT INTO products (sku, title, category_id, price) "
        "SELECT gen_random_uuid(), 'a', 1, 2 FROM generate_series(1, 60)",
    )
    with open_planner(shop.dsn, place="server") as planner:
        offers, _ = planner.offer([index("products", "price")])
        by_price = "SELECT * FROM products WHERE price = 3"
        plan = planned(planner, by_price, enabled=offers)
        assert planned(planner, by_price).cost > 1000
    assert plan.indexes == {offers[0].name}
    assert "cannot be grown" in planner.basis.words


def test_an_ordinary_role_gets_a_clone_on_the_embedded_server(ordinary: str) -> None:
    with open_planner(ordinary) as planner:
        offers, refused = planner.offer([index("orders", "note")])
        plan = planned(planner, BY_NOTE, enabled=offers)
        hidden = planner.plan(Sample("SELECT * FROM customers", ()))
    assert not refused
    assert plan.indexes == {offers[0].name}
    assert "embedded server" in planner.basis.words
    assert "left out: public.customers" in planner.basis.words
    assert isinstance(hidden, Refused)
    assert "customers" in hidden.why


def test_an_ordinary_role_without_the_embedded_server_gets_the_structure(
    ordinary: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clones, "embedded_directory", lambda: None)
    with open_planner(ordinary) as planner:
        offers, refused = planner.offer([index("orders", "note")])
        by_key = planned(planner, "SELECT * FROM orders WHERE id = 3")
        scanned = planned(planner, BY_NOTE)
    assert not planner.basis.priced
    assert planner.basis.name == "structure"
    assert by_key.indexes == {"orders_pkey"}
    assert not scanned.indexes
    assert not offers
    assert "hypopg" in refused[0].why


def test_a_clone_on_a_server_where_it_cannot_be_is_refused(ordinary: str) -> None:
    with pytest.raises(NoClone, match="superuser"), open_planner(ordinary, place="server"):
        pass


def test_a_database_that_is_not_there_is_named(cluster: Cluster) -> None:
    with pytest.raises(ServerError, match="nowhere"), open_planner(cluster.url("nowhere")):
        pass


def test_the_database_itself_is_asked_and_never_written(shop: Database) -> None:
    execute(shop, "ANALYZE")
    before = dumped(shop)
    with open_planner(shop.dsn, live=True) as planner:
        scanned = planned(planner, BY_NOTE)
        planned(planner, "DELETE FROM orders")
        found = planner.plan(Sample("SELECT nextval('orders_id_seq')", ()))
    assert planner.basis.name == "database"
    assert isinstance(found, Plan)
    assert scanned.root["Node Type"] == "Seq Scan"
    assert dumped(shop) == before


def test_analyzing_executes_what_reads_and_plans_what_writes(shop: Database) -> None:
    execute(
        shop,
        "INSERT INTO products (sku, title, category_id, price) "
        "SELECT gen_random_uuid(), 'a', 1, 2 FROM generate_series(1, 60)",
    )
    with open_planner(shop.dsn, live=True, analyzes=True) as planner:
        read = planned(planner, "SELECT * FROM products WHERE price = $1", 2)
        written = planned(planner, "DELETE FROM products")
        moved = planned(planner, "SELECT nextval('orders_id_seq')")
        generic = planner.plan(Sample("SELECT * FROM products WHERE price = $1", None))
    assert read.root["Actual Rows"] == 60
    assert "Actual Rows" not in written.root
    assert "Actual Rows" not in moved.root
    assert isinstance(generic, Plan)
    assert "Actual Rows" not in generic.root
    assert execute(shop, "SELECT count(*) FROM products") == [(60,)]
    assert execute(shop, "SELECT is_called FROM orders_id_seq") == [(False,)]


@pytest.mark.parametrize("cluster", ["system"], indirect=True)
def test_hypopg_imagines_what_it_can(shop: Database) -> None:
    there = Path("/usr/share/postgresql/15/extension/hypopg.control").exists()
    require("hypopg", there, f"no extension in {SYSTEM}")
    execute(
        shop,
        "CREATE SCHEMA tools; CREATE EXTENSION hypopg SCHEMA tools;"
        "INSERT INTO customers (email, name, created_at) SELECT g, 'x', now() "
        "FROM generate_series(1, 1000) g; INSERT INTO orders (customer_id, total, note, created_at)"
        " SELECT 1 + g % 1000, g, 'note' || g, now() FROM generate_series(1, 20000) g; ANALYZE",
    )
    by_total = "SELECT * FROM orders WHERE total = 7"
    with open_planner(shop.dsn, live=True) as planner:
        offers, refused = planner.offer(
            [
                index("orders", "note"),
                index("customers", "tags", method="gin"),
                index("orders", "total"),
                index("orders", "nowhere"),
            ]
        )
        first = planned(planner, BY_NOTE, enabled=offers)
        second = planned(planner, by_total, enabled=offers)
        one = planned(planner, by_total, enabled=offers[:1])
        bare = planned(planner, BY_NOTE)
    assert [each.index for each in offers] == [index("orders", "note"), index("orders", "total")]
    assert "gin" in refused[0].why
    assert len(refused) == 2
    assert (first.indexes, second.indexes) == ({offers[0].name}, {offers[1].name})
    assert not one.indexes
    assert not bare.indexes
    assert bare.cost > 10 * first.cost
    execute(shop, "CREATE INDEX real ON orders (note)")
    ((real,),) = execute(shop, "SELECT pg_relation_size('real')")
    assert 0.7 < offers[0].bytes / real < 1.4


def test_an_interrupt_in_the_middle_of_a_statement_leaves_no_clone(
    shop: Database, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(connection: psycopg.Connection, *_: object) -> None:
        connection.pgconn.send_query(b"SELECT pg_sleep(60)")
        raise KeyboardInterrupt

    monkeypatch.setattr(clones, "_collate", interrupted)
    with pytest.raises(KeyboardInterrupt), open_planner(shop.dsn, place="server"):
        pytest.fail("it goes on")
    own = f"{clones.PREFIX}{os.getpid()}_"
    assert [name for name in databases(cluster) if name.startswith(own)] == []


def test_a_clone_whose_owner_was_killed_is_dropped_by_the_next(
    shop: Database, cluster: Cluster
) -> None:
    program = textwrap.dedent(
        """
        import os, sys, time
        from querysafe.advice.planning import open_planner
        with open_planner(os.environ["SHOP"]):
            print("open", flush=True)
            time.sleep(600)
        """
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        env={**os.environ, "SHOP": shop.dsn},
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        with open_planner(shop.dsn):
            left = {name for name in databases(cluster) if f"_{process.pid}_" in name}
            assert left, "the clone of a living owner stays"
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    assert left <= databases(cluster)

    def gone() -> bool:
        with open_planner(shop.dsn):
            pass
        return not left & databases(cluster)

    assert eventually(gone)


def test_a_vocabulary_is_learned_from_the_rows_that_there_are(shop: Database) -> None:
    execute(
        shop,
        "INSERT INTO products (sku, title, category_id, price) "
        "SELECT gen_random_uuid(), CASE WHEN g % 4 = 0 THEN 'kit' ELSE 'part' END, 1, 2 "
        "FROM generate_series(1, 60) AS g",
    )
    with open_planner(shop.dsn, rows={"products": 1_000_000}) as planner:
        rare = planned(planner, "SELECT * FROM products WHERE title = 'kit'")
    assert "value lists of 1 column from" in planner.basis.words
    assert rare.root["Plan Rows"] == 250_000


def test_triggers_and_materialised_views_of_the_database_are_no_obstacle(shop: Database) -> None:
    execute(
        shop,
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'never truncate'; END $$;"
        "CREATE TRIGGER never BEFORE TRUNCATE ON orders EXECUTE FUNCTION refuse();"
        "CREATE FUNCTION refuse_indexes() RETURNS event_trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'never create'; END $$;"
        "CREATE MATERIALIZED VIEW totals AS SELECT customer_id, total FROM orders;"
        "CREATE EVENT TRIGGER never ON ddl_command_end WHEN TAG IN ('CREATE INDEX') "
        "EXECUTE FUNCTION refuse_indexes()",
    )
    with open_planner(shop.dsn) as planner:
        offers, refused = planner.offer([index("orders", "note"), index("totals", "customer_id")])
        first = planned(planner, BY_NOTE, enabled=offers)
        second = planned(planner, "SELECT * FROM totals WHERE customer_id = 5", enabled=offers)
    assert not refused
    assert first.indexes == {offers[0].name}
    assert second.indexes == {offers[1].name}
