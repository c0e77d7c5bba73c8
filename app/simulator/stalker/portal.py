"""A Stalker portal: who may ask, and how an answer is wrapped."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlencode

import orjson

from app.simulator.behaviour import Behaviour, Fault
from app.simulator.gate import error_page
from app.simulator.lists import ListName
from app.simulator.portal import Portal
from app.simulator.spec import CatalogueSpec
from app.simulator.stalker.actions import NOTHING, Actions
from app.simulator.stalker.pages import Pages, Source
from app.simulator.stalker.profile import StalkerProfile
from app.simulator.stalker.sessions import Sessions
from app.simulator.wire import HTML, JSON, Call, Reply, redirect

FREE_ACTIONS: Final = frozenset({"handshake", "get_profile", "get_localization", "do_auth", ""})
BLOCKED_MAY: Final = frozenset({"get_events", "get_modules", "get_main_info"})
SENTENCES: Final = {
    "no_mac": b"Unauthorized request.",
    "token": b"Authorization failed.",
    "denied": b"Access denied.",
}
TEXT: Final = b'"generated in: 0.031s; query counter: 9; cache hits: 0; cache miss: 9; php errors: 0; sql errors: 0;"'
EMPTY_PAGE: Final = b'{"total_items":0,"max_page_items":14,"selected_item":0,"cur_page":0,"data":[]}'
LISTS: Final[dict[str, ListName]] = {"itv": "itv", "vod": "vod", "series": "series"}
PORTAL_PAGE: Final = b"<!DOCTYPE html><html><head><title>stalker_portal</title></head><body></body></html>"
LOADER_SCRIPT: Final = (
    b"this.ajax_loader = this.portal_protocol + '://' + this.portal_ip + '/' + this.portal_path + '/portal.php';\n"
)


class StalkerPortal(Portal):
    """Stock, panel and token-free portals differ in their profile only."""

    def __init__(self, spec: CatalogueSpec, profile: StalkerProfile, behaviour: Behaviour, mount: str = "") -> None:
        self.profile = profile
        self.api_paths = frozenset(profile.paths)
        self.mixed_vod = profile.series_in != "series"
        self.native_series = profile.series_in != "vod"
        self._tail = b',"text":' + TEXT + b"}" if profile.stock else b"}"
        self._type = JSON if profile.stock else b"text/javascript;charset=UTF-8"
        super().__init__(spec, behaviour, mount)
        self.sessions = Sessions(profile, behaviour, self.stats)
        self._forget_rows()

    def answer(self, call: Call) -> Reply:
        """The reply to any call."""
        refused = self._refusal(call)
        if refused is not None:
            return refused
        if call.action == "get_ordered_list" and call.type in LISTS:
            return self._muted(call) or self._listed(LISTS[call.type], call)
        if call.action == "get_all_channels" and call.type == "itv":
            return self._muted(call) or self._all_channels()
        if call.action == "get_genres" and self.behaviour.no_categories and not self.profile.stock:
            return Reply(b"[]", 200, self._type)
        value = self._actions.answer(call)
        if value is NOTHING and call.action == "get_profile":
            return self._refused("token", call)
        return self._wrapped(b"false" if value is NOTHING else orjson.dumps(value))

    def worded(self, fault: Fault, call: Call) -> Reply:
        """Faults in the words of this family."""
        if fault.do == "lose":
            self.sessions.lose(call)
        if fault.do in ("auth", "lose"):
            return self._refused("token", call)
        if fault.do == "hollow":
            return self._wrapped(EMPTY_PAGE if call.action in ("get_ordered_list", "get_all_channels") else b"[]")
        return self._wrapped({"null": b"null", "error": b'{"error":"Invalid token"}'}.get(fault.do, b"false"))

    def home(self) -> str:
        """The page of the portal."""
        return self.profile.home

    def page(self, path: str) -> Reply:
        """The portal's own page, and the script that tells where its API is."""
        if path == self.profile.home:
            return Reply(PORTAL_PAGE, 200, HTML)
        if path == f"{self.profile.home}xpcom.common.js" and not self.profile.stock:
            return Reply(LOADER_SCRIPT, 200, b"application/javascript")
        if path.startswith(("/live/", "/vod/")):
            return Reply(b"", 200, b"video/mp2t")
        return super().page(path)

    def _make_rows(self) -> None:
        self._pages.prebuild()

    def become(self, behaviour: Behaviour) -> None:
        """Changed switches; sessions live on."""
        super().become(behaviour)
        self._source.behaviour = behaviour
        self.sessions.adapt(behaviour, self.stats)

    def steal(self, mac: str) -> bool:
        """Another box logs in."""
        return self.sessions.steal(mac)

    def reset(self) -> None:
        """As at the start, sessions too."""
        super().reset()
        self.sessions = Sessions(self.profile, self.behaviour, self.stats)
        self._actions = Actions(self._source, self.sessions)

    def _forget_rows(self) -> None:
        self.lists = self.make_lists()
        self._source = Source(
            profile=self.profile,
            behaviour=self.behaviour,
            stats=self.stats,
            catalogue=self.catalogue,
            lists=self.lists,
            mount=self.mount,
        )
        self._pages = Pages(self._source)
        self._actions = Actions(self._source, self.sessions)

    def _refusal(self, call: Call) -> Reply | None:
        canonical = self.profile.paths[-1]
        if self.behaviour.redirect_api and call.path != canonical:
            return redirect(f"{self.mount}{canonical}?{urlencode(call.params)}", 302)
        if call.action == "get_profile" and self.sessions.serial_refused(call):
            self.gate.ban(call.client)
            return error_page(404)
        failure = None if call.action in FREE_ACTIONS else self.sessions.failure(call)
        if failure is None or (failure == "denied" and call.action in BLOCKED_MAY):
            return None
        return self._refused(failure, call)

    def _listed(self, name: ListName, call: Call) -> Reply:
        if name == "series" and self.profile.series_in == "vod":
            return self._wrapped(b"false")
        return Reply(b'{"js":' + self._pages.ordered_list(name, call) + self._tail, 200, self._type)

    def _all_channels(self) -> Reply:
        if (self.behaviour.all_channels or self.profile.all_channels) == "absent":
            return self._wrapped(b"false")
        return Reply(b"", 200, self._type, (), self._bulk())

    def _bulk(self) -> Iterator[bytes]:
        yield b'{"js":'
        yield from self._pages.all_channels()
        yield self._tail

    def _muted(self, call: Call) -> Reply | None:
        muted = self.behaviour.mute_kind
        series_list = "vod" if self.profile.series_in == "vod" else "series"
        if muted is None or {"channel": "itv", "movie": "vod", "series": series_list}[muted] != call.type:
            return None
        return error_page(500) if self.behaviour.mute_with == "500" else self._wrapped(EMPTY_PAGE)

    def _refused(self, failure: str, call: Call) -> Reply:
        self.gate.denied(call.client)
        # Panels say nothing at all; which of the reasons it was is for the client to guess.
        return Reply(SENTENCES[failure] if self.profile.stock else b"", 200, HTML)

    def _wrapped(self, value: bytes) -> Reply:
        return Reply(b'{"js":' + value + self._tail, 200, self._type)
