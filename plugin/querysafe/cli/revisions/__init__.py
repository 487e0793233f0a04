"""The parts of ``querysafe advise`` that are about Alembic revisions."""
