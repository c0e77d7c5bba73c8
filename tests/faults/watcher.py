"""A client that reads all the time: whatever happens to the writers, it must see whole, published versions."""

import threading
import time
from typing import Any, Final, Self

import httpx

PAUSE_SECONDS: Final = 0.2
PROBLEM: Final = "application/problem+json"


class Watcher:
    """`with Watcher(url, provider) as watcher:` reads beside the block; what was wrong is in `complaints`.

    `away`: the server itself, or its database, is part of the fault: then it may be gone or say 503, never half.
    """

    def __init__(self, url: str, provider: str, *, away: bool = False) -> None:
        self._url = url
        self._provider = provider
        self._away = away
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._newest: tuple[str, int] = ("", 0)
        self._tag = ""
        self.complaints: list[str] = []
        self.reads = 0
        self.slowest = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join(60)

    def _run(self) -> None:
        with httpx.Client(base_url=self._url, timeout=30) as http:
            while not self._over.wait(PAUSE_SECONDS):
                for path in ("/snapshot", "/sync"):
                    self._read(http, f"/api/providers/{self._provider}{path}")

    def _read(self, http: httpx.Client, path: str) -> None:
        began = time.monotonic()
        try:
            answer = http.get(path, headers={"if-none-match": self._tag} if path.endswith("/snapshot") else None)
        except httpx.HTTPError as error:
            if not self._away:
                self.complaints.append(f"{path}: {type(error).__name__}")
            return
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.reads += 1
        if answer.status_code == 304:
            return
        if answer.status_code == 200:
            if path.endswith("/snapshot"):
                self._tag = answer.headers["etag"]
                self._whole(answer.json(), answer.headers["x-catalog-version"])
        elif not (self._away and answer.status_code == 503 and answer.headers["content-type"] == PROBLEM):
            self.complaints.append(f"{path}: {answer.status_code} {answer.text[:200]}")

    def _whole(self, document: Any, version: str) -> None:
        stats = document["stats"]
        for name in ("movies", "series", "channels"):
            if len(document[name]) != stats[f"total{name.capitalize()}"]:
                self.complaints.append(f"version {version} says {stats} and has {len(document[name])} {name}")
        epoch, _, number = version.partition(".")
        if document["version"] != version or (epoch == self._newest[0] and int(number) < self._newest[1]):
            self.complaints.append(f"version {document['version']} under {version} after {self._newest}")
        self._newest = (epoch, int(number))
