"""Rows of Stalker lists: about seventy fields a title, as genuine portals send them."""

from base64 import b64encode
from typing import Any, Final

import orjson

from app.domain.kinds import Kind
from app.simulator.catalogue import Catalogue
from app.simulator.draw import below, pick
from app.simulator.facts import NEWEST, NO_CATEGORY, Channel, Title
from app.simulator.lists import SERIES_BASE
from app.simulator.shapes import ZERO_DATE, Number, as_int, datetime_text, rating, year

UNLISTED: Final = 9_999  # a category that no list names
ORIGIN: Final = "http://images.example.test"
DATA_IMAGE: Final = "data:image/png;base64,iVBORw0KGgo="
FRESH: Final = 2 * 86_400  # seconds for which an item is of "today" or "yesterday"

STRINGS: Final[dict[str, Any]] = {
    "owner": "", "old_name": "", "fname": "", "pic": "", "cost": "0", "file": "", "path": "", "protocol": "custom",
    "rtsp_url": "", "volume_correction": "0", "genre_id": "0", "genre_id_1": "0", "genre_id_2": "0", "genre_id_3": "0",
    "genre_id_4": "0", "cat_genre_id_1": "0", "cat_genre_id_2": "0", "cat_genre_id_3": "0", "cat_genre_id_4": "0",
    "accessed": "1", "status": "1", "disable_for_hd_devices": "0", "count_first_0_5": "0", "count_second_0_5": "0",
    "vote_sound_good": "0", "vote_sound_bad": "0", "vote_video_good": "0", "vote_video_bad": "0", "rate": None,
    "last_rate_update": None, "last_played": None, "for_sd_stb": "0", "rating_count_imdb": "0",
    "rating_count_kinopoisk": "0", "rating_last_update": ZERO_DATE, "age": "", "rating_mpaa": "", "high_quality": "0",
    "low_quality": "0", "comments": "", "year_end": "0", "autocomplete_provider": "imdb", "lock": 0, "fav": 0,
    "for_rent": 0, "open": 1, "cur_series": 0, "position": 0, "rent_info": "",
}  # fmt: skip
INTS: Final[dict[str, Any]] = {
    key: int(value) if isinstance(value, str) and value.isdigit() else value for key, value in STRINGS.items()
}
CHANNEL_STRINGS: Final[dict[str, Any]] = {
    "base_ch": "1", "bonus_ch": "0", "volume_correction": "0", "use_load_balancing": "0", "wowza_tmp_link": "0",
    "wowza_dvr": "0", "cost": "0", "count": "0", "status": "1", "correct_time": "0", "service_id": "", "mc_cmd": "",
    "enable_monitoring": "0", "enable_wowza_load_balancing": "0", "monitoring_status": "1",
    "monitoring_status_updated": None, "nginx_secure_link": "0", "pvr": 0, "allow_pvr": "", "allow_local_pvr": "1",
    "allow_local_timeshift": "", "allow_remote_pvr": 0, "nimble_dvr": "0", "flussonic_dvr": "0", "lock": 0, "fav": 0,
    "open": 1, "genres_str": "", "cur_playing": "[No channel info]", "epg": [], "not_for_mag100": 0,
}  # fmt: skip
CHANNEL_INTS: Final[dict[str, Any]] = {
    key: int(value) if isinstance(value, str) and value.isdigit() else value for key, value in CHANNEL_STRINGS.items()
}


def encoded_cmd(**fields: Any) -> str:
    """The base64 JSON that panels put into `cmd`."""
    return b64encode(orjson.dumps(fields)).decode()


