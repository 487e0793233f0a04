"""One module a measured part; each has a ``PART``."""

import importlib
import pkgutil

from tests.bench.part import Part


def parts() -> dict[str, Part]:
    """Every part by its name."""
    modules = (
        importlib.import_module(f"{__name__}.{found.name}")
        for found in pkgutil.iter_modules(__path__)
    )
    return {module.PART.name: module.PART for module in modules}
