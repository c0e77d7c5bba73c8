"""The actions of a Stalker portal other than lists: session, account, categories, guide, links."""

import time
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from app.domain.kinds import Kind
from app.simulator.behaviour import Account
from app.simulator.facts import NEWEST
from app.simulator.guide import HOUR, programmes
from app.simulator.shapes import as_int, date_text, datetime_text
from app.simulator.stalker.pages import Source
from app.simulator.stalker.rows import epg_id
from app.simulator.stalker.sessions import BLOCKED, Sessions, User, mac_of
from app.simulator.wire import Call

GUIDE_PAGE: Final = 10
FULL_PROFILE: Final[Mapping[str, Any]] = {
    "parent_password": "0000", "bright": "200", "contrast": "127", "saturation": "127", "aspect": "",
    "video_out": "rca", "volume": "70", "playback_buffer_bytes": "0", "playback_buffer_size": 0, "audio_out":
    "1", "now_playing_type": "0", "stb_type": "MAG250", "locale": "en_GB.utf8", "stb_lang": "en", "country": "",
    "plasma_saving": "0", "hd": "1", "default_timezone": "UTC", "timezone_diff": 0, "hdmi_event_reaction": "1",
    "fname": "", "ls": "", "tariff_plan_id": "0", "watchdog_timeout": 120, "timeslot": 0.0331, "storages": [],
    "updated": {"anec": 0, "vclub": 0}, "playback_limit": 3, "play_token": None, "allowed_stb_types":
    ["aurahd2", "mag250", "mag254"], "last_itv_id": "0", "screensaver_delay": "10", "tv_archive_continued": "",
    "test_download_url": "", "is_moderator": False, "show_after_loading": "main_menu", "play_in_preview_by_ok":
    None, "template": "default", "theme": "default",
}  # fmt: skip
NOTHING_TO_PLAY: Final[dict[str, Any]] = {"id": 0, "cmd": "", "error": "nothing_to_play"}
NOTHING: Final = object()  # in place of an answer: this portal does not know the action


