"""A real browser before a real server. Not part of `make test`: it needs Debian's Chromium; see `make test-browser`."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from app.simulator.behaviour import Behaviour
from app.simulator.process import PortalThread
from app.simulator.server import create_portal
from app.simulator.spec import CatalogueSpec
from tests.support.repository import ROOT

# What it would ask of the network by itself is switched off.
FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SHOTS: Final = ROOT / "build" / "screenshots"
START_SECONDS: Final = 40
SPEC: Final = CatalogueSpec(channels=120, movies=600, series=120, categories=24)
SIZES: Final = {"phone": (390, 844), "desktop": (1280, 860)}
PATIENCE: Final = 20_000  # ms


def chromium() -> str:
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.fail("There is no Chromium here: `make test-browser` installs Debian's, or name one with CHROMIUM=…")
    return found


@dataclass
class Look:
    """One window. Whatever its console says against a page is remembered."""

    page: Page
    base: str
    size: str
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"{self.page.url}: {error}"))

    def open(self, path: str) -> None:
        self.page.goto(f"{self.base}{path}")

    def shot(self, name: str, *, whole: bool = False) -> Path:
        SHOTS.mkdir(parents=True, exist_ok=True)
        file = SHOTS / f"{name}-{self.size}.png"
        self.page.screenshot(path=file, full_page=whole)
        return file

    def _hear(self, message: ConsoleMessage) -> None:
        # Logos of the simulated catalogue may lie on hosts that there are not: that is what it is like.
        if message.type == "error" and "ERR_NAME_NOT_RESOLVED" not in message.text:
            self.complaints.append(f"{self.page.url}: {message.text}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        yield found
        found.close()


@pytest.fixture
def portal() -> Iterator[str]:
    """A Stalker portal that takes its time, so that a sync can be watched."""
    site = {"stock": create_portal(SPEC, "stock", Behaviour(latency_ms=150), mount="/stock")}
    with PortalThread(site) as thread:
        yield f"{thread.url}/stock/stalker_portal/c/"


class Server:
    """`lineup serve` with nothing in it at first, always at the same address."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        known = {name: value for name, value in os.environ.items() if not name.startswith("LINEUP_")}
        self.base = f"http://127.0.0.1:{port}"
        self._environment = {**known, "LINEUP_DATA_DIR": str(folder / "data"), "LINEUP_PORT": str(port)}
        self._log = folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "app.cli", "serve"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=self._environment, stdout=log, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.base}/health/ready", timeout=2):
                    return
            except OSError:
                time.sleep(0.1)
        pytest.fail(f"The server did not start: {self._log.read_text(errors='replace')[-2000:]}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(START_SECONDS)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def window(browser: Browser, size: str, scheme: str) -> BrowserContext:
    """A new person with a device of that size, in that light."""
    width, height = SIZES[size]
    return browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        has_touch=size == "phone",
        accept_downloads=True,
    )
