"""How good the advice is on TPC-H and TPC-DS, beside two published ways to choose."""

from tests.bench.part import Part
from tests.bench.parts.analytics.run import run

PART = Part(name="analytics", summary="how much cheaper TPC-H and TPC-DS become", run=run)