class Actions:
    """Answers with plain values; `js` wraps them."""

    def __init__(self, source: Source, sessions: Sessions) -> None:
        self._source = source
        self._sessions = sessions
        self._number = str if source.profile.types == "strings" else as_int
        self._table: Mapping[tuple[str, str], Callable[[Call], Any]] = {
            ("stb", "handshake"): sessions.handshake,
            ("stb", "get_profile"): self._profile,
            ("stb", "do_auth"): sessions.do_auth,
            ("stb", "get_modules"): lambda _: {"all_modules": ["tv", "vclub"], "disabled_modules": []},
            ("stb", "get_localization"): lambda _: {"loading": "Loading..."},
            ("watchdog", "get_events"): lambda _: {"data": {"msgs": 0, "additional_services_on": "1"}},
            ("account_info", "get_main_info"): self._main_info,
            ("itv", "get_genres"): lambda _: self._categories(Kind.CHANNEL),
            ("itv", "create_link"): self._channel_link,
            ("itv", "get_short_epg"): self._short_epg,
            ("itv", "get_epg_info"): self._epg_info,
            ("epg", "get_simple_data_table"): self._data_table,
            ("epg", "get_all_program_for_ch"): lambda call: self._shows(call, -24, 24 * 7),
            ("vod", "get_categories"): lambda _: self._vod_categories(),
            ("vod", "get_genres_by_category_alias"): lambda _: [{"id": "*", "title": "All"}],
            ("vod", "get_years"): lambda _: [{"id": "*", "title": "All"}],
            ("vod", "get_abc"): lambda _: [{"id": "*", "title": "*"}],
            ("vod", "create_link"): self._title_link,
            ("series", "get_categories"): lambda _: self._series_categories(),
            ("radio", "get_ordered_list"): lambda _: {"total_items": 0, "max_page_items": 14, "data": []},
        }

    def answer(self, call: Call) -> Any:
        """The value of `js`; NOTHING for an unknown action."""
        action = self._table.get((call.type, call.action))
        return NOTHING if action is None else action(call)

    def _profile(self, call: Call) -> Any:
        refusal, user = self._sessions.profile(call)
        if refusal is not None:
            return refusal
        return NOTHING if user is None else self._full_profile(user, mac_of(call))

    def _full_profile(self, user: User, mac: str) -> dict[str, Any]:
        blocked = user.account.status in ("blocked", "banned", "disabled")
        if blocked and not self._source.profile.stock:
            return BLOCKED
        return {
            "id": self._number(1),
            "name": "demo",
            "mac": mac,
            "phone": self._expiry(user.account) if not self._source.profile.stock else "",
            "status": "1" if blocked else 0,
            "blocked": "1" if blocked else "0",
            "expire_billing_date": datetime_text(user.account.expires_at) if user.account.expires_at else "0000-00-00",
            "login": user.account.username,
            **FULL_PROFILE,
        }

    def _main_info(self, call: Call) -> dict[str, Any]:
        user = self._sessions.user(mac_of(call))
        account = user.account if user else Account()
        return {
            "fname": "",
            "phone": self._expiry(account) if not self._source.profile.stock else "",
            "ls": "",
            "mac": mac_of(call),
            "end_date": date_text(account.expires_at) if account.expires_at else "",
            "tariff_plan": "Full",
            "account_balance": "",
            "last_change_status": datetime_text(NEWEST),
        }

    def _expiry(self, account: Account) -> str:
        if account.expires_at is None:
            return "Unlimited"
        moment = time.gmtime(account.expires_at)
        hour = moment.tm_hour % 12 or 12
        return time.strftime(f"%B {moment.tm_mday}, %Y, {hour}:%M ", moment) + ("am", "pm")[moment.tm_hour // 12]

    def _categories(self, kind: Kind) -> list[dict[str, Any]]:
        pseudo = {"id": "*", "title": "All", "alias": "All", "censored": 0}
        if self._source.behaviour.no_categories:
            return [pseudo]
        number = self._number
        return [
            pseudo,
            *(
                {
                    "id": number(category.number),
                    "title": category.title,
                    "alias": category.title.lower(),
                    "number": number(category.number),
                    "modified": None,
                    "censored": number(int(category.censored)),
                    "active_sub": True,
                }
                for category in self._source.catalogue.categories[kind]
            ),
        ]

    def _vod_categories(self) -> Any:
        found = self._categories(Kind.MOVIE)
        if self._source.profile.series_in != "series":
            found += self._categories(Kind.SERIES)[1:]
        return found

    def _series_categories(self) -> Any:
        return NOTHING if self._source.profile.series_in == "vod" else self._categories(Kind.SERIES)

    def _channel_link(self, call: Call) -> dict[str, Any]:
        number = call.params.get("cmd", "").partition("/ch/")[2].rstrip("_")
        if not number:
            return NOTHING_TO_PLAY
        return {
            "id": number,
            "cmd": f"ffmpeg {self._origin(call)}/live/{number}.ts?token=5f3",
            "streamer_id": 0,
            "link_id": number,
            "load": 0,
            "error": "",
        }

    def _title_link(self, call: Call) -> dict[str, Any]:
        name = media_name(call.params.get("cmd", ""))
        if not name:
            return NOTHING_TO_PLAY
        episode = call.params.get("series", "0")
        url = f"{self._origin(call)}/vod/{name}?token=5f3&series={episode}"
        return {"id": name, "cmd": f"ffmpeg {url}", "storage_id": "1", "load": 0, "error": "", "subtitles": []}

    def _origin(self, call: Call) -> str:
        return f"http://{call.headers.get(b'host', b'localhost').decode('latin-1')}{self._source.mount}"

    def _short_epg(self, call: Call) -> list[dict[str, Any]]:
        size = call.params.get("size", "")
        return self._shows(call, 0, 12)[: int(size) if size.isdecimal() else 5]

    def _epg_info(self, call: Call) -> dict[str, Any]:
        """All channels at once as an object; panels know nothing (`[]`)."""
        if not self._source.profile.stock:
            return {"data": []}
        period = call.params.get("period", "")
        hours = int(period) if period.isdecimal() else 3
        catalogue = self._source.catalogue
        numbers = (n for n in self._source.lists.rows_of(Kind.CHANNEL) if epg_id(catalogue.channel(n)))
        return {"data": {str(number): self._span(number, 0, hours) for number in numbers} or []}

    def _data_table(self, call: Call) -> dict[str, Any]:
        shows = self._shows(call, -24, 24)
        start = (max(1, call.page) - 1) * GUIDE_PAGE
        return {
            "total_items": len(shows),
            "max_page_items": GUIDE_PAGE,
            "cur_page": 0,
            "selected_item": 0,
            "data": shows[start : start + GUIDE_PAGE],
        }

    def _shows(self, call: Call, since: int, until: int) -> list[dict[str, Any]]:
        text = call.params.get("ch_id", "")
        number = int(text) if text.isdecimal() else 0
        known = 0 < number <= self._source.catalogue.stock[Kind.CHANNEL].top
        if not known or not epg_id(self._source.catalogue.channel(number)):
            return []
        return self._span(number, since, until)

    def _span(self, number: int, since: int, until: int) -> list[dict[str, Any]]:
        now = int(time.time())
        stamp: Callable[[int], Any] = str if self._source.profile.stock else as_int
        return [
            {
                "id": f"{number}{show.start}",
                "ch_id": str(number),
                "time": datetime_text(show.start),
                "time_to": datetime_text(show.stop),
                "duration": str(show.stop - show.start),
                "name": show.title,
                "descr": show.plot,
                "real_id": f"{number}_{show.start}",
                "category": "",
                "director": "",
                "actor": "",
                "start_timestamp": stamp(show.start),
                "stop_timestamp": stamp(show.stop),
                "t_time": datetime_text(show.start)[11:16],
                "t_time_to": datetime_text(show.stop)[11:16],
                "mark_memo": 0,
                "mark_archive": 0,
            }
            for show in programmes(self._source.catalogue.spec.seed, number, now + since * HOUR, now + until * HOUR)
        ]


def media_name(cmd: str) -> str:
    """What a title's `cmd` names: the file of `/media/142.mpg`, or the ids within a panel's base64; `""` if neither."""
    if cmd.startswith("/media/"):
        return cmd.removeprefix("/media/")
    try:
        fields = orjson.loads(b64decode(cmd))
        return f"{fields['type']}_{fields.get('stream_id') or fields['series_id']}.mkv"
    except (ValueError, KeyError, TypeError):
        return ""
