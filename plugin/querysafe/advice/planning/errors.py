"""What can go wrong before a plan is made."""

from querysafe.errors import QuerysafeError


class PlanningError(QuerysafeError):
    """the database cannot be asked for plans"""

    slug = "advise"


class NoClone(PlanningError):
    """there is no place to clone the database"""


class StatisticsError(QuerysafeError):
    """a statistics file cannot be read or written"""

    slug = "advise"