class Rows:
    """Spells items of one catalogue as one portal does; `types` is `strings`, `ints` or `mixed`."""

    def __init__(self, catalogue: Catalogue, *, stock: bool, types: str, mount: str, embedded: bool) -> None:
        self._catalogue = catalogue
        self._dirt = catalogue.spec.dirt
        self._stock = stock
        self._types = types
        self._mount = mount
        self._embedded = embedded

    def channel(self, number: int) -> dict[str, Any]:
        """One row of `itv`; the provider's id is the number."""
        item = self._catalogue.channel(number)
        n = self._spelling(number)
        address = f"http://localhost/ch/{number}_" if item.d[18] % 5 else f"http://edge.example.test:8080/{number}"
        cmd = "udp://wtf?" if self._dirty(item, 19, 0.1) else f"{('ffrt', 'ffmpeg', 'auto')[item.d[19] % 3]} {address}"
        temporary = n(1 if "localhost" in address else 0)
        return {
            "id": n(number),
            "name": item.name,
            "number": n(number) if not self._dirty(item, 20, 0.2) else ("", None)[number % 2],
            "censored": n(int(item.censored)),
            "cmd": cmd,
            "hd": n(int(item.hd)),
            "tv_genre_id": self._category(Kind.CHANNEL, item.category, n),
            "use_http_tmp_link": temporary,
            "archive": int(item.archive_days > 0),
            "enable_tv_archive": n(int(item.archive_days > 0)),
            "tv_archive_duration": n(item.archive_days * 24),
            "locked": n(int(item.censored)),
            "xmltv_id": epg_id(item),
            "logo": self._logo(item),
            "modified": datetime_text(item.added + item.revision * 86_400),
            "cmds": [self._link(number, cmd, temporary)],
            **(CHANNEL_STRINGS if n is str else CHANNEL_INTS),
        }

    def _link(self, number: int, cmd: str, temporary: Any) -> dict[str, Any]:
        return {
            "id": str(number), "ch_id": str(number), "priority": "0", "url": cmd, "status": "1",
            "use_http_tmp_link": temporary, "wowza_tmp_link": "0", "user_agent_filter": "", "use_load_balancing": "0",
            "changed": "", "enable_monitoring": "0", "enable_balancer_monitoring": "0", "nginx_secure_link": "0",
            "flussonic_tmp_link": "0",
        }  # fmt: skip

    def movie(self, number: int) -> dict[str, Any]:
        """A movie in a VOD list."""
        item = self._catalogue.title(Kind.MOVIE, number)
        row = self._title(item, Kind.MOVIE, number)
        row["cmd"] = (
            f"/media/{number}.mpg"
            if self._stock
            else encoded_cmd(type="movie", stream_id=number, target_container=["mkv" if item.hd else "mp4"])
        )
        row["series"] = False if self._stock and self._dirty(item, 4) else []
        return row

    def vod_series(self, number: int) -> dict[str, Any]:
        """A series among the rows of a VOD list."""
        item = self._catalogue.title(Kind.SERIES, number)
        row = self._title(item, Kind.SERIES, SERIES_BASE + number)
        seasons = self._catalogue.seasons(number)
        row["cmd"] = f"/media/{SERIES_BASE + number}.mpg"
        row["has_files"] = sum(episodes for _, episodes in seasons)
        row["series"] = list(range(1, row["has_files"] + 1)) if self._embedded else []
        row["is_series"] = row["is_series"] if not self._embedded else self._spelling(number)(0)
        return row

    def native_series(self, number: int) -> dict[str, Any]:
        """A row of `type=series`."""
        item = self._catalogue.title(Kind.SERIES, number)
        row = self._title(item, Kind.SERIES, number)
        row["time"] = "N/a"
        row["series"] = []
        row["cmd"] = ""
        if item.d[5] % 3 == 0:
            row["year"] = f"{item.year}-04-01"
        return row

    def _title(self, item: Title, kind: Kind, number: int) -> dict[str, Any]:
        n = self._spelling(item.number)
        dirty = self._dirty(item, 6, 3)
        tmdb = item.d[7] * 11
        row: dict[str, Any] = {
            "id": n(number),
            "name": item.name,
            "o_name": "" if self._dirty(item, 3) and item.name else item.original,
            "description": (None if self._dirty(item, 2) else item.plot) or None if dirty else item.plot,
            "director": item.director or ("N/A" if dirty else ""),
            "actors": item.actors or ("N/A" if dirty else ""),
            "country": item.country,
            "year": year(item.year, item.d[4], share=0 if item.revision else self._dirt),
            "time": n(item.minutes + item.revision),
            "censored": n(int(item.censored)),
            "hd": n(int(item.hd)),
            "category_id": self._category(kind, item.category, n),
            "count": n(item.d[30] % 900),
            "added": ZERO_DATE if self._dirty(item, 5, 0.2) else datetime_text(item.added),
            "rating_imdb": rating(item.imdb, item.d[1], dirty=dirty),
            "rating_kinopoisk": rating(item.kinopoisk, item.d[2], dirty=dirty),
            "is_series": n(int(kind is Kind.SERIES)),
            "is_movie": True if self._stock else 1,
            "has_files": int(kind is Kind.MOVIE),
            "tmdb_id": n(tmdb) if item.d[7] % 6 else ("", "0", None)[number % 3],
            "kinopoisk_id": n(tmdb // 3) if item.kinopoisk else "",
            "screenshots": str(number),
            "screenshot_uri": self._screenshot(item, number),
            "genres_str": item.genres,
            **(STRINGS if n is str else INTS),
        }
        row[_age_key(item.added)] = "Today" if item.added > NEWEST - FRESH else "More than a week"
        return row

    def _spelling(self, number: int) -> Number:
        if self._types == "mixed":
            return str if number % 2 else as_int
        return str if self._types == "strings" else as_int

    def _dirty(self, item: Channel | Title, index: int, factor: float = 1) -> bool:
        return not item.revision and below(self._dirt * factor, item.d[index])

    def _category(self, kind: Kind, index: int, n: Number) -> Any:
        if index == NO_CATEGORY:
            return n(UNLISTED) if self._stock else None
        return n(self._catalogue.categories[kind][index].number)

    def _logo(self, item: Channel) -> str:
        if item.revision:
            return f"{item.number}_{item.revision}.png"
        if self._dirty(item, 21):
            return pick((DATA_IMAGE, "", "//logos.example.test/a b.png"), item.d[22])
        return f"{item.number}.png" if self._stock or item.d[23] % 3 else f"{ORIGIN}/logos/{item.number}.png"

    def _screenshot(self, item: Title, number: int) -> Any:
        if self._dirty(item, 1):
            return (False, "", None)[item.d[8] % 3]
        name = f"{number}_{item.revision}.jpg" if item.revision else f"{number}.jpg"
        if self._stock or item.d[8] % 4:
            return f"{self._mount}/stalker_portal/screenshots/{number // 100 + 1}/{name}"
        return f"{ORIGIN}/posters/{name}"


def epg_id(item: Channel) -> str:
    """The key of the channel in the guide; half of the channels have none."""
    return f"channel{item.number}.example" if item.d[24] % 2 else ""


def _age_key(added: int) -> str:
    return "today" if added > NEWEST - FRESH else "week_and_more"
