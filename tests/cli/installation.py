"""`lineup` as a person runs it: its exit code, what it printed, and processes that stay."""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

from app.cli.main import run
from tests.support.repository import ROOT

SECONDS = 60
SETTINGS = ("LINEUP_", "DATABASE_URL", "SECRET_KEY", "SYNC_INTERVAL_HOURS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Installation:
    """A folder with its environment; `settings` are variables."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.data = folder / "data"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}
        own = {
            "LINEUP_DATA_DIR": str(self.data),
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "error",
            "LINEUP_PORT": "0",
        }
        self.environment = {**kept, **own, **settings}

    def run(self, *words: str, given: str = "", **settings: str) -> Answer:
        """Runs a command to its end; `given` is its standard input."""
        done = subprocess.run(
            self.command(words),
            input=given,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            cwd=self.folder,
            env=self.environment | settings,
            check=False,
        )
        return Answer(code=done.returncode, out=done.stdout, err=done.stderr)

    def run_inside(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> Answer:
        """The same within this process: a new one takes two seconds to import everything."""
        root = logging.getLogger()
        handlers, level = root.handlers, root.level
        with monkeypatch.context() as patch:
            patch.chdir(self.folder)
            patch.setattr(sys, "argv", ["lineup", *words])
            for name in [name for name in os.environ if name.startswith(SETTINGS)]:
                patch.delenv(name)
            for name, value in self.environment.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                run()
        root.handlers, root.level = handlers, level
        said = capsys.readouterr()
        return Answer(code=int(ended.value.code or 0), out=said.out, err=said.err)

    def json(self, *words: str) -> Any:
        """What a command that has to succeed says to a program."""
        answer = self.run(*words, "--json")
        assert answer.code == 0, answer
        assert answer.err == ""
        return answer.json

    def start(self, *words: str, **settings: str) -> subprocess.Popen[str]:
        """A process that stays; its output and its errors come as one."""
        return subprocess.Popen(
            self.command(words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.folder,
            env=self.environment | {"LINEUP_LOG_FORMAT": "json"} | settings,
        )

    @staticmethod
    def command(words: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "app.cli", *words]


class Process:
    """A process that stays, with all that it says."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._said = threading.Condition()
        assert process.stdout
        self._reader = threading.Thread(target=self._read, args=(process.stdout,), daemon=True)
        self._reader.start()

    @property
    def url(self) -> str:
        """Where it serves."""
        line = self.until('"event":"serving"')
        return str(json.loads(line)["url"])

    @property
    def text(self) -> str:
        return "".join(self.lines)

    def until(self, text: str, seconds: float = SECONDS) -> str:
        """The first line with this text, awaited."""
        deadline = time.monotonic() + seconds
        with self._said:
            while True:
                found = next((line for line in self.lines if text in line.replace('": "', '":"')), None)
                if found is not None:
                    return found
                left = deadline - time.monotonic()
                assert self._reader.is_alive(), f"{text!r} was not said: {self.text}"
                assert left > 0, f"{text!r} was not said in time: {self.text}"
                self._said.wait(min(left, 0.2))

    def end(self, name: signal.Signals = signal.SIGTERM, seconds: float = SECONDS) -> int:
        """Sends a signal and answers with the exit code."""
        self.process.send_signal(name)
        return self.left(seconds)

    def left(self, seconds: float = SECONDS) -> int:
        """The exit code, awaited."""
        code = self.process.wait(seconds)
        self._reader.join(seconds)
        return code

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            with self._said:
                self.lines.append(line)
                self._said.notify_all()


@contextmanager
def running(installation: Installation, *words: str, **settings: str) -> Iterator[Process]:
    """A process that ends with the block."""
    process = Process(installation.start(*words, **settings))
    try:
        yield process
    finally:
        if process.process.poll() is None:
            process.process.terminate()
            try:
                process.left(20)
            except subprocess.TimeoutExpired:
                process.process.kill()
                process.left()
        if process.process.stdout:
            process.process.stdout.close()
