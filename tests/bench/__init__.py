"""What querysafe costs, measured beside the floor and the best peers: ``scripts/bench``.

Each part of the product that has something to measure is one module of
:mod:`tests.bench.parts` with a ``PART``; :mod:`tests.bench.__main__` runs them.
"""
