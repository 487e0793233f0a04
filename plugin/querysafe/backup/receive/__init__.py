"""Receiving the WAL as it is written: ``pg_receivewal``, kept running, its segments archived."""
