"""What bodies have in common: camelCase outside, snake_case inside, times in RFC 3339."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from app.core.clock import rfc3339


class Answer(BaseModel):
    """Base of what is answered; made from the frozen objects that features return."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, from_attributes=True, frozen=True)


class Question(BaseModel):
    """Base of what is sent: only the documented names, nothing besides them."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


def _time(value: Any) -> Any:
    return rfc3339(value) if isinstance(value, int) else value


Time = Annotated[
    str | None,
    BeforeValidator(_time),
    Field(json_schema_extra={"format": "date-time"}, examples=["2026-11-21T09:36:00Z"]),
]


class FieldError(Answer):
    """One thing that is wrong with what was sent; the field is dotted, `credentials.mac`."""

    field: str
    message: str


class Problem(Answer):
    """An error as RFC 9457 tells it; `code` is stable, `detail` a sentence for people."""

    type: str = Field(examples=["urn:lineup:problem:not_found"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no such provider."])
    code: str = Field(examples=["not_found"])
    errors: list[FieldError] | None = Field(default=None, description="With 422: every field that is wrong.")


CONFLICT: Final[dict[int | str, dict[str, Any]]] = {409: {"model": Problem, "description": "Not now."}}
UPSTREAM: Final[dict[int | str, dict[str, Any]]] = {
    502: {"model": Problem, "description": "The provider refuses, cannot be reached, or makes no sense."}
}
