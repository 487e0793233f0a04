"""A table that a role may not read is named, with the statement that lets it."""

import json
from collections.abc import Callable

import pytest

from tests.acceptance.advise.bench import Bench
from tests.acceptance.advise.conftest import ALSO_SYSTEM

pytestmark = pytest.mark.parametrize("cluster", ALSO_SYSTEM, indirect=True)

WORKLOAD = """\
SELECT * FROM orders WHERE user_id = 7;
SELECT * FROM customers WHERE email = 'a';
SELECT * FROM billing.invoices WHERE order_id = 7;
"""
HIDDEN = {
    "no right": "GRANT SELECT ON orders TO {role}",
    "rights of columns only": "GRANT SELECT ON orders TO {role}; GRANT SELECT (id) ON customers "
    "TO {role}; GRANT SELECT ON billing.invoices TO {role}",
}
ALL = "GRANT SELECT ON orders, customers TO {role}"


@pytest.mark.parametrize("rights", HIDDEN.values(), ids=HIDDEN)
def test_what_a_role_may_read_is_advised_on_and_the_rest_is_named(
    shop: Bench, as_role: Callable[[str], Bench], rights: str
) -> None:
    reader = as_role(rights)
    shop.write("workload.sql", WORKLOAD)
    before = shop.state()
    done = reader.advise("workload.sql", "--rows", "2000000")
    assert done.status == 0, done.stderr
    assert '"public"."orders" USING btree ("user_id")' in done.stdout
    assert (
        f'Not looked at: workload.sql:2: the role "{reader.user}" may not read "public.customers"'
        in done.stdout
    )
    assert f"type: GRANT SELECT ON customers TO {reader.user};" in done.stdout.replace(
        "public.", ""
    )
    assert (
        f'workload.sql:3: the role "{reader.user}" may not read "billing.invoices"' in done.stdout
    )
    assert shop.state() == before


def test_a_workload_of_hidden_tables_only_ends_with_what_to_grant(
    shop: Bench, as_role: Callable[[str], Bench]
) -> None:
    reader = as_role("GRANT SELECT ON orders TO {role}")
    shop.write("hidden.sql", "SELECT * FROM customers WHERE email = 'a';\n")
    before = shop.state()
    for more in ([], ["--live"]):
        done = reader.advise("hidden.sql", *more)
        assert done.status == 3
        assert f'the role "{reader.user}" may not read "' in done.stderr
        assert "customers TO " in done.stderr.partition("hint: GRANT SELECT ON ")[2]
        assert done.stdout == ""
    assert shop.state() == before


def test_an_export_names_the_tables_whose_statistics_are_hidden(
    shop: Bench, as_role: Callable[[str], Bench]
) -> None:
    reader = as_role(ALL)
    done = reader.advise("stats", "export")
    assert done.status == 0
    assert "billing.invoices" in json.loads(done.stdout)["unreadable"]
    assert "this role may not read the statistics of: billing.invoices" in done.stderr
    assert (
        f"type: GRANT USAGE ON SCHEMA billing TO {reader.user}; "
        f"GRANT SELECT ON billing.invoices TO {reader.user};" in done.stderr
    )
    shop.execute(f"GRANT USAGE ON SCHEMA billing TO {reader.user}")
    shop.execute(f"GRANT SELECT ON billing.invoices TO {reader.user}")
    mended = reader.advise("stats", "export")
    assert "may not read" not in mended.stderr
