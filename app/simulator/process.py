"""Simulated portals that run beside the caller: in a process of their own, or in a thread."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Final, Self

import orjson
import uvicorn

from app.simulator.behaviour import Behaviour
from app.simulator.control import call_control
from app.simulator.portal import Portal
from app.simulator.server import create_site, make_config
from app.simulator.spec import CatalogueSpec

START_TIMEOUT: Final = 120.0  # seconds; a prebuilt catalogue of full size takes a few
STOP_TIMEOUT: Final = 5.0
ROOT: Final = Path(__file__).parents[2]  # where `app` lies, wherever the caller stands


class PortalProcess:
    """`with PortalProcess(profiles=["stock"]) as portal: …` serves at `portal.url`.

    One profile is served at the root, several below their names (`portal.url_of("panel")`). The process ends with
    the block, and also when its parent dies, because its standard input closes then.
    """

    def __init__(
        self,
        profiles: Sequence[str],
        spec: CatalogueSpec | None = None,
        behaviour: Behaviour | None = None,
        *,
        prebuild: bool = False,
        port: int = 0,
    ) -> None:
        self._profiles = tuple(profiles)
        self._options = {
            "spec": asdict(spec or CatalogueSpec()),
            "behaviour": asdict(behaviour or Behaviour()),
            "prebuild": prebuild,
        }
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "app.simulator", "--port", str(self._port), "--stdin-options"]
        for profile in self._profiles:
            command += ["--profile", profile]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)  # noqa: S603 - ours
        self._process = process
        self.url = self._started(process)
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process to measure."""
        return self._running().pid

    def url_of(self, profile: str) -> str:
        """The base URL of one of several portals."""
        return self.url if len(self._profiles) == 1 else f"{self.url}/{profile}"

    def stats(self, profile: str | None = None) -> dict[str, Any]:
        """Counters of a portal."""
        return self._control(profile, "stats")

    def behave(self, profile: str | None = None, **switches: Any) -> dict[str, Any]:
        """Changes switches of a portal."""
        return self._control(profile, "behaviour", switches)

    def set_version(self, version: int, profile: str | None = None) -> dict[str, Any]:
        """Serves another version; returns the counts to expect."""
        return self._control(profile, "version", {"version": version})

    def expected(self, profile: str | None = None) -> dict[str, Any]:
        """The counts that a perfect client ends with."""
        return self._control(profile, "expected")

    def stop(self) -> None:
        """Ends the process, by its id, and waits for it."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("the portal does not run")
        return self._process

    def _started(self, process: subprocess.Popen[bytes]) -> str:
        stdin, stdout = _pipes(process)
        stdin.write(orjson.dumps(self._options) + b"\n")
        stdin.flush()
        watchdog = threading.Timer(START_TIMEOUT, process.kill)
        watchdog.start()
        line = stdout.readline()
        watchdog.cancel()
        if not line:
            self.stop()
            raise RuntimeError("the portal did not start")
        return str(orjson.loads(line)["url"])

    def _control(self, profile: str | None, command: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return call_control(self.url_of(profile or self._profiles[0]), command, body)


class PortalThread:
    """The same over portals of this process, which a test can reach into; real HTTP on a free loopback port."""

    def __init__(self, portals: Mapping[str, Portal]) -> None:
        self.site = create_site(portals)
        self._server = uvicorn.Server(make_config(self.site, "127.0.0.1", 0))
        self._thread = threading.Thread(target=self._run, name="portal", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        deadline = time.monotonic() + STOP_TIMEOUT
        while not self._server.started and time.monotonic() < deadline:
            time.sleep(0.005)
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(STOP_TIMEOUT)

    @property
    def url(self) -> str:
        """The address of the site."""
        host, port = self._server.servers[0].sockets[0].getsockname()[:2]
        return f"http://{host}:{port}"

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=self._server.config.get_loop_factory()) as runner:
            runner.run(self._server.serve())


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the portal has no pipes")
    return process.stdin, process.stdout
