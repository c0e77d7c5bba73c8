"""What a playlist holds and how it looks, as a person defines it. JSON in camelCase, every field optional."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct, json

from app.core.errors import Invalid
from app.domain.kinds import Kind

MOST_NUMBER: Final = 999_999
MOST_SHIFT: Final = 24.0  # hours
_PATH: Final = re.compile(r"^(?P<message>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?$", re.DOTALL)
Word = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]*$")]
Words = Annotated[tuple[Word, ...], Meta(max_length=500)]


class Match(StrEnum):
    """Whether an item needs every tag of a list, or one of them."""

    ALL = "all"
    ANY = "any"


class Sort(StrEnum):
    """The order of a line-up; what compares equal follows in the order of its providers, then of appearance."""

    PROVIDER = "provider"  # one provider behind the other, channels by number
    NUMBER = "number"
    NAME = "name"
    CATEGORY = "category"  # as they are named in `categories.include`, else as the provider has them
    NEWEST = "-added"
    BEST = "-rating"
    OLDEST = "year"
    LATEST = "-year"


class Grouping(StrEnum):
    """What a player shows as groups."""

    CATEGORY = "category"
    TAG = "tag"  # the first of the item's tags that `tags.include` names, else its first, else its category
    PROVIDER = "provider"


class Naming(StrEnum):
    """Which name is shown where a person gave none."""

    CLEANED = "cleaned"
    ORIGINAL = "original"


class GuideIds(StrEnum):
    """What ties a channel to its programmes: an id of our own for each channel, or the provider's where it has one."""

    LINEUP = "lineup"
    PROVIDER = "provider"


class Choice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Categories by id or by name; an empty `include` takes all."""

    include: Words = ()
    exclude: Words = ()


class TagChoice(Choice, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Tags by name."""

    match: Match = Match.ALL


class Definition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, rename="camel"):
    """`providers` in their order, none = all. `start_number` numbers the channels anew. `timeshift` in hours."""

    providers: Words = ()
    kinds: Annotated[tuple[Kind, ...], Meta(min_length=1, max_length=3)] = (Kind.CHANNEL,)
    tags: TagChoice = TagChoice()
    categories: Choice = Choice()
    search: Annotated[str, Meta(max_length=200)] = ""
    sort: Sort = Sort.PROVIDER
    start_number: Annotated[int, Meta(ge=1, le=MOST_NUMBER)] | None = None
    adult: bool = False
    groups: Grouping = Grouping.CATEGORY
    names: Naming = Naming.CLEANED
    guide_ids: GuideIds = GuideIds.LINEUP
    timeshift: Annotated[float, Meta(ge=-MOST_SHIFT, le=MOST_SHIFT)] = 0.0


def parse(given: Mapping[str, Any]) -> Definition:
    """Checks a definition; `Invalid` names the field that is wrong."""
    try:
        return msgspec.convert(dict(given), Definition)
    except msgspec.ValidationError as error:
        raise _named(str(error)) from None


def stored(definition: Definition) -> dict[str, Any]:
    """The definition as JSON for the database, without what nobody set."""
    found: dict[str, Any] = json.decode(json.encode(definition))
    return found


def shown(definition: Definition) -> dict[str, Any]:
    """The definition in full, as a client sees it."""
    told: dict[str, Any] = {}
    for field in msgspec.structs.fields(definition):
        value = getattr(definition, field.name)
        told[field.encode_name] = msgspec.structs.asdict(value) if isinstance(value, Struct) else value
    return told


def _named(message: str) -> Invalid:
    found = _PATH.match(message)
    path = (found["path"] or "") if found else ""
    field = ".".join(["definition", *(part for part in re.split(r"[.\[\]]+", path) if part and part != "...")])
    return Invalid([(field, f"{found['message'] if found else message}.")])
