"""How changes are told."""

from pydantic import Field

from app.api.model import Answer, Time


class AuditEntryBody(Answer):
    """A change that somebody made."""

    id: str = Field(examples=["1m7zgcgdzcg6dkjbp5vy"])
    at: Time
    who: str = Field(description="The key's name; in parentheses, what is no stored key.", examples=["home-assistant"])
    action: str = Field(description="The operation, as /openapi.json names it.", examples=["add_provider"])
    method: str = Field(examples=["POST"])
    path: str = Field(examples=["/api/providers"])
    status: int = Field(examples=[201])
    request_id: str | None = Field(description="Finds the lines of the log.", examples=["1m7zgcgdzcg6dkjbp5vy"])


class AuditEntryList(Answer):
    total: int
    page: int
    limit: int
    has_more: bool
    entries: list[AuditEntryBody]
