"""Who changed what."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.api.audit import AuditEntryList
from app.api.deps import ContextDep, Limit, Page

router = APIRouter(prefix="/audit", tags=["audit"])

Who = Annotated[str | None, Query(description="Changes by this one alone.", examples=["home-assistant"])]


@router.get("")
async def list_audit(context: ContextDep, who: Who = None, page: Page = 1, limit: Limit = 100) -> AuditEntryList:
    """Changes that were made over HTTP, newest first, and keys that were made or revoked; needs the scope `admin`."""
    found, total = await context.access.audit.page(who=who, page=page, limit=limit)
    return AuditEntryList.model_validate(
        {"total": total, "page": page, "limit": limit, "has_more": page * limit < total, "entries": found}
    )
