"""Jobs over time, as numbers for charts: seconds since 1970 across, one row of values for each line."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from app.jobs.views import JobView, TrafficView
from app.pages.progress import duration_of

LEAST: Final = 2  # points that make a line

Chart = dict[str, Any]
Value = Callable[[JobView], float | None]


def charts(jobs: Sequence[JobView]) -> list[tuple[str, Chart]]:
    """Headings and charts of one provider's jobs, which come newest first; none before there is a line to draw."""
    ended = [job for job in reversed(jobs) if job.completed_at is not None and job.started_at is not None]
    drawn = [
        (
            "Catalogue",
            _chart(ended, {"channels": _size("channels"), "movies": _size("movies"), "series": _size("series")}),
        ),
        ("Duration in seconds", _chart(ended, {"seconds": duration_of})),
        ("Provider's answer in ms", _chart(ended, {"ms": lambda job: job.traffic.mean_ms if job.traffic else None})),
        (
            "Failed requests and retries",
            _chart(
                ended, {"failures": _traffic(lambda one: one.failures), "retries": _traffic(lambda one: one.retries)}
            ),
        ),
    ]
    return [(heading, chart) for heading, chart in drawn if chart is not None]


def _chart(jobs: Sequence[JobView], lines: dict[str, Value]) -> Chart | None:
    found = {name: [value(job) for job in jobs] for name, value in lines.items()}
    shown = [place for place in range(len(jobs)) if any(values[place] is not None for values in found.values())]
    if len(shown) < LEAST:
        return None
    return {
        "times": [(jobs[place].completed_at or 0) // 1000 for place in shown],
        "series": [{"name": name, "values": [values[place] for place in shown]} for name, values in found.items()],
    }


def _size(kind: str) -> Value:
    def value(job: JobView) -> float | None:
        return getattr(job.sizes, kind) if job.sizes else None

    return value


def _traffic(read: Callable[[TrafficView], float]) -> Value:
    def value(job: JobView) -> float | None:
        return read(job.traffic) if job.traffic else None

    return value
