"""All pages."""

from fastapi import APIRouter

from app.pages.routes import (
    filters,
    items,
    jobs,
    overview,
    playlists,
    portal,
    providers,
    rules,
    session,
    snapshots,
    status,
)

pages = APIRouter()
for one in (session, overview, providers, filters, items, jobs, rules, snapshots, playlists, portal, status):
    pages.include_router(one.router)
