"""A query of one row's key, understood so that it can be asked once for all keys."""

from dataclasses import dataclass

from querysafe.analysis.cures.chains import Chain
from querysafe.analysis.cures.places import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A query of one row's key, understood."""

    chain: Chain
    columns: tuple[str, ...]
    """What it compares with the keys: ``("Order.customer_id",)``."""
    place: Place
    owner: str
    """``session``: what runs it."""
    awaited: bool
    sort: str
    """``count``, ``exists``, ``one`` or ``many``: what the loop wants of it."""
    entity: bool
    """Whether it loads objects rather than columns."""
    gives_none: bool

    @property
    def column(self) -> str:
        """The compared column, or the tuple of them."""
        return self.columns[0] if len(self.columns) == 1 else f"tuple_({', '.join(self.columns)})"

    def of(self, row: str) -> str:
        """The key of a row: ``order.customer_id``."""
        names = [f"{row}.{column.rpartition('.')[2]}" for column in self.columns]
        return names[0] if len(names) == 1 else f"({', '.join(names)})"

    def run(self, method: str, statement: str, *, fetch: bool = False) -> str:
        """``await session.scalars(select(...))``."""
        text = f"{'await ' if self.awaited else ''}{self.owner}.{method}({statement})"
        if not fetch:
            return text
        return f"({text}).all()" if self.awaited else f"{text}.all()"
