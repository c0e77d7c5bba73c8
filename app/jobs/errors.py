"""Why a run of a job ends before its work does; both are outcomes, not failures."""

from app.core.errors import LineupError


class Cancelled(LineupError):
    """Somebody asked for it: stop between two pages."""

    code = "cancelled"


class NothingToRun(LineupError):
    """The job ended before a worker came to it: leave it alone."""

    code = "nothing_to_run"
