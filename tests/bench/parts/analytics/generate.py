"""Runs in an environment of its own: rows and queries of TPC-H or TPC-DS, as DuckDB makes them.

Called with the extension, the scale and a folder. Neither TPC's text nor its rows are ours to
keep, so they are made when they are measured.
"""

import json
import sys
from pathlib import Path

import duckdb  # type: ignore[import-not-found]  # not in the environment of querysafe


def main(extension: str, scale: str, folder: Path) -> None:
    connection = duckdb.connect()
    connection.execute(f"LOAD {extension}")
    generator = {"tpch": "dbgen", "tpcds": "dsdgen"}[extension]
    connection.execute(f"CALL {generator}(sf={scale})")
    queries = connection.execute(f"FROM {extension}_queries() ORDER BY 1").fetchall()
    (folder / "queries.json").write_text(
        json.dumps([sql.strip().rstrip(";") for _, sql in queries])
    )
    tables: dict[str, list[tuple[str, str]]] = {}
    for table, column, type_ in connection.execute(
        "SELECT table_name, column_name, data_type FROM information_schema.columns "
        "ORDER BY table_name, ordinal_position"
    ).fetchall():
        tables.setdefault(table, []).append((column, type_))
    (folder / "tables.json").write_text(json.dumps(tables))
    for table in tables:
        connection.execute(f"COPY {table} TO '{folder / table}.csv' (FORMAT csv, HEADER false)")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
