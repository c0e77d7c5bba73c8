"""Who looks, and in which light: signing in and out, the theme, and what pages are dressed in."""

from typing import Final

from fastapi import Request, Response

from app.api.deps import ContextDep
from app.pages.assets import PREFIX, respond_asset
from app.pages.doors import COOKIE, SECONDS, SIGN_IN, Sessions, inside
from app.pages.forms import Form, FormDep
from app.pages.look import THEME, go, keep, page
from app.pages.routing import page_router

YEAR_SECONDS: Final = 365 * 86_400
WRONG: Final = {"key": "This key is not known here."}

router = page_router()


@router.get(PREFIX + "{name}")
async def get_asset(request: Request, name: str) -> Response:
    """A file that pages use."""
    return respond_asset(request, name)


@router.get(SIGN_IN)
async def show_sign_in(request: Request) -> Response:
    """The form; without keys there is nothing to ask for."""
    return page(request, "sign-in.html", form=Form(), next=inside(request.query_params.get("next", "/")))


@router.post(SIGN_IN)
async def sign_in(request: Request, context: ContextDep, form: FormDep) -> Response:
    """Opens a session for whoever knows a key."""
    session, place = Sessions(context.settings.api_keys).opened(form.get("key")), inside(form.get("next", "/"))
    if session is None:
        return page(request, "sign-in.html", 422, form=Form(errors=WRONG), next=place)
    answer = go(request, place)
    keep(request, answer, COOKIE, session, seconds=SECONDS)
    return answer


@router.post("/sign-out")
async def sign_out(request: Request, form: FormDep) -> Response:
    """Ends the session of this browser."""
    del form
    answer = go(request, SIGN_IN)
    answer.delete_cookie(COOKIE)
    return answer


@router.post("/theme")
async def change_theme(request: Request, form: FormDep) -> Response:
    """Light or dark, for those who want another one than their device."""
    answer = go(request, inside(form.get("next", "/")))
    keep(request, answer, THEME, "dark" if form.get("theme") == "dark" else "light", seconds=YEAR_SECONDS)
    return answer
