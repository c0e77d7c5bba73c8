"""What stands in the tables: the catalogue as an operator keeps it, and subscribers enough to ask about."""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import orjson

from app.domain.kinds import Kind
from app.simulator.catalogue import Catalogue
from app.simulator.draw import below
from app.simulator.facts import DAY, NEWEST, NO_CATEGORY, Channel, Title
from app.simulator.guide import HOUR, programmes
from app.simulator.iptvportal.tables import ALL
from app.simulator.lists import Lists
from app.simulator.shapes import datetime_text
from app.simulator.xtream.guide import has_guide

IMAGES: Final = "http://images.example.test"
STREAMS: Final = 10_000_000  # added to a channel's number: the id of its row in `media`
GENRES: Final = 10_000  # added to the number of a movie category: its id in `tv_category`
DIRECT_EVERY: Final = 5  # so many channels have their address in the row itself
BACK, AHEAD = 2, 24  # hours of the guide
PACKAGES: Final = 12
UNSET: Final = ("127.0.0.1", 0)  # the stream servers, until it is known how clients reach this one


class Rows:
    """Fills tables from a catalogue and its lists; `mount` is the path below which streams answer."""

    def __init__(self, catalogue: Catalogue, lists: Lists, mount: str) -> None:
        self._catalogue = catalogue
        self._lists = lists
        self._mount = mount
        self._made: Mapping[str, Callable[[], Iterable[Mapping[str, Any]]]] = {
            "media": self._media,
            "tv_channel": self._channels,
            "tv_category": self._categories,
            "tv_program": self._programmes,
            "tv_program_category": self._programme_categories,
            "package": _packages,
            "domain": lambda: ({"id": n, "name": f"domain {n}", "disabled": False, "option_1": "on"} for n in (1, 2)),
            "user": lambda: [{"id": 1, "username": "sync", "disabled": False}],
        }

    def fill(self, database: sqlite3.Connection, table: str) -> None:
        """All rows of a table; one that nothing is known of stays empty."""
        if table in self._made:
            insert(database, table, self._made[table]())
        elif table in GENERATED:
            generate(database, table, self._catalogue.spec.subscribers)

    def _channels(self) -> Iterator[dict[str, Any]]:
        for number in sorted(self._lists.rows_of(Kind.CHANNEL)):
            item = self._catalogue.channel(number)
            yield {
                "id": number,
                "name": item.name,
                "url": f"udp://239.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}:1234"
                if number % DIRECT_EVERY == 0
                else None,
                "number": number,
                "category_id": self._category(Kind.CHANNEL, item.category, 0),
                "media_id": STREAMS + number,
                "epg_provider_id": number if has_guide(item) else None,
                "logo": f"{IMAGES}/logos/{number}_{item.revision}.png",
                "is_hd": item.hd,
                "censored": item.censored,
                "archive_days": item.archive_days,
                "disabled": False,
                "updated_at": _changed(item),
            }

    def _media(self) -> Iterator[dict[str, Any]]:
        for number in sorted(self._lists.rows_of(Kind.MOVIE)):
            yield self._movie(self._catalogue.title(Kind.MOVIE, number))
        for number in sorted(self._lists.rows_of(Kind.CHANNEL)):
            item = self._catalogue.channel(number)
            path = f"{self._mount}/live/{number}.ts"
            yield _stream(STREAMS + number, item.name, path) | {
                "is_tv": True,
                "is_hd": item.hd,
                "updated_at": _changed(item),
            }

    def _movie(self, item: Title) -> dict[str, Any]:
        number, dirty = item.number, below(self._catalogue.spec.dirt, item.d[2])
        return _stream(number, item.name, f"{self._mount}/movie/{number}.{'mkv' if item.hd else 'mp4'}") | {
            "is_tv": False,
            "created_at": datetime_text(item.added),
            "updated_at": _changed(item),
            "category_id": self._category(Kind.MOVIE, item.category, GENRES),
            "original_name": item.original,
            "description": item.plot or None,
            "year": None if dirty else item.year,
            "duration": item.minutes * 60,
            "director": item.director or None,
            "actors": item.actors or None,
            "country": item.country or None,
            "genres": item.genres,
            "rating_imdb": item.imdb / 10 if item.imdb else None,
            "rating_kinopoisk": item.kinopoisk / 10 if item.kinopoisk else None,
            "poster": None if dirty else f"{IMAGES}/movies/{number}_{item.revision}.jpg",
            "is_hd": item.hd,
            "censored": item.censored,
            "tags": ["new"] if item.d[3] % 3 == 0 else [],
            "meta": {"rip": "web", "tracks": item.d[4] % 4},
        }

    def _category(self, kind: Kind, index: int, base: int) -> int | None:
        return None if index == NO_CATEGORY else base + self._catalogue.categories[kind][index].number

    def _categories(self) -> Iterator[dict[str, Any]]:
        for kind, base in ((Kind.CHANNEL, 0), (Kind.MOVIE, GENRES)):
            for category in self._catalogue.categories[kind]:
                yield {"id": base + category.number, "name": category.title, "genre": kind is Kind.MOVIE}

    def _programmes(self) -> Iterator[dict[str, Any]]:
        now, number = int(time.time()), 0
        for channel in sorted(self._lists.rows_of(Kind.CHANNEL)):
            if not has_guide(self._catalogue.channel(channel)):
                continue
            for show in programmes(self._catalogue.spec.seed, channel, now - BACK * HOUR, now + AHEAD * HOUR):
                number += 1
                yield {
                    "id": number,
                    "created_at": datetime_text(NEWEST),
                    "updated_at": datetime_text(NEWEST),
                    "channel_id": channel,
                    "title": show.title,
                    "description": show.plot,
                    "start_at": datetime_text(show.start),
                    "stop_at": datetime_text(show.stop),
                    "epg_provider_id": channel,
                    "age_limit": 0,
                    "extra": {"live": False},
                }

    def _programme_categories(self) -> Iterator[dict[str, Any]]:
        genres = [GENRES + one.number for one in self._catalogue.categories[Kind.MOVIE]]
        for number in range(1, 1 + min(100, len(genres) * 4)):
            yield {"program_id": number, "category_id": genres[number % len(genres)]}


