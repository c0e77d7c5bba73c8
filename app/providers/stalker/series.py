"""Seasons and episodes of a series, on demand, in the three shapes that portals know.

`embedded`: the VOD row lists its episode numbers. `vod`: stock portals, movie → season → episode → file, every level
paged. `native`: `type=series` of panels, where seasons may share one id and list ordinals in place of episodes.
"""

import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from app.core.errors import Malformed
from app.domain.records import EpisodeRecord, SeasonRecord
from app.domain.values import clean_text, image, integer, local_ms, minutes, number, rating, text, truth
from app.providers.stalker.classify import Blank
from app.providers.stalker.commands import holds_secret
from app.providers.stalker.parse import Reader
from app.providers.stalker.rows import Bad, PartRow, read_listing
from app.providers.stalker.session import Session
from app.providers.stalker.watch import USUAL_SIZE

MOST_PAGES: Final = 500  # of one level; the longest season seen has some hundred episodes
SPECIALS: Final = re.compile(r"special|extra|bonus", re.IGNORECASE)

_NUMBER = re.compile(r"\d+")


class SeriesGuide:
    """What is below a series."""

    def __init__(self, session: Session, reader: Reader) -> None:
        self._session = session
        self._reader = reader

    async def seasons(self, locator: Mapping[str, Any]) -> list[SeasonRecord]:
        """Ascending by number, specials first."""
        shape, own = text(locator.get("shape")), text(locator.get("id"))
        if shape == "embedded":
            return [_embedded(locator)]
        rows = await self._level("series" if shape == "native" else "vod", movie_id=own)
        seasons = [row for row in rows if not truth(row.is_episode) and not truth(row.is_file)]
        if seasons:
            return _seasons(seasons, own, shape, self._reader)
        if locator.get("series"):
            return [_embedded(locator)]
        if any(truth(row.is_episode) for row in rows):
            # No season level: the episodes hang on the series itself.
            return [SeasonRecord(external_id="1", number=1, locator={"shape": shape, "id": own, "season": ""})]
        return []

    async def episodes(self, locator: Mapping[str, Any], season: SeasonRecord) -> list[EpisodeRecord]:
        """In the portal's order."""
        place = dict(locator) | season.locator
        ordinals = [found for entry in place.get("series") or () if type(found := number(entry)) is int]
        shape, own = text(place.get("shape")), text(place.get("id"))
        if ordinals and shape != "vod":
            return [_ordinal(place, season.number, ordinal) for ordinal in dict.fromkeys(ordinals)]
        family = "series" if shape == "native" else "vod"
        rows = await self._level(family, movie_id=own, season_id=text(place.get("season")))
        listed = [_episode(row, place, season.number, self._reader, index) for index, row in enumerate(rows, 1)]
        return list({episode.external_id: episode for episode in listed}.values())

    async def files(self, locator: Mapping[str, Any]) -> list[PartRow]:
        """The files of an episode or a movie; portals give them in any order."""
        ids = {f"{name}_id": text(locator.get(key)) for name, key in FILE_IDS}
        rows = await self._level("vod", **{name: value for name, value in ids.items() if value})
        return sorted((row for row in rows if text(row.cmd)), key=_file_rank)

    async def _level(self, family: str, **ids: str) -> list[PartRow]:
        """All pages of one level: until an empty page or one that holds nothing new."""
        found: dict[str, PartRow] = {}
        total, size = None, USUAL_SIZE
        for page in range(1, MOST_PAGES + 1):
            params = _level_params(family, ids, page)
            try:
                listing = await self._session.ask(params, lambda answer: read_listing(answer, PartRow))
            except Blank:
                if page == 1:
                    raise Malformed("The portal does not list the parts of this series.") from None
                raise
            fresh = {_key(row): row for row in listing.rows if type(row) is not Bad and _key(row) not in found}
            found |= fresh
            total, size = listing.total if listing.total is not None else total, listing.size or size
            # Totals count files, not episodes: fewer rows than claimed are no reason to go on behind a short page.
            if not fresh or (total is not None and page * size >= total) or (total is None and page == 1 < len(fresh)):
                break
        return list(found.values())


FILE_IDS: Final = (("movie", "id"), ("season", "season"), ("episode", "episode"))


def _level_params(family: str, ids: Mapping[str, str], page: int) -> dict[str, str]:
    """Empty ids are left out: some portals take `season_id=0` for a season."""
    given = {name: value for name, value in ids.items() if value}
    if family == "series":
        given = {"season_id": "0", "episode_id": "0"} | given
    return {"type": family, "action": "get_ordered_list", **given, "fav": "0", "p": str(page)}


