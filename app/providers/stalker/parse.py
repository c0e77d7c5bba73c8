"""Rows of a portal become records: one bad row is refused with its reason, the page lives."""

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from app.domain.kinds import Kind
from app.domain.records import (
    CategoryRecord,
    ChannelRecord,
    MovieRecord,
    Record,
    RejectedRecord,
    SeriesRecord,
)
from app.domain.values import (
    image,
    local_ms,
    minutes,
    names,
    number,
    rating,
    text,
    text_or_none,
    truth,
    year,
)
from app.providers.stalker.commands import bare, first_link, holds_secret, playable, steady, temporary
from app.providers.stalker.rows import Bad, ChannelRow, Listing, TitleRow
from app.providers.stalker.site import Site

PSEUDO: Final = frozenset({"*", "pvr", "dvb", "coming_soon", "all"})
HOURS: Final = 24
VOD_SPACE: Final = "vod"
NO_ID: Final = "has no id"
NO_OBJECT: Final = "is no object"
FLAG_TEXTS: Final = frozenset({"", "0"})


class Reader(Struct, frozen=True, kw_only=True):
    """What turning rows into records depends on; the same for a whole walk.

    `mixed_space` is the id space of VOD categories seen as series categories: `vod` when the portal has native
    series categories too, whose numbers may be the same.
    """

    site: Site
    timezone: str
    secrets: tuple[str, ...]
    mixed_space: str = ""

    def channels(self, listing: Listing) -> tuple[list[Record], list[RejectedRecord]]:
        return _each(listing, Kind.CHANNEL, self.channel)

    def titles(self, listing: Listing) -> tuple[list[Record], list[RejectedRecord]]:
        """The rows of a VOD list: movies, and series where they are marked or hold episodes."""
        return _each(listing, Kind.MOVIE, self.title)

    def natives(self, listing: Listing) -> tuple[list[Record], list[RejectedRecord]]:
        """The rows of a native series list."""
        return _each(listing, Kind.SERIES, self.native)

    def channel(self, row: ChannelRow) -> ChannelRecord:
        own = own_id(row.id)
        cmd = steady(row.cmd, row.cmds)
        archive = truth(row.enable_tv_archive)
        hours = number(row.tv_archive_duration)
        asks = temporary(row.use_http_tmp_link, row.use_load_balancing, row.wowza_tmp_link)
        locator, shown = self._channel_locator(own, cmd, first_link(row.cmds), direct=not asks)
        return ChannelRecord(
            external_id=own,
            name=text(row.name),
            category_ids=_category(row.tv_genre_id, row.genre_id, row.category_id),
            added_at=local_ms(row.added, self.timezone),
            censored=truth(row.censored),
            is_hd=truth(row.hd),
            locator=locator,
            cmd=shown,
            number=number(row.number),
            logo=image(row.logo, self.site.logo),
            epg_id=text_or_none(row.xmltv_id),
            archive=archive if archive is not None else truth(row.archive),
            archive_days=_days(hours),
        )

    def title(self, row: TitleRow) -> MovieRecord | SeriesRecord:
        """A series where the row is marked as one or lists episodes; `is_movie` is set on both."""
        episodes = _ordinals(row.series)
        if episodes or truth(row.is_series):
            shape = {"shape": "vod", "id": own_id(row.id)} if truth(row.is_series) else {"shape": "embedded"}
            return self._series(row, shape, episodes, space=VOD_SPACE, category_space=self.mixed_space)
        own = own_id(row.id)
        locator, cmd = self._title_locator(own, row.cmd)
        return MovieRecord(external_id=own, locator=locator, cmd=cmd, **self._shared(row))

    def native(self, row: TitleRow) -> SeriesRecord:
        return self._series(row, {"shape": "native"}, _ordinals(row.series))

    def _series(
        self, row: TitleRow, shape: dict[str, Any], episodes: list[int], *, space: str = "", category_space: str = ""
    ) -> SeriesRecord:
        own = own_id(row.id)
        locator: dict[str, Any] = {"id": own, **shape}
        if episodes:
            kept, _ = self._title_locator(own, row.cmd)
            locator |= {"cmd": kept.get("cmd"), "series": episodes}
        return SeriesRecord(
            external_id=own,
            space=space,
            category_space=category_space,
            locator=locator,
            episode_count=len(episodes) or None,
            **self._shared(row),
        )

    def _shared(self, row: TitleRow) -> dict[str, Any]:
        name, original = text(row.name), text(row.o_name) or text(row.old_name) or text(row.fname)
        kinopoisk, imdb = rating(row.rating_kinopoisk) or rating(row.rating_im), rating(row.rating_imdb)
        return {
            "name": name if name.strip() else original,
            "original_name": original.strip() or name.strip() or None,
            "category_ids": _category(row.category_id),
            "added_at": local_ms(row.added, self.timezone),
            "censored": truth(row.censored),
            "is_hd": truth(row.hd),
            "description": text_or_none(row.description),
            "poster": self._poster(row),
            "year": year(row.year),
            "director": _person(row.director),
            "actors": names(row.actors),
            "country": _person(row.country),
            "genres": names(row.genres_str),
            "rating": kinopoisk or imdb,
            "rating_imdb": imdb,
            "duration": minutes(row.time),
            "extra": _extra(row),
        }

    def _poster(self, row: TitleRow) -> str | None:
        for value in (row.screenshot_uri, row.cover_big, row.cover, row.pic):
            if value and (found := image(value, self.site.picture)):
                return found
        return None

    def _channel_locator(self, own: str, cmd: str, link: str, *, direct: bool) -> tuple[dict[str, Any], str | None]:
        if not cmd:
            return {"id": own}, None
        if holds_secret(cmd, self.secrets):
            # The portal's own name of the link opens the same stream, and names nobody.
            return {"id": own, "hidden": True, "cmd": f"ffrt http://localhost/ch/{link or own}_"}, None
        locator: dict[str, Any] = {"id": own, "cmd": cmd}
        if direct and playable(bare(cmd)):
            locator["direct"] = True
        return locator, cmd

    def _title_locator(self, own: str, value: Any) -> tuple[dict[str, Any], str | None]:
        cmd = text(value).strip()
        if not cmd:
            return {"id": own}, None
        if holds_secret(cmd, self.secrets):
            return {"id": own, "hidden": True, "cmd": f"/media/{own}.mpg"}, None
        return {"id": own, "cmd": cmd}, cmd


