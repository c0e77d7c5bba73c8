"""The rows of portals as they arrive: known fields only, any type in each."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import DecodeError, Raw, Struct, ValidationError
from msgspec.json import Decoder

from app.core.errors import Malformed
from app.domain.values import integer
from app.providers.stalker.classify import Answer, Blank
from app.providers.stalker.envelope import ABSENT, opening, respelled

NO_LIST: Final = "The portal answered with something that is no list."
LONGEST_RAW: Final = 2000  # characters of a bad record that are kept


class CategoryRow(Struct, frozen=True, kw_only=True):
    id: Any = None
    category_id: Any = None
    title: Any = None
    name: Any = None
    category_name: Any = None
    alias: Any = None
    censored: Any = None


class ChannelRow(Struct, frozen=True, kw_only=True):
    id: Any = None
    name: Any = None
    number: Any = None
    tv_genre_id: Any = None
    genre_id: Any = None
    category_id: Any = None
    cmd: Any = None
    cmds: Any = None
    logo: Any = None
    xmltv_id: Any = None
    censored: Any = None
    hd: Any = None
    archive: Any = None
    enable_tv_archive: Any = None
    tv_archive_duration: Any = None
    use_http_tmp_link: Any = None
    use_load_balancing: Any = None
    wowza_tmp_link: Any = None
    added: Any = None


class TitleRow(Struct, frozen=True, kw_only=True):
    id: Any = None
    name: Any = None
    o_name: Any = None
    old_name: Any = None
    fname: Any = None
    description: Any = None
    director: Any = None
    actors: Any = None
    country: Any = None
    genres_str: Any = None
    year: Any = None
    added: Any = None
    time: Any = None
    rating_imdb: Any = None
    rating_kinopoisk: Any = None
    rating_im: Any = None
    age: Any = None
    rating_mpaa: Any = None
    category_id: Any = None
    censored: Any = None
    hd: Any = None
    is_series: Any = None
    series: Any = None
    screenshot_uri: Any = None
    pic: Any = None
    cover: Any = None
    cover_big: Any = None
    cmd: Any = None
    tmdb_id: Any = None
    kinopoisk_id: Any = None


class PartRow(Struct, frozen=True, kw_only=True):
    """A season, an episode or a file."""

    id: Any = None
    video_id: Any = None
    name: Any = None
    description: Any = None
    is_season: Any = None
    is_episode: Any = None
    is_file: Any = None
    season_id: Any = None
    season_number: Any = None
    season_name: Any = None
    season_series: Any = None
    series_number: Any = None
    series_name: Any = None
    series: Any = None
    quality: Any = None
    cmd: Any = None
    time: Any = None
    added: Any = None
    date_add: Any = None
    screenshot_uri: Any = None
    pic: Any = None
    cover: Any = None
    cover_big: Any = None
    rating_imdb: Any = None


class Body(Struct, frozen=True):
    """The object in `js`."""

    data: Raw = ABSENT
    total_items: Any = None
    max_page_items: Any = None


class Bad(Struct, frozen=True):
    """A row that is no object."""

    raw: str


class Listing(Struct, frozen=True):
    """What one answer lists: rows in order, the claimed total and the page size where the portal says them.

    `raws` are the same rows undecoded; they are cut out only when one of them has to be shown.
    """

    rows: list[Any]
    total: int | None
    size: int | None
    source: Raw

    def raw(self, index: int) -> str:
        """The text of one row, cut."""
        return shortened(_pieces(self.source)[index])


_BODY: Final = Decoder(Body)
_LISTS: Final[Mapping[type, Decoder[Any]]] = {
    CategoryRow: Decoder(list[CategoryRow]),
    ChannelRow: Decoder(list[ChannelRow]),
    TitleRow: Decoder(list[TitleRow]),
    PartRow: Decoder(list[PartRow]),
}
_ROWS: Final[Mapping[type, Decoder[Any]]] = {kind: Decoder(kind) for kind in _LISTS}
_PIECES: Final = Decoder(list[Raw])
_NAMED: Final = Decoder(dict[str, Raw])


def read_listing(answer: Answer, kind: type) -> Listing:
    """The rows of a list answer; raises `Blank` for `false` and `null`, `Malformed` for what is no list."""
    if answer.nothing:
        raise Blank("The portal answered with nothing.")
    if answer.complaint:
        raise Blank("The portal answered with an error in place of a list.")
    try:
        return _listing(answer.js, kind)
    except (DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return _listing(respelled(answer.js), kind)
    except (ValueError, RecursionError):
        raise Malformed(NO_LIST) from None


def decode_rows(data: Raw | bytes, kind: type) -> list[Any]:
    """Rows of a list or an object with numbers for names; what is no object becomes `Bad`."""
    if opening(data) == b"[":
        try:
            return list(_LISTS[kind].decode(data))
        except ValidationError:
            pass
    decoder = _ROWS[kind]
    rows: list[Any] = []
    for piece in _pieces(data):
        try:
            rows.append(decoder.decode(piece))
        except ValidationError:
            rows.append(Bad(shortened(piece)))
    return rows


def shortened(raw: Raw | bytes) -> str:
    return bytes(raw).decode("utf-8", "replace")[:LONGEST_RAW]


def _listing(js: Raw, kind: type) -> Listing:
    body = Body(data=js) if opening(js) == b"[" else _body(js)
    return Listing(decode_rows(body.data, kind), integer(body.total_items), integer(body.max_page_items), body.data)


def _body(js: Raw) -> Body:
    body = _BODY.decode(js)
    if opening(body.data) in (b"[", b"{"):
        return body
    if bytes(body.data) in (b"null", b"false", b'""'):
        return Body(Raw(b"[]"), body.total_items, body.max_page_items)
    # Without `data` the rows may be the object itself, when their names are numbers.
    named = _NAMED.decode(js)
    if named and all(name.isdecimal() for name in named):
        return Body(js)
    if body.total_items is not None or not named:
        return Body(Raw(b"[]"), body.total_items, body.max_page_items)
    raise Malformed(NO_LIST)


def _pieces(data: Raw | bytes) -> list[Raw]:
    if opening(data) == b"{":
        return list(_NAMED.decode(data).values())
    return list(_PIECES.decode(data))
