"""Which tables and columns of an operator's database make a catalogue: the usual ones, and what `options.tables` wants.

An id, a name and `media`'s address are known (protocols/iptvportal.md, 6); the other columns are guesses, and what a
portal does not have is left out. `{"movies": {"table": "vod", "fields": {"poster": "cover"}, "where": null}}` changes a
part, `{"guide": null}` takes it away.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

Part = Literal["channels", "movies", "categories", "guide"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMap:
    """`fields` are what Lineup calls them → the portal's columns; `needed` cannot be left out.

    `where` is a condition of JSONSQL; `guessed` says that it may be left out where the portal does not know a column
    of it.
    """

    table: str
    fields: Mapping[str, str]
    needed: frozenset[str]
    where: Any = None
    guessed: bool = False


USUAL: Final[Mapping[Part, TableMap]] = {
    "channels": TableMap(
        table="tv_channel",
        fields={
            "id": "id",
            "name": "name",
            "url": "url",
            "number": "number",
            "category": "category_id",
            "media": "media_id",
            "epgId": "epg_provider_id",
            "logo": "logo",
            "hd": "is_hd",
            "censored": "censored",
            "archiveDays": "archive_days",
        },
        needed=frozenset({"id", "name"}),
        where={"eq": ["disabled", False]},
        guessed=True,
    ),
    "movies": TableMap(
        table="media",
        fields={
            "id": "id",
            "name": "name",
            "category": "category_id",
            "originalName": "original_name",
            "description": "description",
            "year": "year",
            "seconds": "duration",
            "director": "director",
            "actors": "actors",
            "country": "country",
            "genres": "genres",
            "imdb": "rating_imdb",
            "rating": "rating_kinopoisk",
            "poster": "poster",
            "hd": "is_hd",
            "censored": "censored",
            "added": "created_at",
        },
        needed=frozenset({"id", "name"}),
        where={"eq": ["is_tv", False]},
    ),
    "categories": TableMap(table="tv_category", fields={"id": "id", "name": "name"}, needed=frozenset({"id", "name"})),
    "guide": TableMap(
        table="tv_program",
        fields={
            "id": "id",
            "channel": "channel_id",
            "title": "title",
            "description": "description",
            "start": "start_at",
            "stop": "stop_at",
        },
        needed=frozenset({"id", "channel", "title", "start"}),
    ),
}
# The address of a stream: protocol://inet_addr[:port][/path].
STREAM: Final = ("protocol", "inet_addr", "port", "path")
MEDIA: Final = "media"


def tables_of(options: Mapping[str, Any]) -> dict[Part, TableMap | None]:
    """The map of each part; None where it was taken away. `options` were checked."""
    wishes = options.get("tables") or {}
    return {part: _changed(usual, wishes[part]) if part in wishes else usual for part, usual in USUAL.items()}


def wrong_tables(value: Any) -> str | None:
    """What cannot be used of `options.tables`, in a sentence."""
    if not isinstance(value, dict):
        return f"This must be an object with some of {', '.join(USUAL)}."
    for part, wish in value.items():
        if part not in USUAL:
            return f"There is no {part}: it knows {', '.join(USUAL)}."
        if wish is not None and (wrong := _wrong(part, wish)):
            return f"{part}: {wrong}"
    return None


def _wrong(part: Part, wish: Any) -> str | None:
    if not isinstance(wish, dict) or wish.keys() - {"table", "fields", "where"}:
        return "this must be an object of table, fields and where."
    if "table" in wish and not _is_name(wish["table"]):
        return "table must be the name of a table."
    if not isinstance(wish.get("where"), dict | None):
        return "where must be a condition of JSONSQL."
    fields = wish.get("fields", {})
    if not isinstance(fields, dict):
        return "fields must be an object of columns."
    return next((wrong for name, column in fields.items() if (wrong := _wrong_field(USUAL[part], name, column))), None)


def _wrong_field(usual: TableMap, name: str, column: Any) -> str | None:
    if name not in usual.fields:
        return f"there is no field {name}: it knows {', '.join(usual.fields)}."
    if column is None:
        return f"the field {name} is needed." if name in usual.needed else None
    return None if _is_name(column) else f"the field {name} must be the name of a column."


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 63 and value.isprintable()  # noqa: PLR2004 - of Postgres


def _changed(usual: TableMap, wish: Mapping[str, Any] | None) -> TableMap | None:
    if wish is None:
        return None
    fields = {**usual.fields, **wish.get("fields", {})}
    changed = replace(
        usual,
        table=wish.get("table", usual.table),
        fields={name: column for name, column in fields.items() if column is not None},
    )
    return replace(changed, where=wish["where"], guessed=False) if "where" in wish else changed
