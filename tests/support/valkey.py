"""A real queue server for the tests: a given one, the wheel's, an installed one, or a container."""

import contextlib
import importlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from app.queue.embedded import EmbeddedQueueUnavailable, EmbeddedValkey
from tests.support.services import ServiceMissing, give_up


@contextlib.contextmanager
def running_valkey(folder: Path) -> Iterator[str]:
    """The URL of the first of the four ways that works; `folder` holds the data of an own server."""
    given = os.environ.get("TEST_REDIS_URL")
    if given:
        yield urlsplit(given)._replace(path=f"/{_worker()}").geturl()
        return
    tried: list[str] = []
    with contextlib.ExitStack() as stack:
        for binary in (None, *map(_installed, ("valkey-server", "redis-server"))):
            try:
                url = stack.enter_context(EmbeddedValkey(folder, binary=binary)).url
            except EmbeddedQueueUnavailable as unavailable:
                tried.append(unavailable.detail)
                continue
            yield url
            return
        try:
            url = stack.enter_context(importlib.import_module("tests.support.containers").valkey())
        except ServiceMissing as missing:
            give_up("queue server", "TEST_REDIS_URL", [*tried, str(missing)])
        yield url


def _installed(name: str) -> Path | None:
    found = shutil.which(name)
    return Path(found) if found else None


def _worker() -> int:
    """Processes of a parallel run share a given server: each takes a database number of its own."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 16
