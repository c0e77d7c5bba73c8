"""What the status of a download means, where no dialect has a table of its own."""

from typing import Final

from app.core.errors import Malformed, ProviderError, Rejected, Unavailable

OK: Final = frozenset({200, 203, 206})
BUSY: Final = frozenset({429, 444, 458, 460, 509, 885})
PASSING: Final = frozenset({408, 425})
REFUSED: Final = frozenset({511, 512, 513, 884})  # of no standard: panels refuse accounts and players with them
SAYINGS: Final = {
    401: "The server asks for other credentials (401).",
    403: "The server refuses this account, this player or this network (403).",
    404: "The server has nothing under this address, or refuses the account so (404).",
    456: "The server refuses this country or network (456).",
}


def judged(status: int, retry_after: float | None = None) -> ProviderError | None:
    """The error to raise; None for a status that comes with what was asked for."""
    if status in OK:
        return None
    if status in BUSY:
        return Unavailable(f"The server is busy ({status}).", retry_after=retry_after)
    if status in REFUSED or (400 <= status < 500 and status not in PASSING) or status >= 600:  # noqa: PLR2004 - classes
        return Rejected(SAYINGS.get(status, f"The server refuses the request ({status})."))
    if 200 <= status < 400:  # noqa: PLR2004 - the classes
        return Malformed(f"The server answers with nothing that could be read ({status}).")
    return Unavailable(f"The server has a passing problem ({status}).", retry_after=retry_after)
