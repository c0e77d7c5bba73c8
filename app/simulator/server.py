"""Portals as ASGI apps, alone or several under one address, and the server that runs them."""

import socket
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import BinaryIO, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.simulator.behaviour import Behaviour
from app.simulator.control import PREFIX, control, control_all
from app.simulator.gate import error_page
from app.simulator.iptvportal.portal import IptvPortal
from app.simulator.iptvportal.profile import OPERATOR, IptvPortalProfile
from app.simulator.m3u.portal import M3uPortal
from app.simulator.m3u.profile import LIST, M3uProfile
from app.simulator.portal import Portal
from app.simulator.spec import CatalogueSpec
from app.simulator.stalker.portal import StalkerPortal
from app.simulator.stalker.profile import PANEL, STOCK, TOKEN_FREE, StalkerProfile
from app.simulator.wire import TRANSPORT, App, Receive, Scope, Send, respond
from app.simulator.xtream.portal import XtreamPortal
from app.simulator.xtream.profile import LEGACY, PHP_EMPTY, XUI, XtreamProfile

Profile = StalkerProfile | XtreamProfile | M3uProfile | IptvPortalProfile

PROFILES: Final[Mapping[str, Profile]] = {
    "stock": STOCK,
    "stock_mixed": replace(STOCK, types="mixed"),
    "panel": PANEL,
    "panel_both": replace(PANEL, series_in="both"),
    "panel_embedded": replace(PANEL, series_in="vod", vod_series="embedded"),
    "token_free": TOKEN_FREE,
    "xtream": XUI,
    "xtream_legacy": LEGACY,
    "xtream_php": PHP_EMPTY,
    "m3u": LIST,
    "iptvportal": OPERATOR,
}


class PortalProtocol(HttpToolsProtocol):
    """Lets a portal reach its connection, which ASGI hides: only so can it break one in mid-answer."""

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self.scope[TRANSPORT] = self.transport  # type: ignore[typeddict-unknown-key]


class Site:
    """Several portals, each below its own first path segment; a portal named `""` takes the rest."""

    def __init__(self, portals: Mapping[str, Portal]) -> None:
        self.portals = dict(portals)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands a request to its portal."""
        if scope["type"] != "http":
            return
        path = scope["path"]
        name = path[1:].partition("/")[0]
        portal = self.portals.get(name) if name else None
        if portal is not None:
            path = path[len(name) + 1 :]
        else:
            portal = self.portals.get("")
        if portal is None and path.startswith(PREFIX):
            await control_all(self.portals, path, scope, receive, send)
        elif portal is None:
            await respond(send, error_page(404))
        elif path.startswith(PREFIX):
            await control(portal, path, scope, receive, send)
        else:
            scope["path"] = path
            await portal(scope, receive, send)


def create_portal(
    spec: CatalogueSpec, profile: Profile | str, behaviour: Behaviour | None = None, *, mount: str = ""
) -> Portal:
    """One portal; `profile` may be a name of PROFILES. Serve it through `create_site` for its `/_sim` controls."""
    chosen = PROFILES[profile] if isinstance(profile, str) else profile
    habits = behaviour or Behaviour()
    if isinstance(chosen, StalkerProfile):
        return StalkerPortal(spec, chosen, habits, mount)
    if isinstance(chosen, M3uProfile):
        return M3uPortal(spec, chosen, habits, mount)
    if isinstance(chosen, IptvPortalProfile):
        return IptvPortal(spec, chosen, habits, mount)
    return XtreamPortal(spec, chosen, habits, mount)


def create_site(portals: Mapping[str, Portal]) -> Site:
    """An ASGI app: `{"stock": …}` serves `/stock/stalker_portal/…`, `{"": …}` one portal at the root."""
    return Site(portals)


def make_config(app: App, host: str, port: int) -> uvicorn.Config:
    """How all simulators are served: one process, no logs, as few headers as possible."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http=PortalProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        backlog=4096,
        timeout_keep_alive=60,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorOptions:
    """What `run` serves: one profile at the root, several below their names."""

    profiles: tuple[str, ...] = ("stock",)
    spec: CatalogueSpec = field(default_factory=CatalogueSpec)
    behaviour: Behaviour = field(default_factory=Behaviour)
    prebuild: bool = False

    def site(self) -> Site:
        """The portals, ready to serve."""
        alone = len(self.profiles) == 1
        portals = {
            "" if alone else name: create_portal(self.spec, name, self.behaviour, mount="" if alone else f"/{name}")
            for name in self.profiles
        }
        if self.prebuild:
            for portal in portals.values():
                portal.prebuild()
        return create_site(portals)


def run(
    host: str,
    port: int,
    options: SimulatorOptions,
    *,
    ready: Callable[[str], None] = print,
    ends_with_stdin: bool = False,
) -> None:
    """Serves until it is stopped; `ready` gets the URL once connections are accepted.

    `port` 0 takes a free one. `ends_with_stdin`: the process that started this one is gone when standard input closes.
    """
    config = make_config(options.site(), host, port)
    with socket.create_server((host, port), backlog=config.backlog) as listener:
        server = uvicorn.Server(config)
        ready(f"http://{host}:{listener.getsockname()[1]}")
        if ends_with_stdin:
            threading.Thread(target=_stop_at_end, args=(server, sys.stdin.buffer), daemon=True).start()
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listener])


def _stop_at_end(server: uvicorn.Server, stream: BinaryIO) -> None:
    stream.read()
    server.should_exit = True
    server.force_exit = True
