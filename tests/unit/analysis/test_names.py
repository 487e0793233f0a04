"""How a cure spells the classes of the module that it is pasted into."""

from pathlib import Path

import pytest

from querysafe.analysis.cures.names import Module

MODELS = """
class Order(Base):
    __tablename__ = "orders"
"""
TYPES = """
{imported}

class Order:
    number: int

class Line(Base):
    __tablename__ = "lines"

def orders(session):
    return session.scalars(select({used}))
"""


@pytest.mark.parametrize(
    ("imported", "used", "spelled"),
    [
        ("import models", "models.Order", "models.Order"),
        ("import models", "orders_of(models)", "models.Order"),
        ("from models import Order as Row", "Row", "Row"),
        ("", "Order", "Order"),
    ],
)
def test_a_class_of_an_interface_is_not_taken_for_the_mapped_one_of_its_name(
    tmp_path: Path, imported: str, used: str, spelled: str
) -> None:
    (tmp_path / "models.py").write_text(MODELS)
    path = tmp_path / "types_of_the_api.py"
    path.write_text(TYPES.format(imported=imported, used=used))
    assert Module(str(path)).spell("Order") == spelled


def test_a_mapped_class_of_the_module_stays_its_own(tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text(MODELS.replace("Order", "Line"))
    path = tmp_path / "types_of_the_api.py"
    path.write_text(TYPES.format(imported="import models", used="models.Line"))
    assert Module(str(path)).spell("Line") == "Line"