def _key(row: PartRow) -> str:
    """What tells the rows of one level apart: ids may repeat, so that name and command belong to it."""
    return "\x1f".join((text(row.id), text(row.name), text(row.cmd), text(row.series_number)))


def _seasons(rows: Sequence[PartRow], series: str, shape: str, reader: Reader) -> list[SeasonRecord]:
    ids = [text(row.id) for row in rows]
    unique = len(set(ids)) == len(ids) and series not in ids and all(ids)
    taken: dict[str, SeasonRecord] = {}
    for position, row in enumerate(rows, 1):
        found = _season_number(row)
        ordinals = row.series if isinstance(row.series, list) else []
        season = found if found is not None else position
        key = text(row.id) if unique else str(season)
        cmd = _kept(row.cmd, reader)
        locator: dict[str, Any] = {"shape": shape, "id": series, "season": text(row.id)}
        if shape == "native":
            locator |= {"cmd": cmd, "series": ordinals}
        taken.setdefault(
            key,
            SeasonRecord(
                external_id=key,
                number=season,
                name=clean_text(row.season_name) or clean_text(row.name),
                description=clean_text(row.description),
                poster=_poster(row, reader),
                episode_count=integer(row.season_series) or len(ordinals) or None,
                locator={name: value for name, value in locator.items() if value not in (None, "", [])},
            ),
        )
    return sorted(taken.values(), key=lambda season: season.number)


def _season_number(row: PartRow) -> int | None:
    """From its own field, the panel's command, the name or the second half of `series:season`."""
    if (found := integer(row.season_number)) is not None and found >= 0:
        return found
    if (found := integer(_decoded(row.cmd).get("season_num"))) is not None and found >= 0:
        return found
    name = text(row.name)
    if digits := _NUMBER.search(name):
        return int(digits[0])
    if SPECIALS.search(name):
        return 0
    _, colon, season = text(row.id).partition(":")
    return integer(season) if colon else None


def _decoded(cmd: Any) -> dict[str, Any]:
    """Panels hide a small JSON object in base64."""
    spelled = text(cmd)
    if not spelled.startswith("eyJ"):
        return {}
    try:
        found = msgspec.json.decode(b64decode(spelled + "=" * (-len(spelled) % 4)))
    except (ValueError, msgspec.DecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _embedded(locator: Mapping[str, Any]) -> SeasonRecord:
    ordinals = list(locator.get("series") or ())
    place = {"shape": "embedded", "id": locator.get("id"), "cmd": locator.get("cmd"), "series": ordinals}
    return SeasonRecord(external_id="1", number=1, episode_count=len(ordinals) or None, locator=place)


def _ordinal(place: Mapping[str, Any], season: int, ordinal: int) -> EpisodeRecord:
    """An episode known by its place only."""
    return EpisodeRecord(
        external_id=str(ordinal),
        season=season,
        number=ordinal,
        name=f"Episode {ordinal}",
        locator={"episodeOf": place.get("shape"), "id": place.get("id"), "cmd": place.get("cmd"), "series": ordinal},
    )


def _episode(row: PartRow, place: Mapping[str, Any], season: int, reader: Reader, index: int) -> EpisodeRecord:
    own = text(row.id) or str(index)
    found = number(row.series_number)
    if found is None and (digits := _NUMBER.search(text(row.name))):
        found = int(digits[0])
    locator = {
        "episodeOf": place.get("shape"),
        "id": place.get("id"),
        "season": text(row.season_id) or place.get("season"),
        "episode": own,
        "cmd": _kept(row.cmd, reader),
    }
    return EpisodeRecord(
        external_id=own,
        season=season,
        number=found if found is not None else index,
        name=clean_text(row.series_name) or clean_text(row.name),
        description=clean_text(row.description),
        poster=_poster(row, reader),
        duration=minutes(row.time),
        rating=rating(row.rating_imdb),
        added_at=local_ms(row.date_add, reader.timezone) or local_ms(row.added, reader.timezone),
        locator={name: value for name, value in locator.items() if value},
    )


def _kept(cmd: Any, reader: Reader) -> str | None:
    spelled = text(cmd).strip()
    return spelled if spelled and not holds_secret(spelled, reader.secrets) else None


def _poster(row: PartRow, reader: Reader) -> str | None:
    for value in (row.screenshot_uri, row.cover_big, row.cover, row.pic):
        if value and (found := image(value, reader.site.picture)):
            return found
    return None


def _file_rank(row: PartRow) -> tuple[int, int, str]:
    """The best picture first; portals number qualities upwards."""
    own = integer(row.id)
    return (-(integer(row.quality) or 0), own if own is not None else 1 << 62, text(row.id))
