"""Records become drafts: a document, its fingerprint, and what a row holds besides. Pure."""

from app.core import jsonio
from app.domain.records import Record
from app.domain.shapes import CategoryIds, document_of
from app.sync.drafts import Draft, refresh

__all__ = ["CategoryIds", "draft"]


def draft(record: Record, provider_id: str, categories: CategoryIds) -> Draft:
    """Normalises one record; `categories` are those of the record's kind."""
    document = document_of(record, provider_id, categories)
    extra = jsonio.canonical(record.extra) if record.extra else None
    made = Draft(document.id, record, document, jsonio.canonical(record.locator), extra)
    refresh(made)
    return made
