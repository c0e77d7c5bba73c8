"""All pages."""

from fastapi import APIRouter

from app.pages.routes import items, jobs, overview, providers, session

pages = APIRouter()
for one in (session.router, overview.router, providers.router, items.router, jobs.router):
    pages.include_router(one)
