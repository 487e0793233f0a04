"""The time of a grown run is up: whatever it waits for."""

import asyncio
import signal
import sqlite3
import sys
import threading
import time
from functools import partial

import pytest

from querysafe.growth.connections import give_up
from querysafe.testing.overtime import OvertimeError, Watch

SECONDS = 0.1
needs_signals = pytest.mark.skipif(
    not hasattr(signal, "setitimer"), reason="there is no alarm on this system"
)


def nobody() -> None:
    """No driver waits."""


def test_a_block_that_ends_in_time_is_left_alone_and_its_alarm_put_back() -> None:
    before = signal.getsignal(signal.SIGALRM)
    watch = Watch(60, nobody)
    with watch.over():
        assert sum(range(10)) == 45
    assert not watch.struck
    assert signal.getsignal(signal.SIGALRM) == before


def test_code_that_a_profiler_or_debugger_follows_goes_on_after_it() -> None:
    """CPython 3.11 spins there for ever when its evaluation loop is told of an error in vain."""
    seen: list[str] = []
    with Watch(60, nobody).over():
        pass
    before = sys.getprofile()
    sys.setprofile(lambda _frame, what, _argument: seen.append(what))
    try:
        nobody()
    finally:
        sys.setprofile(before)
    assert "call" in seen


@needs_signals
def test_what_waits_for_a_lock_for_ever_is_interrupted() -> None:
    watch = Watch(SECONDS, nobody)
    with pytest.raises(OvertimeError), watch.over():
        threading.Event().wait(60)
    assert watch.struck


@needs_signals
def test_a_loop_that_swallows_every_error_of_its_application_ends() -> None:
    def forever() -> None:
        while True:
            try:
                time.sleep(0.01)
            except Exception:
                continue

    with pytest.raises(OvertimeError), Watch(SECONDS, nobody).over():
        forever()


def test_a_thread_that_gets_no_signals_is_interrupted_too() -> None:
    raised: list[BaseException] = []

    def run() -> None:
        try:
            with Watch(SECONDS, nobody).over():
                while True:
                    time.sleep(0.01)
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    assert [type(each) for each in raised] == [OvertimeError]


def test_an_alarm_of_somebody_else_is_not_taken_from_him() -> None:
    rung: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _: rung.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 3 * SECONDS)
        with pytest.raises(OvertimeError), Watch(SECONDS, nobody).over():
            while True:
                time.sleep(0.01)
        deadline = time.monotonic() + 30
        while not rung and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert rung == [signal.SIGALRM]


@needs_signals
def test_the_task_of_a_test_is_cancelled_and_its_loop_goes_on() -> None:
    async def test() -> None:
        await asyncio.sleep(60)

    async def runner() -> str:
        """As anyio's: one task for all fixtures and tests of a module."""
        try:
            await test()
        except asyncio.CancelledError:
            return "the fixtures are torn down"
        return "it ended by itself"

    watch = Watch(SECONDS, nobody)
    with watch.over(test.__code__):
        said = asyncio.run(runner())
    assert said == "the fixtures are torn down"
    assert watch.struck


def test_a_statement_that_a_driver_executes_for_ever_is_given_up() -> None:
    connection = sqlite3.connect(":memory:")
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    )
    watch = Watch(SECONDS, partial(give_up, "pysqlite", connection))
    with pytest.raises((OvertimeError, sqlite3.OperationalError)), watch.over():
        connection.execute(endless).fetchall()
    assert watch.struck
    connection.close()
