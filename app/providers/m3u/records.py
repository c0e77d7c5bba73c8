"""Entries of a list as records: what they are called, how they look, and how they are found again to be played."""

from typing import Any, Final
from urllib.parse import unquote

from app.domain.episodes import EpisodeName, year_of
from app.domain.kinds import Kind
from app.domain.records import (
    ChannelRecord,
    EpisodeRecord,
    MovieRecord,
    Record,
    RejectedRecord,
    SeriesRecord,
)
from app.domain.values import clean_text, minutes_of_seconds, number, text, truth
from app.providers.m3u.catalogue import Catalogue, SeriesDraft
from app.providers.m3u.details import (
    PRIVATE_HEADERS,
    catchup_of,
    facts_of,
    headers_of,
    split_address,
)
from app.providers.m3u.home import stem
from app.providers.m3u.links import repaired
from app.providers.m3u.parse import Entry, Refused
from app.providers.m3u.shelf import Row

MAX_RAW: Final = 2000
NO_ID: Final = frozenset({"", "(no tvg-id)", "no_tvg-id", "none", "null"})
NUMBERS: Final = ("tvg-chno", "ch-number", "channel-number", "tvg-num")
LOGOS: Final = ("tvg-logo", "tvg-logo-small", "logo")
NAMES: Final = ("tvg-name", "tvc-guide-title", "tvg-id")


class Maker:
    """Makes the records of one list."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._home = catalogue.home

    def record(self, kind: Kind, row: Row, external_id: str, groups: list[str]) -> Record:
        """A channel or a movie."""
        make = self._channel if kind is Kind.CHANNEL else self._movie
        return make(row, external_id, self._catalogue.all_groups(groups))

    def series(self, series_id: str, draft: SeriesDraft) -> SeriesRecord:
        return SeriesRecord(
            external_id=series_id,
            name=text(draft.title),
            category_ids=self._catalogue.all_groups(draft.groups),
            poster=self._image(draft.logo),
            year=year_of(draft.title),
            episode_count=draft.episode_count,
            locator={"series": series_id},
        )

    def episode(self, name: EpisodeName, row: Row, external_id: str) -> EpisodeRecord:
        entry = row.entry
        return EpisodeRecord(
            external_id=external_id,
            season=name.season,
            number=name.number,
            name=clean_text(name.name),
            poster=self._logo(entry),
            duration=minutes_of_seconds(entry.duration),
            locator=self._locator(row, external_id, episode=True),
        )

    def rejected(self, refused: Refused) -> RejectedRecord:
        raw = self._home.hide(refused.raw[: MAX_RAW * 4])[:MAX_RAW]
        return RejectedRecord(kind=Kind.CHANNEL, external_id=None, reason=refused.reason, raw=text(raw))

    def _channel(self, row: Row, external_id: str, groups: tuple[str, ...]) -> ChannelRecord:
        entry = row.entry
        attributes = entry.attributes
        mode, days = catchup_of(entry, self._catalogue.header)
        locator = self._locator(row, external_id)
        if mode is not None:
            locator["catchup"] = self._catchup(row, external_id, mode, days)
        epg_id = clean_text(attributes.get("tvg-id"))
        return ChannelRecord(
            external_id=external_id,
            name=_name(entry),
            category_ids=groups,
            censored=_censored(entry),
            locator=locator,
            extra=facts_of(entry, self._catalogue.header),
            number=next((found for name in NUMBERS if (found := number(attributes.get(name)))), None),
            logo=self._logo(entry),
            epg_id=None if epg_id is None or epg_id.lower() in NO_ID else epg_id,
            archive=True if mode else False if "catchup" in attributes else None,
            archive_days=days,
        )

    def _movie(self, row: Row, external_id: str, groups: tuple[str, ...]) -> MovieRecord:
        entry = row.entry
        name = _name(entry)
        return MovieRecord(
            external_id=external_id,
            name=name,
            category_ids=groups,
            censored=_censored(entry),
            locator=self._locator(row, external_id),
            poster=self._logo(entry),
            year=year_of(name),
            country=clean_text(entry.attributes.get("tvg-country")),
            duration=minutes_of_seconds(entry.duration),
        )

    def link(self, row: Row) -> tuple[str, dict[str, str]]:
        """The address of an entry as it stands in the list now, and the headers that go with it."""
        address, behind = split_address(row.url) if "|" in row.url else (row.url, {})
        url = repaired(address, self._home) or address  # rows are kept of what can be repaired only
        return url, headers_of(row.entry, behind)

    def source(self, row: Row) -> str:
        """The catch-up source of an entry as it stands in the list now."""
        return row.attributes.get("catchup-source") or self._catalogue.header.get("catchup-source", "")

    def _locator(self, row: Row, external_id: str, *, episode: bool = False) -> dict[str, Any]:
        """A template of the address where it holds no secret of others; else the item's id, to be looked up."""
        url, headers = self.link(row)
        template = self._catalogue.links.template(url)
        private = any(name.lower() in PRIVATE_HEADERS or self._home.tells(headers[name]) for name in headers)
        if template is not None and not private:
            return {"url": template, "headers": headers} if headers else {"url": template}
        return {"entry": external_id, "episode": True} if episode else {"entry": external_id}

    def _catchup(self, row: Row, external_id: str, mode: str, days: float | None) -> dict[str, Any]:
        """What archive addresses are made of later; `correction` in hours. A secret source is looked up again."""
        header, attributes = self._catalogue.header, row.attributes
        found: dict[str, Any] = {"mode": mode}
        if days is not None:
            found["days"] = days
        if source := self.source(row):
            public = self._catalogue.links.source(source)
            found |= {"entry": external_id} if public is None else {"source": public}
        correction = number(attributes.get("catchup-correction") or header.get("catchup-correction"))
        if correction:
            found["correction"] = correction
        return found

    def _logo(self, entry: Entry) -> str | None:
        attributes = entry.attributes
        found = attributes.get("tvg-logo")
        if not found:
            found = next((value for name in LOGOS[1:] if (value := attributes.get(name))), "")
        return self._image(found) if found else None

    def _image(self, url: str) -> str | None:
        return self._home.image(url.replace("&amp;", "&") if "&amp;" in url else url)


def _name(entry: Entry) -> str:
    if entry.name:
        return text(entry.name)
    for name in NAMES:
        if found := text(entry.attributes.get(name)).strip():
            return found
    last = unquote(split_address(entry.url)[0].partition("?")[0].rstrip("/").rpartition("/")[2])
    return text(stem(last))


def _censored(entry: Entry) -> bool | None:
    attributes = entry.attributes
    if "parent-code" in attributes:
        return True
    return truth(attributes["censored"]) if "censored" in attributes else None
