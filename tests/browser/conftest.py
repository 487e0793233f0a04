"""One browser for the tests of a process, and the page that most of them look at."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from querysafe.recording import Recording, RunResult
from querysafe.report import html, writing
from tests.browser.chromium import PROGRAM, Chromium
from tests.requirements import require
from tests.unit.report.runs import ORDERS, mixed, orders_recording

Shown = Callable[..., Chromium]


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    require("chromium", PROGRAM is not None, "no chromium on PATH (apt-get install chromium)")
    browser = Chromium(tmp_path_factory.mktemp("chromium"))
    try:
        yield browser
    finally:
        browser.close()


@pytest.fixture
def shown(chromium: Chromium, tmp_path: Path) -> Iterator[Shown]:
    """Write the page of a run and open it; at the end the page has neither erred nor asked."""

    def show(
        run: RunResult | None = None,
        recordings: Mapping[str, Recording] | None = None,
        *,
        part: str = "",
        scheme: str = "light",
    ) -> Chromium:
        path = tmp_path / "report.html"
        root = tmp_path / "root"
        (root / "app").mkdir(parents=True, exist_ok=True)
        source = "".join(f"line_{n} = {n}  # of the orders\n" for n in range(1, 100))
        (root / "app/orders.py").write_text(source)
        kept = {ORDERS: orders_recording()} if recordings is None else recordings
        writing.write(path, html.parts(run or mixed(), kept, root))
        media = [{"name": "prefers-color-scheme", "value": scheme}]
        chromium.send("Emulation.setEmulatedMedia", features=media)
        chromium.open(f"{path.as_uri()}{part}")
        return chromium

    yield show
    errors = [
        *chromium.named("Runtime.exceptionThrown", "Page.javascriptDialogOpening"),
        *(each for each in chromium.named("Log.entryAdded") if each["entry"]["level"] == "error"),
        *(each for each in chromium.named("Runtime.consoleAPICalled") if each["type"] == "error"),
    ]
    assert errors == []
    asked = [each["request"]["url"] for each in chromium.named("Network.requestWillBeSent")]
    strange = [url for url in asked if not url.startswith(("file://", "data:", "about:"))]
    assert strange == []
    assert len({url.partition("#")[0] for url in asked if url.startswith("file://")}) <= 1