def insert(database: sqlite3.Connection, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Writes rows; columns that a row does not name are NULL."""
    columns = ALL[table].columns
    marks = ", ".join("?" * len(columns))
    names = ", ".join(f'"{name}"' for name in columns)
    sql = f'INSERT INTO "{table}" ({names}) VALUES ({marks})'  # noqa: S608 - names of our own
    database.executemany(sql, ([_stored(row.get(name)) for name in columns] for row in rows))


def _stored(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, dict | list) else value


def _stream(number: int, name: str, path: str) -> dict[str, Any]:
    host, port = UNSET
    address = {"protocol": "http", "inet_addr": host, "port": port, "path": path}
    return {"id": number, "name": name, "disabled": False, "available": True} | address


def _changed(item: Channel | Title) -> str:
    """When a row changed last: all that one version changed share their moment, as rows of one import do."""
    return datetime_text(max(item.added, NEWEST + item.revision * DAY) if item.revision else item.added)


def _packages() -> Iterator[dict[str, Any]]:
    names = ("Base", "Kids", "Sport", "Cinema", "News", "Music")
    for number in range(1, PACKAGES + 1):
        name = names[number % len(names)]
        yield {
            "id": number,
            "name": f"{name} {number}",
            "cost": number * 2.5,
            "paid": number % 3 > 0,
            "disabled": False,
        }


# Made by the database itself: some benchmarks want more of these rows than Python likes to make. Columns by the number
# of their row, `i`; the others are NULL.
GENERATED: Final[Mapping[str, Mapping[str, str]]] = {
    "subscriber": {
        "id": "i",
        "username": "'user' || i",
        "email": "CASE WHEN i % 7 THEN 'user' || i || '@example.test' END",
        "disabled": "i % 11 = 0",
        "max_terminal": "1 + i % 5",
        "first_name": "substr('AnnaBertCarlDoraEmilFred', 1 + i % 6 * 4, 4)",
        "surname": "'Surname ' || i % 997",
        "phone": "'+4930' || (1000000 + i)",
        "address": "i || ' Main Street'",
        "created_at": f"datetime({NEWEST} - i * 60, 'unixepoch')",
        "updated_at": f"datetime({NEWEST} - i / 3 * 60, 'unixepoch')",
    },
    "subscriber_inetaddr": {
        "id": "i",
        "subscriber_id": "i",
        "inet_addr": "printf('10.%d.%d.%d', i >> 16 & 255, i >> 8 & 255, i & 255)",
    },
    "terminal": {
        "id": "i",
        "subscriber_id": "1 + i * 7 % :count",
        "mac_addr": "printf('00:1a:79:%02x:%02x:%02x', i >> 16 & 255, i >> 8 & 255, i & 255)",
        "inet_addr": "printf('10.1.%d.%d', i >> 8 & 255, i & 255)",
        "registered": "i % 9 > 0",
        "name": "'Box ' || i",
        "updated_at": f"datetime({NEWEST} - i * 30, 'unixepoch')",
    },
    "subscriber_package": {"subscriber_id": "i", "package_id": f"1 + i % {PACKAGES}", "enabled": "i % 4 > 0"},
    "terminal_playlog": {
        "start": f"datetime({NEWEST} - i * 10, 'unixepoch')",
        "domain_id": "1 + i % 2",
        "mac_addr": "printf('00:1a:79:%02x:%02x:%02x', i >> 16 & 255, i >> 8 & 255, i & 255)",
        "channel_id": "1 + i % 50",
        "program_id": "i % 1000",
    },
}


def generate(database: sqlite3.Connection, table: str, count: int) -> None:
    """Fills a table with `count` rows of GENERATED."""
    columns = GENERATED[table]
    names = ", ".join(columns)
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 WHERE :count > 0 UNION ALL SELECT i + 1 FROM n WHERE i < :count)"
    values = ", ".join(columns.values())
    sql = f"INSERT INTO {table} ({names}) {numbers} SELECT {values} FROM n"  # noqa: S608 - all of it is written above
    database.execute(sql, {"count": count})
