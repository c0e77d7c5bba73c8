"""Forms as browsers send them: fields with dotted names, checked by the same bodies that the API takes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Final, Self, TypeVar
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError

from app.core.errors import Conflict, Invalid
from app.pages import forgery

MAX_BYTES: Final = 8 * 1024 * 1024  # an order names every item of a list
TYPE: Final = "application/x-www-form-urlencoded"
FORGED: Final = (
    "This form is not from a page of this server, or is too old. Go back, load the page again, and try once more."
)

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Fields in the order in which they came; `errors` by field, for the page that shows the form again."""

    fields: Sequence[tuple[str, str]] = field(repr=False, default=())
    errors: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str, default: str = "") -> str:
        """The first value of a field, trimmed."""
        return next((value.strip() for known, value in self.fields if known == name), default)

    def all(self, name: str) -> list[str]:
        """All values of a field that are not empty."""
        return [value.strip() for known, value in self.fields if known == name and value.strip()]

    def has(self, name: str) -> bool:
        """Whether a box is ticked."""
        return any(known == name for known, _ in self.fields)

    def below(self, prefix: str) -> dict[str, str]:
        """Fields `prefix.name` by name, without the empty ones."""
        start = f"{prefix}."
        return {
            name.removeprefix(start): value.strip()
            for name, value in self.fields
            if name.startswith(start) and value.strip()
        }

    def wrong(self, error: Invalid) -> Self:
        """The same with what is wrong about it."""
        errors: dict[str, str] = {}
        for name, message in error.errors:
            errors.setdefault(name, message)
        return replace(self, errors=errors)


def filled(values: Mapping[str, Any]) -> Form:
    """A form as it is shown first, of what is stored."""
    return Form(fields=tuple((name, str(value)) for name, value in _spread(values) if value is not None))


def body_of(model: type[M], values: Mapping[str, Any]) -> M:
    """Checks values as the API does; `Invalid` with every field."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise Invalid([(_name(one["loc"]), _sentence(one["msg"])) for one in error.errors()]) from None


def status_of(form: Form) -> int:
    """Of a form that cannot be used: to try half of one, as a preview does while somebody types, is no failure."""
    return 422 if form.get("do") in ("add", "save") else 200


async def read_form(request: Request) -> Form:
    """What was sent; `Conflict` when it was not sent by a page of ours."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BYTES:
            raise Invalid([("form", "This is too long.")])
    text = body.decode("utf-8", "replace") if request.headers.get("content-type", "").startswith(TYPE) else ""
    form = Form(fields=tuple(parse_qsl(text, keep_blank_values=True)))
    if any("\0" in value for _, value in form.fields):
        raise Invalid([("form", "No field holds NUL characters.")])
    token = request.headers.get(forgery.HEADER) or form.get(forgery.FIELD)
    if not forgery.is_ours(request.cookies.get(forgery.COOKIE), token):
        raise Conflict(FORGED, code="forged_form")
    return form


FormDep = Annotated[Form, Depends(read_form)]


def _spread(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _spread(value, f"{prefix}{name}.")
        elif isinstance(value, list | tuple):
            yield from ((f"{prefix}{name}", one) for one in value)
        elif value is not False:
            yield f"{prefix}{name}", "on" if value is True else value


def _name(place: Sequence[int | str]) -> str:
    return ".".join(map(str, place))


def _sentence(message: str) -> str:
    text = message.removeprefix("Value error, ")
    return text if text.endswith(".") else f"{text}."
