"""An XMLTV file of a line-up, written as it is read: channels first, then the shows of a few channels at a time."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from xml.sax.saxutils import escape

from msgspec import Struct, json

from app.db.engine import Database, Reader
from app.db.guides import ProgrammeRow, programmes
from app.db.marks import Marks, fetch
from app.domain.kinds import Kind
from app.playlists.dressing import Entry
from app.playlists.lineups import LineUp, LineUps

MEDIA_TYPE: Final = "application/xml; charset=utf-8"
HEAD: Final = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE tv SYSTEM "xmltv.dtd">\n<tv generator-info-name="Lineup">\n'
)
TAIL: Final = b"</tv>\n"
TOGETHER: Final = 25  # channels whose shows are read and written at once: some thousand rows
ENDLESS: Final = 2**52  # ms; everything that is stored
HOUR_MS: Final = 3_600_000
# What XML 1.0 has no place for, and control characters that no text means.
_STRAY: Final = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffc\U00010000-\U0010ffff]")
_QUOTED: Final = {'"': "&quot;", "\n": " ", "\t": " ", "\r": " "}


class _Episode(Struct, frozen=True, gc=False):
    season: int | None = None
    number: int | None = None
    part: int | None = None
    onscreen: str | None = None


class _Show(Struct, frozen=True, rename="camel", gc=False):
    """The document of a show, as `app.domain.programmes` tells of it."""

    title: str = ""
    sub_title: str = ""
    description: str = ""
    directors: tuple[str, ...] = ()
    actors: tuple[str, ...] = ()
    writers: tuple[str, ...] = ()
    presenters: tuple[str, ...] = ()
    date: str = ""
    categories: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    language: str = ""
    icon: str = ""
    country: str = ""
    episode: _Episode | None = None
    age_rating: str = ""
    rating: float | None = None
    is_hd: bool = False
    is_repeat: bool = False
    is_premiere: bool = False
    is_new: bool = False


_decode: Final = json.Decoder(_Show, strict=False).decode


async def guide_file(database: Database, line_ups: LineUps, line_up: LineUp) -> AsyncIterator[bytes]:
    """The file in pieces; of channels that share a guide id the first one speaks for all."""
    yield HEAD
    told: dict[str, tuple[int, int]] = {}  # guide id → where its shows are
    async for entries in line_ups.entries(line_up, Kind.CHANNEL):
        async with database.reader() as reader:
            with_shows = [entry for entry, has in zip(entries, await _have_shows(reader, entries), strict=True) if has]
        fresh = {entry.guide_id: entry for entry in reversed(with_shows) if entry.guide_id not in told}
        chosen = [entry for entry in with_shows if fresh.get(entry.guide_id) is entry]
        told |= {entry.guide_id: (entry.provider_pk, entry.ordinal) for entry in chosen}
        if chosen:
            yield "".join([_channel(entry) for entry in chosen]).encode()
    shift = round(line_up.definition.timeshift * HOUR_MS)
    for provider_pk in dict.fromkeys(pk for pk, _ in told.values()):
        names = {ordinal: guide_id for guide_id, (pk, ordinal) in told.items() if pk == provider_pk}
        async for piece in _shows(database, provider_pk, names, shift):
            yield piece
    yield TAIL


async def _shows(database: Database, provider_pk: int, names: dict[int, str], shift: int) -> AsyncIterator[bytes]:
    ordinals = list(names)
    for start in range(0, len(ordinals), TOGETHER):
        async with database.reader() as reader:
            rows = await programmes(reader, provider_pk, ordinals[start : start + TOGETHER], 0, ENDLESS)
        if rows:
            # Milliseconds of work that would hold up everybody else's answers.
            yield await asyncio.to_thread(_written, rows, names, shift)


async def _have_shows(reader: Reader, entries: Sequence[Entry]) -> list[bool]:
    """Which of these channels have programmes."""
    found: set[tuple[int, int]] = set()
    for provider_pk in {entry.provider_pk for entry in entries}:
        marks = Marks(sqlite=reader.sqlite)
        among = marks.one_of([entry.ordinal for entry in entries if entry.provider_pk == provider_pk], "int")
        statement = (
            "SELECT m.ordinal FROM epg_match m JOIN guide g ON g.pk = m.guide_pk "  # noqa: S608 - whole numbers, marks
            "JOIN guide_channel c ON c.guide_pk = m.guide_pk AND c.number = m.number "
            f"WHERE m.provider_pk = {provider_pk:d} AND m.ordinal {among} AND c.programmes > 0"
        )
        found |= {(provider_pk, row[0]) for row in await fetch(reader, statement, marks)}
    return [(entry.provider_pk, entry.ordinal) in found for entry in entries]


def _channel(entry: Entry) -> str:
    number = f"<display-name>{entry.number}</display-name>" if entry.number is not None else ""
    icon = f'<icon src="{_attribute(entry.logo)}"/>' if entry.logo else ""
    name = _text(entry.name) or entry.item_id
    return f'<channel id="{_attribute(entry.guide_id)}"><display-name>{name}</display-name>{number}{icon}</channel>\n'


def _written(rows: Sequence[ProgrammeRow], names: dict[int, str], shift: int) -> bytes:
    ids = {ordinal: _attribute(guide_id) for ordinal, guide_id in names.items()}
    return "".join([_programme(row, ids[row.ordinal], shift) for row in rows]).encode()


def _programme(row: ProgrammeRow, channel: str, shift: int) -> str:
    show = _decode(row.body)
    times = f'start="{_moment(row.start_ms + shift)}" stop="{_moment(row.stop_ms + shift)}"'
    return (
        f'<programme {times} channel="{channel}"><title>{_text(show.title) or "?"}</title>'
        f"{_element('sub-title', show.sub_title)}{_element('desc', show.description)}{_credits(show)}"
        f"{_element('date', show.date.replace('-', ''))}{_each('category', show.categories)}"
        f"{_each('keyword', show.keywords)}{_element('language', show.language)}"
        f"{_icon(show.icon)}{_element('country', show.country)}{_numbers(show.episode)}{_flags(show)}"
        f"{_rated('rating', show.age_rating)}{_rated('star-rating', _stars(show.rating))}</programme>\n"
    )


def _credits(show: _Show) -> str:
    people = (
        _each("director", show.directors),
        _each("actor", show.actors),
        _each("writer", show.writers),
        _each("presenter", show.presenters),
    )
    return f"<credits>{found}</credits>" if (found := "".join(people)) else ""


def _numbers(episode: _Episode | None) -> str:
    """Both spellings: what programs count from 0, and what people read."""
    if episode is None:
        return ""
    counted = [str(part - 1) if part else "" for part in (episode.season, episode.number, episode.part)]
    machine = f'<episode-num system="xmltv_ns">{".".join(counted)}</episode-num>' if any(counted) else ""
    shown = episode.onscreen or _onscreen(episode)
    return machine + (f'<episode-num system="onscreen">{_text(shown)}</episode-num>' if shown else "")


def _onscreen(episode: _Episode) -> str:
    season = f"S{episode.season:02d}" if episode.season is not None else ""
    return season + (f"E{episode.number:02d}" if episode.number is not None else "")


def _flags(show: _Show) -> str:
    quality = "<video><quality>HDTV</quality></video>" if show.is_hd else ""
    repeat = "<previously-shown/>" if show.is_repeat else ""
    return f"{quality}{repeat}{'<premiere/>' if show.is_premiere else ''}{'<new/>' if show.is_new else ''}"


def _stars(rating: float | None) -> str:
    return "" if rating is None else f"{rating:g}/10"


def _rated(name: str, value: str) -> str:
    return f"<{name}><value>{text}</value></{name}>" if (text := _text(value)) else ""


def _icon(url: str) -> str:
    return f'<icon src="{_attribute(url)}"/>' if url else ""


def _each(name: str, values: Sequence[str]) -> str:
    return "".join([_element(name, value) for value in values]) if values else ""


def _element(name: str, value: str) -> str:
    return f"<{name}>{text}</{name}>" if value and (text := _text(value)) else ""


def _text(value: str) -> str:
    return escape(_STRAY.sub("", value)).strip()


def _attribute(value: str) -> str:
    return escape(_STRAY.sub("", value), _QUOTED)


@lru_cache(maxsize=16_384)  # the channels of a line-up share their half hours
def _moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y%m%d%H%M%S +0000")
