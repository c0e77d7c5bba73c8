"""Pages of Stalker lists; the one place where milliseconds count."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from app.domain.kinds import Kind
from app.simulator.behaviour import Behaviour
from app.simulator.catalogue import Catalogue
from app.simulator.lists import DECENT, EVERYTHING, SERIES_BASE, ListName, Lists, Order
from app.simulator.rowcache import RowCache
from app.simulator.stalker.drift import Spot, shift
from app.simulator.stalker.drill import (
    SEASONS_PER_SERIES,
    files_of,
    panel_seasons,
    stock_episodes,
    stock_files,
    stock_seasons,
)
from app.simulator.stalker.profile import StalkerProfile
from app.simulator.stalker.rows import Rows
from app.simulator.stats import Stats
from app.simulator.wire import Call

NOWHERE: Final = -9  # a category that holds nothing
PIECE: Final = 50  # rows per piece of a bulk answer
NOT_PLAYING: Final = b'"cur_playing":"[No channel info]"'
NEVER_PLAYED: Final = b'"last_played":null'
BROKEN: Final = (b"null", b'"corrupt"', b'{"name":"a record without id","cmd":""}')


@dataclass(slots=True, kw_only=True)
class Source:
    """What pages are made from; behaviour and stats are replaced while it lives."""

    profile: StalkerProfile
    behaviour: Behaviour
    stats: Stats
    catalogue: Catalogue
    lists: Lists
    mount: str


class Pages:
    """Answers get_ordered_list and get_all_channels with the bytes of `js`."""

    def __init__(self, source: Source) -> None:
        self._source = source
        profile = source.profile
        self._rows = Rows(
            source.catalogue,
            stock=profile.stock,
            types=profile.types,
            mount=source.mount,
            embedded=profile.vod_series == "embedded",
        )
        self._caches: Mapping[ListName, RowCache] = {
            "itv": RowCache(self._rows.channel),
            "vod": RowCache(self._vod_row),
            "series": RowCache(self._rows.native_series),
        }
        self._page_calls = 0
        self._answers = 0

    def prebuild(self) -> None:
        """All rows, and the orders that walks ask for."""
        lists = self._source.lists
        names: tuple[ListName, ...] = ("itv", "vod", "series")
        for name in names:
            if name == "series" and self._source.profile.series_in == "vod":
                continue
            order: Order = "plain" if name == "itv" else "newest"
            self._caches[name].fill(lists.ids(name, order, EVERYTHING))
            lists.ids(name, order, NOWHERE)
            if name == "vod" and self._source.profile.vod_order == "name":
                lists.ids(name, "name", EVERYTHING)

    def ordered_list(self, name: ListName, call: Call) -> bytes:
        """One page of channels, titles, seasons, episodes or files."""
        if name != "itv" and call.params.get("movie_id", "0") not in ("", "0"):
            return self._below(name, call)
        behaviour = self._source.behaviour
        category, order = self._selection(name, call.params)
        number = 1 if behaviour.ignore_page else max(1, call.page)
        size = behaviour.page_size or self._source.profile.page_size
        if behaviour.shift_every and name != "itv":
            self._shift(Spot(name, order, category, number, size))
        ids = self._source.lists.ids(name, order, category)
        wanted = ids[(number - 1) * size : number * size]
        if behaviour.shift == "ties" and number > 1 and not number % (behaviour.shift_every or number + 1) and wanted:
            wanted = [ids[(number - 1) * size - 1], *wanted[1:]]
        if behaviour.short_page and category == EVERYTHING:
            wanted = [row for row in wanted if not self._source.lists.censored(name, row)]
        # An itv page 0 is the page of the last channel seen; nobody ever saw one here.
        cursor = 1 if name == "itv" and not call.page else 0
        php_int = name == "itv" and category == EVERYTHING
        return self._envelope(self._encoded(name, wanted), len(ids), size, cursor=cursor, php_int=php_int)

    def all_channels(self) -> Iterator[bytes]:
        """Every channel in one list, in pieces; censored ones may be left out but are counted."""
        source = self._source
        ids = source.lists.ids("itv", "plain", EVERYTHING)
        shown: Sequence[int] = ids
        if (source.behaviour.all_channels or source.profile.all_channels) == "censored_removed":
            shown = source.lists.ids("itv", "plain", DECENT)
        head, tail = self._envelope([], len(ids), source.profile.page_size, php_int=False).split(b"[]", 1)
        yield head + b"["
        for start in range(0, len(shown), PIECE):
            rows = self._encoded("itv", shown[start : start + PIECE])
            yield (b"," if start else b"") + b",".join(rows)
        yield b"]" + tail

    def _vod_row(self, number: int) -> dict[str, Any]:
        return self._rows.vod_series(number - SERIES_BASE) if number >= SERIES_BASE else self._rows.movie(number)

    def _encoded(self, name: ListName, ids: Sequence[int]) -> list[bytes]:
        rows = self._caches[name].many(ids)
        if self._source.behaviour.volatile:
            rows = self._stirred(rows)
        every = self._source.behaviour.broken_record_every
        if every:
            return [
                row if number % every else BROKEN[number // every % 3] for number, row in zip(ids, rows, strict=True)
            ]
        return rows

    def _stirred(self, rows: Sequence[bytes]) -> list[bytes]:
        self._answers += 1
        playing = b'"cur_playing":"21:%02d Show %d"' % (self._answers % 60, self._answers)
        played = b'"last_played":"2025-10-09 21:%02d:00"' % (self._answers % 60)
        return [row.replace(NOT_PLAYING, playing).replace(NEVER_PLAYED, played) for row in rows]

    def _selection(self, name: ListName, params: Mapping[str, str]) -> tuple[int, Order]:
        asked = params.get("genre" if name == "itv" else "category", "*")
        everything = DECENT if self._source.behaviour.hide_adult and name != "itv" else EVERYTHING
        if asked in ("*", "", "0"):
            category = everything
        elif asked.isdecimal():
            category = int(asked)
        else:
            category = NOWHERE if self._source.profile.stock else everything
        return category, self._order(name, params.get("sortby", ""))

    def _order(self, name: ListName, sortby: str) -> Order:
        if sortby == "name":
            return "name"
        if name == "itv":
            return "plain"
        return self._source.profile.vod_order if not sortby and name == "vod" else "newest"

    def _shift(self, spot: Spot) -> None:
        behaviour = self._source.behaviour
        every = behaviour.shift_every or 1
        self._page_calls += spot.page > 1
        if spot.page > 1 and self._page_calls % every == 0:
            shift(self._source.lists, self._source.stats, behaviour.shift, spot, turn=self._page_calls // every)

    def _below(self, name: ListName, call: Call) -> bytes:
        rows, total = self._level(name, call)
        size = self._source.behaviour.page_size or self._source.profile.page_size
        start = (max(1, call.page) - 1) * size
        encoded = [orjson.dumps(row) for row in rows[start : start + size]]
        if self._source.behaviour.bare_list:
            return b"[" + b",".join(encoded) + b"]"
        return self._envelope(encoded, total, size)

    def _level(self, name: ListName, call: Call) -> tuple[list[dict[str, Any]], int]:
        """The rows of a level below a title and the total that the portal claims."""
        catalogue, params = self._source.catalogue, call.params
        row_id = _intval(params.get("movie_id", "").partition(":")[0])
        if name == "series":
            rows = panel_seasons(catalogue, row_id) if self._has(Kind.SERIES, row_id) else []
            return rows, len(rows)
        series = row_id - SERIES_BASE
        if self._source.profile.series_in == "series" or not self._has(Kind.SERIES, series):
            rows = stock_files(row_id, None, 1 + row_id % 2) if self._has(Kind.MOVIE, row_id) else []
            return rows, len(rows)
        season, episode = _intval(params.get("season_id", "")), _intval(params.get("episode_id", ""))
        if not season:
            rows = stock_seasons(catalogue, series, row_id)
            return rows, len(rows)
        if not episode:
            # The genuine total counts joined files, not episodes.
            rows = stock_episodes(catalogue, series, season) if season // SEASONS_PER_SERIES == series else []
            return rows, sum(int(row["series_files"]) for row in rows)
        rows = stock_files(row_id, episode, files_of(season, episode % 100))
        return rows, len(rows)

    def _has(self, kind: Kind, number: int) -> bool:
        return 0 < number <= self._source.catalogue.stock[kind].top + len(self._source.stats.inserted)

    def _envelope(
        self, rows: Sequence[bytes], total: int, size: int, *, cursor: int = 0, php_int: bool = False
    ) -> bytes:
        behaviour = self._source.behaviour
        habit = "int" if php_int or not self._source.profile.stock else "str"
        claimed = _total(total, behaviour.total_as or habit)
        length = {
            "int": f'"max_page_items":{size},',
            "str": f'"max_page_items":"{size}",',
            "zero": '"max_page_items":0,',
        }
        head = (
            f'{{{claimed}{length.get(behaviour.max_page_items, "")}"selected_item":{cursor},"cur_page":{cursor},"data":'
        )
        if behaviour.data_as_object and rows:
            pairs = (b'"%d":%b' % (place, row) for place, row in enumerate(rows))
            return head.encode() + b"{" + b",".join(pairs) + b"}}"
        return head.encode() + b"[" + b",".join(rows) + b"]}"


def _total(total: int, form: str) -> str:
    if form == "absent":
        return ""
    value = {"high": total + 13, "low": total // 2, "zero": 0}.get(form, total)
    return f'"total_items":"{value}",' if form == "str" else f'"total_items":{value},'


def _intval(text: str) -> int:
    return int(text) if text.isdecimal() else 0
