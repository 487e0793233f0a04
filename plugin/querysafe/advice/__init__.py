"""From the statements of a workload to the indexes that serve all of it: source, plan, candidates,
choice, revision.

Data flows one way: :mod:`~querysafe.advice.sources` make a :class:`~querysafe.advice.workload.Workload`,
a :class:`~querysafe.advice.planner.Planner` answers what production's planner would do with it,
candidates come from those plans, a choice is made for the whole workload, and what was chosen is
an :class:`~querysafe.advice.advice.Advice` that the doors print or write as an Alembic revision.
"""
