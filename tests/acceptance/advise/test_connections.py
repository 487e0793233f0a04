"""A database that cannot be reached, or that is no place for a clone, is named."""

from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest

from tests.acceptance.advise.bench import Bench
from tests.acceptance.advise.conftest import ALSO_SYSTEM

pytestmark = pytest.mark.parametrize("cluster", ALSO_SYSTEM, indirect=True)


def test_what_cannot_be_connected_to_is_named_with_the_reason(shop: Bench) -> None:
    command = ["orders.sql"] if shop.cluster.version[0] > 15 else ["stats", "export"]
    before = shop.state()
    nowhere = shop.end(shop.start(*command, "--database", f"{shop.url}_gone"))
    assert nowhere.status == 3
    assert f'database "{shop.database}_gone" does not exist' in nowhere.stderr
    assert "hint: look at the URL" in nowhere.stderr
    wrong = replace(shop, password="guessed").advise(*command)
    assert wrong.status == 3
    assert 'password authentication failed for user "postgres"' in wrong.stderr
    assert "guessed" not in wrong.stderr
    silent = shop.end(shop.start(*command, "--database", "postgresql://u@127.0.0.1:1/x"))
    assert silent.status == 3
    assert "127.0.0.1:1" in silent.stderr and "refused" in silent.stderr
    assert (nowhere.stdout, wrong.stdout, silent.stdout) == ("", "", "")
    assert shop.state() == before


def test_what_the_environment_says_of_the_database_is_not_said_of_the_clone(shop: Bench) -> None:
    url = f"{shop.url}?sslmode=disable&hostaddr=127.0.0.1&channel_binding=prefer"
    done = shop.end(
        shop.start(
            "orders.sql", "--place", "embedded", "--database", url,
            PGSSLMODE="require", PGHOSTADDR="127.0.0.9", PGCHANNELBINDING="require",
        )
    )  # fmt: skip
    assert done.status == 0, done.stderr


def test_a_database_in_use_is_cloned_all_the_same_and_at_once(shop: Bench) -> None:
    with psycopg.connect(shop.cluster.url(shop.database, driver="")) as others:
        others.execute("SELECT * FROM orders")
        before = shop.state()
        done = shop.advise("orders.sql", "--rows", "2000000", "--format", "sql")
        assert done.status == 0, done.stderr
        assert '("user_id")' in done.stdout
        assert shop.state() == before


def test_a_role_that_may_create_no_database_is_advised(
    shop: Bench, as_role: Callable[[str], Bench]
) -> None:
    reader = as_role(
        "GRANT SELECT ON ALL TABLES IN SCHEMA public, billing TO {role};"
        "GRANT USAGE ON SCHEMA billing TO {role}"
    )
    before = shop.state()
    done = reader.advise("orders.sql", "--rows", "2000000")
    assert done.status == 0, done.stderr
    assert '("user_id")' in done.stdout
    assert "on the embedded server" in done.stdout
    forced = reader.advise("orders.sql", "--place", "server")
    assert forced.status == 3
    assert "gives this role no superuser's rights" in forced.stderr
    assert "hint: leave the place open" in forced.stderr
    assert shop.state() == before
