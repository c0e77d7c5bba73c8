"""An Xtream panel: every call logs in, every list comes in one piece."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from app.domain.kinds import Kind
from app.simulator.behaviour import Account, Behaviour, Fault
from app.simulator.gate import error_page
from app.simulator.lists import EVERYTHING, ListName, Order
from app.simulator.portal import Portal
from app.simulator.rowcache import RowCache
from app.simulator.spec import CatalogueSpec
from app.simulator.wire import HTML, Call, Reply, redirect
from app.simulator.xtream.account import account_object, find_account, refusal
from app.simulator.xtream.details import Details
from app.simulator.xtream.guide import listings, xmltv
from app.simulator.xtream.profile import PATHS, XtreamProfile
from app.simulator.xtream.rows import REPEATED, Rows
from app.simulator.xtream.wild import PACKERS, wild

PIECE: Final = 50  # items per piece of a list
BROKEN: Final = (b"null", b'"corrupt"', b'{"name":"a record without id"}')
CATEGORIES: Final[Mapping[str, Kind]] = {
    "get_live_categories": Kind.CHANNEL,
    "get_vod_categories": Kind.MOVIE,
    "get_series_categories": Kind.SERIES,
}
STREAMS: Final[Mapping[str, tuple[Kind, ListName, Order]]] = {
    "get_live_streams": (Kind.CHANNEL, "itv", "plain"),
    "get_vod_streams": (Kind.MOVIE, "vod", "newest"),
    "get_series": (Kind.SERIES, "series", "newest"),
}
ALIASES: Final = {
    "201": "get_live_categories", "200": "get_vod_categories", "206": "get_series_categories",
    "202": "get_live_streams", "203": "get_vod_streams", "208": "get_series", "209": "get_vod_info",
    "204": "get_series_info", "205": "get_short_epg", "207": "get_simple_data_table",
    "get_simple_date_table": "get_simple_data_table",
}  # fmt: skip
PLAYABLE: Final = ("/live/", "/movie/", "/series/", "/timeshift/")


class XtreamPortal(Portal):
    """Legacy, XUI and PHP-empty panels differ in their profile only."""

    def __init__(self, spec: CatalogueSpec, profile: XtreamProfile, behaviour: Behaviour, mount: str = "") -> None:
        self.profile = profile
        self.api_paths = frozenset(PATHS)
        super().__init__(spec, behaviour, mount)
        self._forget_rows()

    def answer(self, call: Call) -> Reply:
        """The reply to any call."""
        account = find_account(self.behaviour, call)
        refused = refusal(self.behaviour, self.profile, account, call)
        if refused is not None or account is None:
            self.gate.denied(call.client)
            return refused or error_page(404)
        if self.behaviour.redirect_api and call.path == PATHS[0]:
            return redirect(f"{self.mount}{PATHS[-1]}?{urlencode(call.params)}", 302)
        if call.action == "xmltv":
            return self._xmltv(call)
        action = ALIASES.get(call.action, call.action)
        if action in STREAMS:
            return self._streams(action, call)
        if action in CATEGORIES:
            return Reply(orjson.dumps(self._categories(CATEGORIES[action])))
        return Reply(orjson.dumps(self._details(action, call, account)))

    def worded(self, fault: Fault, call: Call) -> Reply:
        """Faults in the words of a panel."""
        del call
        if fault.do in ("auth", "lose"):
            return Reply(b'{"user_info":{"auth":0}}')
        words = {"null": b"null", "false": b"false", "error": b'{"error":"Internal error"}'}
        return Reply(words.get(fault.do, b"[]"))

    def home(self) -> str:
        """Where `/` leads to."""
        return "/c/"

    def page(self, path: str) -> Reply:
        """Streams: live moves on to an edge server, files answer at once."""
        if path.startswith("/live/"):
            return redirect(f"{self.mount}/auth/{path.rsplit('/', 1)[-1]}?token=5f3", 302)
        if path.startswith((*PLAYABLE, "/auth/")):
            return Reply(b"\x47" * 188, 200, b"video/mp2t")
        if path == self.home():
            return Reply(b"<!DOCTYPE html><html><body></body></html>", 200, HTML)
        return super().page(path)

    def _make_rows(self) -> None:
        for kind, name, order in STREAMS.values():
            self._caches[kind].fill(self.lists.ids(name, order, EVERYTHING))

    def _forget_rows(self) -> None:
        self.lists = self.make_lists()
        rows = Rows(self.catalogue, self.profile)
        self._caches: Mapping[Kind, RowCache] = {
            Kind.CHANNEL: RowCache(rows.channel),
            Kind.MOVIE: RowCache(rows.movie),
            Kind.SERIES: RowCache(rows.series),
        }
        self._info = Details(self.catalogue, self.profile)

    def _categories(self, kind: Kind) -> Any:
        if self.behaviour.no_categories:
            return {} if self.profile.variance == "php_empty" else []
        return [
            {"category_id": str(category.number), "category_name": category.title, "parent_id": 0}
            for category in self.catalogue.categories[kind]
        ]

    def _streams(self, action: str, call: Call) -> Reply:
        kind, name, order = STREAMS[action]
        behaviour = self.behaviour
        if behaviour.mute_kind == kind.value:
            return error_page(500) if behaviour.mute_with == "500" else Reply(b"[]")
        asked = call.params.get("category_id", "")
        category = int(asked) if asked.isdecimal() else EVERYTHING
        ids: Sequence[int] = self.lists.ids(name, order, category)
        if behaviour.duplicates and category == EVERYTHING and kind is not Kind.CHANNEL:
            again = [REPEATED + number for number in ids if self.catalogue.title(kind, number).second >= 0]
            ids = [*ids, *again]
        return Reply(b"", 200, chunks=self._pieces(kind, ids))

    def _pieces(self, kind: Kind, ids: Sequence[int]) -> Iterator[bytes]:
        """A list in pieces; panels with PHP empties send an object keyed by index."""
        keyed = self.profile.variance == "php_empty" or self.behaviour.data_as_object
        yield b"{" if keyed else b"["
        for start in range(0, len(ids), PIECE):
            part = ids[start : start + PIECE]
            rows = self._caches[kind].many(part)
            numbered = (
                self._numbered(place, number, row, keyed=keyed)
                for place, (number, row) in enumerate(zip(part, rows, strict=True), start + 1)
            )
            yield (b"," if start else b"") + b",".join(numbered)
        yield b"}" if keyed else b"]"

    def _numbered(self, place: int, number: int, row: bytes, *, keyed: bool) -> bytes:
        every = self.behaviour.broken_record_every
        broken = every and number % every == 0
        item = BROKEN[number // every % 3] if every and broken else b'{"num":%d,' % place + row[1:]
        return b'"%d":%b' % (place, item) if keyed else item

    def _details(self, action: str, call: Call, account: Account) -> Any:
        if action in ("get_short_epg", "get_simple_data_table"):
            limit = _number(call, "limit") or 4
            number = _number(call, "stream_id")
            return {"epg_listings": listings(self.catalogue, number, limit if action == "get_short_epg" else None)}
        if action == "get_vod_info":
            number = _number(call, "vod_id")
            return self._info.movie(number) if self._has(Kind.MOVIE, number) else {"info": []}
        if action == "get_series_info":
            number = _number(call, "series_id")
            if not self._has(Kind.SERIES, number):
                return {"info": []} if self.profile.variance == "xui" else []
            return self._info.series(number, self.behaviour.episodes_as)
        return account_object(account, self.profile, volatile=self.behaviour.volatile)

    def _has(self, kind: Kind, number: int) -> bool:
        return 0 < number <= self.catalogue.stock[kind].top

    def _xmltv(self, call: Call) -> Reply:
        form = self.behaviour.guide
        pieces = (wild if form == "wild" else xmltv)(self.catalogue, self.lists)
        if form == "hollow":
            return Reply(b"<tv/>", 200, b"application/xml")
        if call.params.get("gzip") == "1" or form in PACKERS:
            packed = PACKERS.get(form, PACKERS["gzip"])(b"".join(pieces))
            return Reply(packed, 200, b"application/octet-stream")
        return Reply(b"", 200, b"application/xml", chunks=pieces)


def _number(call: Call, name: str) -> int:
    text = call.params.get(name, "")
    return int(text) if text.isdecimal() else 0
