"""From an advice to one reversible Alembic revision in the project's own ``versions/``.

:mod:`~querysafe.advice.revision.spelling` and :mod:`~querysafe.advice.revision.body` are pure:
they write Python. What needs the project (its ``env.py``, models, templates) runs in a process
of its own, :mod:`~querysafe.advice.revision.worker`, whose every connection is redirected to a
throw-away server. Only :mod:`~querysafe.advice.revision.write` touches the project's files, and
only after the proof.
"""
