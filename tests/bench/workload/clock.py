"""The clock: CPU time, calls or nothing at all, from the end of the warm-up to the last test.

So the price has everything in it that recurs: recording, and the judgement and
bookkeeping of every test. Imports and the first test have not.
"""

import gc
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

KIND = os.environ["BENCH_MEASURE"]
OUTPUT = Path(os.environ["BENCH_OUTPUT"])
calls = 0
started = 0.0


def count(_frame: Any, event: str, _argument: Any) -> None:
    global calls
    if event == "call" or event == "c_call":
        calls += 1


def pytest_runtest_logfinish(nodeid: str) -> None:
    """Begin to measure after the warm-up."""
    global started
    if "warm_up" in nodeid and nodeid.endswith("2]"):
        gc.collect()
        if KIND == "calls":
            threading.setprofile(count)
            sys.setprofile(count)
        started = time.process_time()


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Any:
    result = yield
    spent = time.process_time() - started
    sys.setprofile(None)
    OUTPUT.write_text(json.dumps({"seconds": spent, "calls": calls}))
    return result