def read_categories(
    listing: Listing, kind: Kind, *, space: str = ""
) -> tuple[list[CategoryRecord], list[RejectedRecord]]:
    """Real categories in the portal's order; pseudo ones and empty rows are left out, an id counts once."""
    found: dict[str, CategoryRecord] = {}
    rejected: list[RejectedRecord] = []
    for index, row in enumerate(listing.rows):
        if type(row) is Bad:
            if row.raw not in ("null", "[]", "{}", '""', "false"):
                rejected.append(RejectedRecord(kind=kind, external_id=None, reason=NO_OBJECT, raw=row.raw))
            continue
        own = text(row.id).strip() or text(row.category_id).strip()
        name = text(row.title) or text(row.name) or text(row.category_name) or text(row.alias)
        if own.lower() in PSEUDO or own in found or not (own or name.strip()):
            continue
        if not own:
            raw = listing.raw(index)
            rejected.append(RejectedRecord(kind=kind, external_id=None, reason=NO_ID, raw=raw))
            continue
        censored = truth(row.censored) or False
        found[own] = CategoryRecord(external_id=own, name=name, position=len(found), censored=censored, space=space)
    return list(found.values()), rejected


def own_id(value: Any) -> str:
    """The provider's id as text; raises `ValueError` when there is none."""
    found = text(value).strip()
    if not found:
        raise ValueError(NO_ID)
    return found


def _each(listing: Listing, kind: Kind, read: Callable[[Any], Record]) -> tuple[list[Record], list[RejectedRecord]]:
    records: list[Record] = []
    rejected: list[RejectedRecord] = []
    for index, row in enumerate(listing.rows):
        if type(row) is Bad:
            rejected.append(RejectedRecord(kind=kind, external_id=None, reason=NO_OBJECT, raw=row.raw))
            continue
        try:
            records.append(read(row))
        except ValueError as error:
            own = text(row.id) or None
            raw = listing.raw(index)
            rejected.append(RejectedRecord(kind=kind, external_id=own, reason=str(error), raw=raw))
    return records, rejected


def _category(*values: Any) -> tuple[str, ...]:
    for value in values:
        found = text(value).strip()
        if found and found not in ("0", "*"):
            return (found,)
    return ()


def _days(hours: float | None) -> float | int | None:
    if hours is None or hours < 0:
        return None
    days = hours / HOURS
    return int(days) if days.is_integer() else round(days, 3)


def _person(value: Any) -> str | None:
    found = text_or_none(value)
    return None if found is None or found.lower() == "n/a" else found


def _ordinals(value: Any) -> list[int]:
    """`[1,2,3]`, `["1","2"]`; `false` and `[]` are no episodes."""
    if type(value) is dict:
        value = list(value.values())
    if type(value) is not list:
        return []
    return [found for entry in value if type(found := number(entry)) is int]


def _extra(row: TitleRow) -> dict[str, Any]:
    facts = {"tmdbId": row.tmdb_id, "kinopoiskId": row.kinopoisk_id, "age": row.age, "mpaa": row.rating_mpaa}
    return {name: found for name, value in facts.items() if (found := text(value).strip()) not in FLAG_TEXTS}
