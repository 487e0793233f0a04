"""A warehouse in SQLAlchemy Core: tables and no classes."""

from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table, UniqueConstraint
from sqlalchemy.engine import Connection

metadata = MetaData()

warehouses = Table(
    "warehouses",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("city", String(60), nullable=False),
)
items = Table(
    "items",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sku", String(20), nullable=False, unique=True),
    Column("name", String(60), nullable=False),
)
stock = Table(
    "stock",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("item_id", ForeignKey("items.id"), nullable=False),
    Column("warehouse_id", ForeignKey("warehouses.id"), nullable=False),
    Column("quantity", Integer, nullable=False, default=0),
    UniqueConstraint("item_id", "warehouse_id"),
)
movements = Table(
    "movements",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("stock_id", ForeignKey("stock.id"), nullable=False),
    Column("change", Integer, nullable=False),
)
suppliers = Table(
    "suppliers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("item_id", ForeignKey("items.id"), nullable=False),
    Column("name", String(60), nullable=False),
)


def seed(connection: Connection) -> None:
    """Two warehouses, five items in each, two movements and two suppliers an item."""
    connection.execute(warehouses.insert(), [{"city": "Bern"}, {"city": "Basel"}])
    connection.execute(items.insert(), [{"sku": f"S{n}", "name": f"item {n}"} for n in range(1, 6)])
    for warehouse in (1, 2):
        for item in range(1, 6):
            connection.execute(
                stock.insert().values(item_id=item, warehouse_id=warehouse, quantity=10)
            )
    connection.execute(
        movements.insert(), [{"stock_id": n, "change": c} for n in range(1, 11) for c in (5, -2)]
    )
    connection.execute(
        suppliers.insert(), [{"item_id": n, "name": s} for n in range(1, 6) for s in ("A", "B")]
    )
    connection.commit()
