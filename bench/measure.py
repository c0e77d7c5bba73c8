"""Runs one piece of work in a process of its own and tells what it cost."""

import asyncio
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import uvloop

TIMEOUT_SECONDS = 1_200
MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024
Work = Callable[["Clock", dict[str, Any]], Awaitable[dict[str, Any]]]


@dataclass(slots=True)
class Clock:
    """Started and stopped by the work itself, so that preparations do not count."""

    wall: float = 0.0
    cpu: float = 0.0
    idle_mb: float = 0.0

    def __enter__(self) -> Self:
        self.idle_mb = resident_mb()
        self.wall, self.cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *exc: object) -> None:
        self.wall, self.cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Seconds, megabytes and whatever the work wants to tell."""

    wall: float
    cpu: float
    peak_mb: float
    idle_mb: float
    told: dict[str, Any]


def resident_mb() -> float:
    """The largest this process has been, in MB (10⁶ bytes)."""
    status = Path("/proc/self/status")
    if status.exists():  # here `getrusage` would tell the parent's peak when that was larger
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MAXRSS_UNIT / 1e6


def measure(module: str, work: str, **arguments: Any) -> Cost:
    """Runs `module.work(clock, arguments)` in a new process and returns what it cost."""
    command = [sys.executable, "-m", "bench.measure", module, work, json.dumps(arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=TIMEOUT_SECONDS, check=False)
    if done.returncode:
        raise SystemExit(f"{module}.{work} failed")
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """The other side of `measure`."""
    module, work, arguments = sys.argv[1:]
    found: Work = getattr(__import__(module, fromlist=[work]), work)
    clock = Clock()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # as every command of ours runs
        told = runner.run(found(clock, json.loads(arguments)))  # type: ignore[arg-type]
    cost = {"wall": clock.wall, "cpu": clock.cpu, "peak_mb": resident_mb(), "idle_mb": clock.idle_mb, "told": told}
    sys.stdout.write(json.dumps(cost) + "\n")
    sys.stdout.flush()
    os._exit(0)  # what is left (threads, pools) is not part of the measurement


if __name__ == "__main__":
    main()
