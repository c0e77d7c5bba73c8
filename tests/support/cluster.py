"""A throwaway Postgres cluster made from plain binaries, as root and as an ordinary user."""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import asyncpg

from app.queue import lifeline
from tests.support.services import ServiceMissing, run_apart

START_SECONDS = 60.0
POLL_SECONDS = 0.02
ATTEMPTS = 3  # another process may take the free port first
LAST_WITHOUT_BUILTIN_LOCALES = 16
# The data is thrown away, so nothing needs to reach the disk.
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """`user` runs it (None: whoever runs the tests), because Postgres refuses root."""

    binaries: Path
    folder: Path
    user: pwd.struct_passwd | None
    password: str

    @property
    def environment(self) -> dict[str, str]:
        return {"LC_ALL": "C", "PATH": os.defpath}

    def url(self, port: int) -> str:
        return f"postgresql://lineup:{self.password}@127.0.0.1:{port}/postgres"

    def initialise(self) -> None:
        """Runs initdb; the sort order is that of bytes, letters are those of Unicode where the release can."""
        secret = self.folder / "password"
        secret.write_text(self.password)
        if self.user:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
            os.chown(secret, self.user.pw_uid, self.user.pw_gid)
        version = self._initdb("--version").split()[2]
        unicode = int(version.split(".")[0]) > LAST_WITHOUT_BUILTIN_LOCALES
        locale = ["--locale=C", *(["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if unicode else [])]
        self._initdb(
            *("-D", str(self.folder / "data"), "-U", "lineup", "--pwfile", str(secret)),
            *("-A", "scram-sha-256", "-E", "UTF8", *locale, "--no-sync", "--no-instructions"),
        )

    def _initdb(self, *arguments: str) -> str:
        done = subprocess.run(
            [self.binaries / "initdb", *arguments],
            check=False,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=self.environment,
            user=self.user.pw_uid if self.user else None,
            group=self.user.pw_gid if self.user else None,
            extra_groups=[] if self.user else None,
        )
        if done.returncode:
            raise ServiceMissing(f"{self.binaries / 'initdb'} failed: {done.stderr.strip()[-500:]}")
        return done.stdout

    @contextlib.contextmanager
    def running(self, port: int, more: Mapping[str, str] = MappingProxyType({})) -> Iterator[subprocess.Popen[bytes]]:
        """The server, for a while; `more` options win."""
        options = [part for name, value in {**OPTIONS, **more}.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            process = lifeline.spawn(
                [self.binaries / "postgres", "-D", self.folder / "data", "-p", str(port), *options],
                folder=self.folder,
                output=log,
                environment=self.environment,
                user=self.user.pw_uid if self.user else None,
                group=self.user.pw_gid if self.user else None,
            )
        try:
            self._wait(process, port)
            yield process
        finally:
            lifeline.end(process, politely=signal.SIGINT)  # fast: waits for no client

    def _wait(self, process: subprocess.Popen[bytes], port: int) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not run_apart(lambda: _accepts(self.url(port))):
            if process.poll() is not None or time.monotonic() > deadline:
                raise ServiceMissing(f"{self.binaries / 'postgres'}: {(self.folder / 'log').read_text()[-500:]}")
            time.sleep(POLL_SECONDS)


@contextlib.contextmanager
def own_cluster(install: Path) -> Iterator[str]:
    """Runs the binaries below `install` on a fresh cluster; yields the URL of its superuser."""
    with made_cluster(install) as cluster, contextlib.ExitStack() as stack:
        yield cluster.url(_start(cluster, stack))


@contextlib.contextmanager
def made_cluster(install: Path) -> Iterator[Cluster]:
    """A fresh cluster for the binaries below `install`, not started."""
    user = _unprivileged_user() if os.geteuid() == 0 else None
    shared = Path(tempfile.gettempdir())
    base = shared if user is None or _open_to_all(shared) else Path("/tmp")
    with tempfile.TemporaryDirectory(prefix="lineup-pg-", dir=base, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if user and not _open_to_all(install / "bin"):
            unneeded = shutil.ignore_patterns("include", "*.a", "doc")
            install = Path(shutil.copytree(install, folder / "install", symlinks=True, ignore=unneeded))
        cluster = Cluster(binaries=install / "bin", folder=folder, user=user, password=secrets.token_hex(8))
        cluster.initialise()
        yield cluster


def _start(cluster: Cluster, stack: contextlib.ExitStack) -> int:
    for attempt in range(1, ATTEMPTS + 1):
        port = free_port()
        try:
            stack.enter_context(cluster.running(port))
        except ServiceMissing:
            if attempt == ATTEMPTS:
                raise
        else:
            return port
    raise AssertionError("unreachable")


def _unprivileged_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise ServiceMissing("Postgres refuses root, and there is no user postgres or nobody")


def _open_to_all(path: Path) -> bool:
    """Whether any user may come to `path`: a checkout in root's home is closed to others."""
    folders = (path.resolve(), *path.resolve().parents)
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in folders)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _accepts(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url)
    except (OSError, asyncpg.CannotConnectNowError):
        return False
    await connection.close()
    return True
