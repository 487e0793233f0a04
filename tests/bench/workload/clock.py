"""The clock: CPU time, calls or nothing at all, from the end of the warm-up to the last test.

So the price has everything in it that recurs: recording, and the judgement and
bookkeeping of every test. Imports and the first tests have not. What is spent while a test's
own function runs is told apart from what is spent between two of them.
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
seconds_within = 0.0
calls_within = 0
started = 0.0


def count(_frame: Any, event: str, _argument: Any) -> None:
    global calls
    if event == "call" or event == "c_call":
        calls += 1


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_pyfunc_call() -> Any:
    """Measure what is spent within the test's function: the innermost of all wrappers."""
    global seconds_within, calls_within
    spent, called = time.process_time(), calls
    try:
        return (yield)
    finally:
        seconds_within += time.process_time() - spent
        calls_within += calls - called


def pytest_runtest_logfinish(nodeid: str) -> None:
    """Begin to measure after the warm-up."""
    global started, seconds_within
    if "warm_up" in nodeid and nodeid.endswith("2]"):
        gc.collect()
        if KIND == "calls":
            threading.setprofile(count)
            sys.setprofile(count)
        seconds_within = 0.0
        global began
        began = [each["collections"] for each in gc.get_stats()]
        started = time.process_time()


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Any:
    result = yield
    spent = time.process_time() - started
    sys.setprofile(None)
    OUTPUT.write_text(
        json.dumps(
            {
                "seconds": spent,
                "seconds_within": seconds_within,
                "calls": calls,
                "calls_within": calls_within,
                "gc": [e["collections"] - b for e, b in zip(gc.get_stats(), began)],
            }
        )
    )
    return result
