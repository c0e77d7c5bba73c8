"""The installation as an app sees it: its HTTP API, with patience while it is away."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import httpx

LIVE: Final = frozenset({"queued", "running"})
POLL_SECONDS: Final = 0.05
AWAY: Final = frozenset({500, 502, 503, 504})
T = TypeVar("T")


class Lineup:
    """One server. While `away` may happen, broken connections and 5xx are waited out; otherwise they fail a case."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=30)

    def close(self) -> None:
        self.http.close()

    def json(self, method: str, path: str, **options: Any) -> Any:
        answer = self.http.request(method, path, **options)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json()

    def add(self, kind: str, url: str, options: Mapping[str, Any], **credentials: str) -> str:
        """A provider that is not synced by itself."""
        body = {"name": url, "kind": kind, "url": url, "credentials": credentials, "options": options, "sync": False}
        return str(self.json("POST", "/api/providers", json=body)["id"])

    def sync(self, provider: str, **query: str) -> str:
        return str(self.json("POST", f"/api/providers/{provider}/sync", params=query)["jobId"])

    def cancel(self, provider: str) -> None:
        self.json("POST", f"/api/providers/{provider}/sync/cancel")

    def job(self, job_id: str) -> Any:
        return self.json("GET", f"/api/jobs/{job_id}")

    def ended(self, job_id: str, seconds: float = 60, *, away: bool = False) -> Any:
        """The job once it is over."""

        def over() -> Any:
            job = self.job(job_id)
            return job if job["status"] not in LIVE else None

        return until(patient(over) if away else over, seconds, f"job {job_id} did not end")

    def synced(self, provider: str, seconds: float = 60, **query: str) -> Any:
        """A sync from its request to its end."""
        return self.ended(self.sync(provider, **query), seconds)

    def snapshot(self, provider: str) -> Any:
        return self.json("GET", f"/api/providers/{provider}/snapshot")


def until(look: Callable[[], T | None], seconds: float, complaint: str) -> T:
    """What `look` finds, awaited."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"{complaint} within {seconds:.0f} s"
        time.sleep(POLL_SECONDS)


def patient(look: Callable[[], T | None]) -> Callable[[], T | None]:
    """The same while the server is away now and then."""

    def tried() -> T | None:
        try:
            return look()
        except (httpx.HTTPError, AssertionError):
            return None

    return tried
