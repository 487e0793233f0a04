"""A headless Chromium, driven by the DevTools protocol through its pipe.

No port, no driver and no WebSocket: messages are JSON, ended by a null byte, on the file
descriptors 3 and 4 of the browser (``--remote-debugging-pipe``).
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue
from typing import Any

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--window-size=1280,900",
    "--remote-debugging-pipe",
)
_LAUNCH = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 20) for end in sys.argv[1:3]]
for number, end in zip((3, 4), ends):
    os.dup2(end, number)
os.execv(sys.argv[3], sys.argv[3:])
"""
_SECONDS = 90


class Chromium:
    """The browser with one page."""

    def __init__(self, profile: Path) -> None:
        assert PROGRAM is not None
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                _LAUNCH,
                str(theirs_in),
                str(theirs_out),
                PROGRAM,
                *_FLAGS,
                f"--user-data-dir={profile}",
            ],
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._answers: Queue[dict[str, Any]] = Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._serial = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and wait for its result; events that come before it are kept."""
        self._serial += 1
        message: dict[str, Any] = {"id": self._serial, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._serial:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return dict(answer.get("result", {}))

    def open(self, url: str) -> None:
        """Go to a page and wait until it is loaded and drawn."""
        self.events.clear()
        self.send("Page.navigate", url="about:blank")
        self._until("Page.loadEventFired")
        self.events.clear()
        self.send("Page.navigate", url=url)
        self._until("Page.loadEventFired")
        self.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")

    def evaluate(self, expression: str) -> Any:
        """Give the value of a JavaScript expression, of a promise's outcome too."""
        told = self.send(
            "Runtime.evaluate",
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def press(self, key: str, code: str = "", *, text: str = "", shift: bool = False) -> None:
        """Press and release one key."""
        number = {"Enter": 13, "Tab": 9, "Escape": 27, "ArrowRight": 39, "ArrowLeft": 37}.get(key)
        event: dict[str, Any] = {"key": key, "code": code or key, "modifiers": 8 if shift else 0}
        if number is not None:
            event["windowsVirtualKeyCode"] = number
        self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **event)
        self.send("Input.dispatchKeyEvent", type="keyUp", **event)

    def named(self, *methods: str) -> list[dict[str, Any]]:
        """The parameters of the events of some names, since the page was opened."""
        self.evaluate("0")
        return [each["params"] for each in self.events if each["method"] in methods]

    def close(self) -> None:
        """End the browser and what it started."""
        self._session = None
        with contextlib.suppress(OSError, AssertionError, TimeoutError):
            self.send("Browser.close")
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        os.close(self._out)
        self._reader.join(10)
        os.close(self._in)

    def _until(self, method: str) -> None:
        while all(each["method"] != method for each in self.events):
            self._next()

    def _next(self) -> dict[str, Any]:
        try:
            message = self._answers.get(timeout=_SECONDS)
        except Empty:
            raise TimeoutError(f"Chromium was silent for {_SECONDS} s") from None
        assert message, "Chromium has ended"
        if "method" in message:
            self.events.append(message)
        return message

    def _read(self) -> None:
        for part in self._parts():
            self._answers.put(json.loads(part))
        self._answers.put({})

    def _parts(self) -> Iterator[bytes]:
        rest = bytearray()
        while chunk := os.read(self._in, 1 << 16):
            rest += chunk
            *whole, last = rest.split(b"\0")
            yield from map(bytes, whole)
            rest = bytearray(last)
