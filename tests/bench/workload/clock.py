"""The clock: CPU time, calls or instructions, from the end of the warm-up to the last test.

So the price has everything in it that recurs: recording, and the judgement and
bookkeeping of every test. Imports and the first tests have not. What is spent while a test's
own function runs is told apart from what is spent between two of them.

Instructions are those that callgrind counts; it is told when to begin and when to stop.
"""

import gc
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

KIND = os.environ["BENCH_MEASURE"]
WARM_UP = int(os.environ["BENCH_WARM_UP"])
OUTPUT = Path(os.environ["BENCH_OUTPUT"])
calls = 0
seconds_within = 0.0
calls_within = 0
started = 0.0


def count(_frame: Any, event: str, _argument: Any) -> None:
    global calls
    if event == "call" or event == "c_call":
        calls += 1


def instrument(part: str, state: str) -> None:
    """Let callgrind count, or stop, where one part of the run is what it shall count."""
    if part == KIND and started:
        command = ["callgrind_control", "--instr=" + state, str(os.getpid())]
        subprocess.run(command, check=True, capture_output=True)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_pyfunc_call() -> Any:
    """Measure what is spent within the test's function: the innermost of all wrappers."""
    global seconds_within, calls_within
    instrument("between", "off")
    instrument("within", "on")
    spent, called = time.process_time(), calls
    try:
        return (yield)
    finally:
        seconds_within += time.process_time() - spent
        calls_within += calls - called
        instrument("within", "off")
        instrument("between", "on")


def pytest_runtest_logfinish(nodeid: str) -> None:
    """Begin to measure after the warm-up, which runs the same test."""
    global started, seconds_within
    if nodeid.endswith(f"[{WARM_UP - 1}]"):
        gc.collect()
        if KIND == "calls":
            threading.setprofile(count)
            sys.setprofile(count)
        seconds_within = 0.0
        started = time.process_time()
        instrument("between", "on")


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Any:
    result = yield
    spent = time.process_time() - started
    instrument("between", "off")
    sys.setprofile(None)
    OUTPUT.write_text(
        json.dumps(
            {
                "seconds": spent,
                "seconds_within": seconds_within,
                "calls": calls,
                "calls_within": calls_within,
            }
        )
    )
    return result
