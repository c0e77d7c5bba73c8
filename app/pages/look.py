"""Pages as answers: templates, what all of them know, and the headers that keep browsers strict."""

import gzip
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote

from fastapi import Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.api.bodies import preferred
from app.api.deps import context_of
from app.core import jsonio
from app.pages import forgery
from app.pages.assets import asset_url
from app.pages.icons import icon
from app.pages.words import FILTERS, is_soon, plural
from app.snapshots.files import Encoding

FOLDER: Final = Path(__file__).parent / "templates"
HTML: Final = "text/html; charset=utf-8"
THEME: Final = "lineup-theme"
SAID: Final = "lineup-said"
SAID_SECONDS: Final = 30
PACKED: Final = 5  # pages are made for one reader: what a better level saves costs more than it brings
LEAST_PACKED: Final = 1000
# Posters and logos come from wherever the provider has them; everything else comes from here.
POLICY: Final = (
    "default-src 'self'; img-src 'self' data: http: https:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "private, no-cache",
    "vary": "Accept-Encoding, Cookie",
}


def page(request: Request, template: str, status: int = 200, /, **told: Any) -> Response:
    """A page, with what was said before it and the token that its forms send back."""
    cookie = request.cookies.get(forgery.COOKIE) or forgery.new_secret()
    said = request.cookies.get(SAID)
    body = environment().get_template(template).render(**told, **_frame(request, cookie, said))
    answer = _packed(request, body.encode(), status)
    if forgery.COOKIE not in request.cookies:
        keep(request, answer, forgery.COOKIE, cookie)
    if said is not None:
        answer.delete_cookie(SAID)
    return answer


def fragment(template: str, **told: Any) -> str:
    """A piece of a page, for streams."""
    return environment().get_template(template).render(**told)


def go(request: Request, path: str, said: str = "") -> Response:
    """Sends a browser to a page after a form; `said` is shown there once."""
    answer = Response(
        status_code=303, headers={"location": quote(path, safe="/?&=%:.,~+-_#"), "cache-control": "no-store"}
    )
    if said:
        keep(request, answer, SAID, quote(said[:500]), seconds=SAID_SECONDS)
    return answer


def keep(request: Request, answer: Response, name: str, value: str, *, seconds: int | None = None) -> None:
    """A cookie that scripts do not see and other sites do not send with forms."""
    secure = request.url.scheme == "https"
    answer.set_cookie(name, value, max_age=seconds, httponly=True, samesite="lax", secure=secure)


def _frame(request: Request, cookie: str, said: str | None) -> dict[str, Any]:
    theme = request.cookies.get(THEME)
    return {
        "path": request.url.path,
        "csrf": forgery.new_token(cookie),
        "theme": theme if theme in ("light", "dark") else None,
        "said": unquote(said) if said else None,
        "locked": bool(context_of(request).settings.api_keys),
    }


def _packed(request: Request, body: bytes, status: int) -> Response:
    accepted = preferred(request.headers.get("accept-encoding"), zstd=False) is Encoding.GZIP
    if not accepted or len(body) < LEAST_PACKED:
        return Response(body, status, HEADERS, media_type=HTML)
    packed = gzip.compress(body, compresslevel=PACKED, mtime=0)
    return Response(packed, status, HEADERS | {"content-encoding": "gzip"}, media_type=HTML)


@cache
def environment() -> Environment:
    """All templates; what a name in one of them holds is escaped, and a name that is not there is an error."""
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= dict(FILTERS)
    made.filters["json"] = lambda value: jsonio.dumps(value).decode()
    made.filters["zip"] = zip
    made.globals |= {"asset": asset_url, "icon": icon, "plural": plural, "is_soon": is_soon}
    return made
