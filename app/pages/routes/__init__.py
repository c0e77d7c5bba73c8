"""All pages. They are asked for by browsers alone: the schema of the API does not tell of them."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from app.pages.failures import TAG
from app.pages.routes import items, overview, providers, session

pages = APIRouter(include_in_schema=False, tags=[TAG], default_response_class=HTMLResponse)
for one in (session.router, overview.router, providers.router, items.router):
    pages.include_router(one)
