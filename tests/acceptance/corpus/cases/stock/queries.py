"""Questions about the warehouse, each asked once too often."""

from collections.abc import Iterator

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.engine import Connection

from stock.tables import items, movements, stock, suppliers, warehouses

BY_SKU = select(items).where(items.c.sku == bindparam("sku"))


def quantities(connection: Connection) -> dict[str, int]:
    found = {}
    for row in connection.execute(select(items)).all():
        query = select(func.sum(stock.c.quantity)).where(stock.c.item_id == row.id)
        found[row.sku] = connection.execute(  # expect[core_execute_in_a_loop]: QS103|QS104
            query
        ).scalar_one()
    return found


def by_sku(connection: Connection, skus: list[str]) -> list[str]:
    names = []
    for sku in skus:
        row = connection.execute(  # expect[prepared_core_statement]: QS103
            BY_SKU, {"sku": sku}
        ).one()
        names.append(row.name)
    return names


def cities(connection: Connection) -> list[str]:
    query = text("SELECT city FROM warehouses WHERE id = :id")
    places = connection.execute(select(stock.c.id, stock.c.warehouse_id)).mappings()
    return [
        connection.scalar(  # expect[text_in_a_loop]: QS103|QS105
            query, {"id": place["warehouse_id"]}
        )
        for place in places
    ]


def driver_sql(connection: Connection) -> int:
    total = 0
    for (key,) in connection.exec_driver_sql("SELECT id FROM stock").fetchall():
        found = connection.exec_driver_sql(  # expect[exec_driver_sql_in_a_loop]: QS103|QS104
            "SELECT change FROM movements WHERE stock_id = ?", (key,)
        )
        total += sum(change for (change,) in found)
    return total


def inline_literals(connection: Connection) -> list[str]:
    names = []
    for (key,) in connection.execute(select(items.c.id)).all():
        sql = f"SELECT name FROM items WHERE id = {key}"
        names.append(connection.execute(text(sql)).scalar_one())  # expect[inline_literals]: QS103
    return names


def commented(connection: Connection) -> list[str]:
    names = []
    for (key,) in connection.execute(select(items.c.id)).all():
        sql = f"/* item {key} */ SELECT name FROM items WHERE id = :id"
        row = connection.execute(text(sql), {"id": key})  # expect[comments_differ]: QS103
        names.append(row.scalar_one())
    return names


def single_element_in(connection: Connection) -> int:
    count = 0
    for item in connection.execute(select(items.c.id)).scalars().all():
        query = select(suppliers.c.name).where(suppliers.c.item_id.in_([item]))
        count += len(connection.execute(query).all())  # expect[single_element_in]: QS103
    return count


def two_lines(connection: Connection) -> dict[int, tuple[int, int]]:
    report = {}
    for place in connection.execute(select(stock)).all():
        moved = connection.scalar(  # expect[two_lines_in_one_loop]: QS103|QS104
            select(func.sum(movements.c.change)).where(movements.c.stock_id == place.id)
        )
        offers = connection.scalar(  # expect[two_lines_in_one_loop]: QS103|QS104
            select(func.count(suppliers.c.id)).where(suppliers.c.item_id == place.item_id)
        )
        report[place.id] = (moved, offers)
    return report


def item_names(connection: Connection, keys: list[int]) -> Iterator[str]:
    for key in keys:
        query = select(items.c.name).where(items.c.id == key)
        yield connection.execute(query).scalar_one()  # expect[generator_function]: QS103


def warehouse_report(connection: Connection) -> dict[str, list[str]]:
    return {
        city: [
            connection.execute(  # expect[nested_core_loops]: QS103
                select(items.c.name).where(items.c.id == place.item_id)
            ).scalar_one()
            for place in connection.execute(  # expect[nested_core_loops]: QS103|QS104
                select(stock).where(stock.c.warehouse_id == key)
            ).all()
        ]
        for key, city in connection.execute(select(warehouses.c.id, warehouses.c.city)).all()
    }
