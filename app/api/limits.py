"""How much may be asked: of one address here, before anything else is looked at; of one key in permits.py."""

from math import ceil

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.access.desk import AccessDesk
from app.api.access import OPEN_PREFIX
from app.api.callers import address_of, desk_of
from app.api.errors import problem


class Throttle:
    """Limits each address, whoever asks there: who guesses keys is told nothing beyond the limit, right or wrong."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = await _refused(scope) if scope["type"] == "http" else None
        await (answer or self._app)(scope, receive, send)


async def refusal(desk: AccessDesk, what: str, *, per_minute: int) -> Response | None:
    """The answer where a limit is used up; 0 is none."""
    wait = await desk.quotas.take(what, per_minute=per_minute) if per_minute else 0
    if not wait:
        return None
    return problem(
        429,
        f"More than {per_minute} requests a minute.",
        code="rate_limited",
        headers={"Retry-After": str(ceil(wait)), "Cache-Control": "no-store"},
    )


async def _refused(scope: Scope) -> Response | None:
    desk, path = desk_of(scope), scope["path"]
    if desk is None or path == OPEN_PREFIX or path.startswith(f"{OPEN_PREFIX}/"):
        return None
    return await refusal(desk, f"address {address_of(scope)}", per_minute=desk.per_address)
