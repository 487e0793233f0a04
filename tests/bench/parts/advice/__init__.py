"""How good the advice is on two web workloads, beside what an expert builds by hand."""

from tests.bench.part import Part
from tests.bench.parts.advice.run import run

PART = Part(name="advice", summary="how much cheaper advised indexes make two workloads", run=run)
