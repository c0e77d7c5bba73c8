"""Rows as records."""

from collections.abc import Mapping
from typing import Any, Final

from app.core import jsonio
from app.core.errors import Malformed
from app.core.redaction import scrub
from app.domain.kinds import Kind
from app.domain.programmes import ProgrammeRecord, document, plain_text, stop_of
from app.domain.records import CategoryRecord, ChannelRecord, MovieRecord, Record, RejectedRecord
from app.domain.values import (
    clean_text,
    epoch_ms,
    image,
    integer,
    local_ms,
    minutes_of_seconds,
    names,
    number,
    rating,
    text,
    text_or_none,
    truth,
    year,
)

MAX_RAW: Final = 2000

Row = Mapping[str, Any]


class Maker:
    """Makes records of one portal; `base` is where relative pictures belong, `timezone` that of its clock."""

    def __init__(self, base: str, timezone: str) -> None:
        self._base = base
        self._timezone = timezone

    def record(self, kind: Kind, row: Row, external_id: str) -> Record:
        """A channel or a movie."""
        return self._channel(row, external_id) if kind is Kind.CHANNEL else self._movie(row, external_id)

    def programme(self, row: Row) -> ProgrammeRecord | None:
        """A show; None where it has no channel, title or beginning."""
        channel, start = text(row.get("channel")).strip(), self._moment(row.get("start"))
        title = plain_text(text(row.get("title")))
        if not channel or start is None or not title:
            return None
        body = document({"title": title, "description": plain_text(text(row.get("description")))})
        return ProgrammeRecord(channel, start, stop_of(start, self._moment(row.get("stop"))), body)

    def _channel(self, row: Row, external_id: str) -> ChannelRecord:
        days = number(row.get("archiveDays"))
        return ChannelRecord(
            external_id=external_id,
            name=text(row.get("name")),
            category_ids=_categories(row),
            censored=truth(row.get("censored")),
            is_hd=truth(row.get("hd")),
            locator={"id": external_id},
            number=number(row.get("number")),
            logo=image(row.get("logo"), self._absolute),
            epg_id=text_or_none(row.get("epgId")),
            archive=None if days is None else days > 0,
            archive_days=days,
        )

    def _movie(self, row: Row, external_id: str) -> MovieRecord:
        return MovieRecord(
            external_id=external_id,
            name=text(row.get("name")),
            category_ids=_categories(row),
            added_at=self._moment(row.get("added")),
            censored=truth(row.get("censored")),
            is_hd=truth(row.get("hd")),
            locator={"id": external_id},
            original_name=clean_text(row.get("originalName")),
            description=clean_text(row.get("description")),
            poster=image(row.get("poster"), self._absolute),
            year=year(row.get("year")),
            director=clean_text(row.get("director")),
            actors=names(row.get("actors")),
            country=clean_text(row.get("country")),
            genres=names(row.get("genres")),
            rating=rating(row.get("rating")),
            rating_imdb=rating(row.get("imdb")),
            duration=minutes_of_seconds(row.get("seconds")),
        )

    def _moment(self, value: Any) -> int | None:
        return local_ms(value, self._timezone) or epoch_ms(value)

    def _absolute(self, path: str) -> str:
        return f"{self._base}/{path.lstrip('/')}"


def identity(row: Row | None) -> str | None:
    """The provider's own id of a row."""
    return None if row is None else text_or_none(row.get("id"))


def category(row: Row | None, position: int) -> CategoryRecord | None:
    external_id = identity(row)
    if row is None or external_id is None:
        return None
    return CategoryRecord(external_id=external_id, name=text(row.get("name")), position=position)


def rejected(kind: Kind, row: Any) -> RejectedRecord:
    """What is no row of the table that was asked for."""
    raw = scrub(jsonio.dumps(row).decode()[: MAX_RAW * 2])[:MAX_RAW]
    return RejectedRecord(
        kind=kind, external_id=None, reason="The row has no id, or not the columns asked for.", raw=raw
    )


def address(stream: Any) -> str:
    """`protocol://inet_addr[:port][/path]`, of a row in this order."""
    if not isinstance(stream, list) or len(stream) != 4:  # noqa: PLR2004 - the parts of an address
        raise Malformed("The portal does not tell where this is streamed from.")
    protocol, host, path = (text(stream[at]).strip() for at in (0, 1, 3))
    port = integer(stream[2])
    if not host:
        raise Malformed("The portal names no address for this.")
    tail = f"/{path.lstrip('/')}" if path else ""
    return f"{protocol or 'http'}://{host}{f':{port}' if port else ''}{tail}"


def _categories(row: Row) -> tuple[str, ...]:
    found = text_or_none(row.get("category"))
    return () if found is None else (found,)
