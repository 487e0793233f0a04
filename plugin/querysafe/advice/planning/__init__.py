"""Plans as production would make them: everything that answers a :class:`~querysafe.advice.planner.Planner`.

:func:`~querysafe.advice.planning.opening.open_planner` chooses where sizes and statistics come
from. Most often that is a throw-away clone: the schema of a database without its rows, given
production's statistics (or guessed ones) and relation files that are grown as holes to
production's size, so that the planner decides as production's would.
"""

from querysafe.advice.planning.opening import open_planner

__all__ = ["open_planner"]
