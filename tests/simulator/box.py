"""A plain set-top box and a plain player: just enough of a client to look at a simulated portal."""

import json
from collections.abc import Iterator
from typing import Any

import httpx

from app.simulator.portal import Portal
from app.simulator.stalker.portal import StalkerPortal

MAC = "00:1A:79:AA:BB:CC"


class Box:
    """Speaks Stalker to one portal."""

    def __init__(self, url: str, portal: Portal, mac: str = MAC) -> None:
        assert isinstance(portal, StalkerPortal)
        self.portal = portal
        self.address = f"{url}{portal.profile.paths[0]}"
        self.client = httpx.Client(cookies={"mac": mac} if mac else {}, timeout=5, trust_env=False)
        self.token: str | None = None

    def get(self, type_: str, action: str, **params: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self.client.get(self.address, params={"type": type_, "action": action} | params, headers=headers)

    def js(self, type_: str, action: str, **params: Any) -> Any:
        return json.loads(self.get(type_, action, **params).content)["js"]

    def handshake(self) -> str:
        self.token = self.js("stb", "handshake", token=self.token or "")["token"]
        return self.token or ""

    def log_in(self, **params: Any) -> Any:
        self.handshake()
        return self.js("stb", "get_profile", **{"sn": "1234"} | params)

    def pages(self, type_: str, **params: Any) -> Iterator[list[Any]]:
        """All pages until an empty one."""
        for page in range(1, 1000):
            data = self.js(type_, "get_ordered_list", p=page, **params)["data"]
            rows = list(data.values()) if isinstance(data, dict) else data
            if not rows:
                return
            yield rows

    def rows(self, type_: str, **params: Any) -> list[Any]:
        return [row for page in self.pages(type_, **params) for row in page]

    def ids(self, type_: str, **params: Any) -> list[str]:
        return [str(row["id"]) for row in self.rows(type_, **params)]


class Player:
    """Speaks Xtream to one panel."""

    def __init__(self, url: str, username: str = "user", password: str = "secret") -> None:
        self.client = httpx.Client(base_url=url, timeout=5, trust_env=False)
        self.login = {"username": username, "password": password}

    def get(self, action: str = "", **params: Any) -> httpx.Response:
        query = self.login | ({"action": action} if action else {}) | params
        return self.client.get("/player_api.php", params=query)

    def json(self, action: str = "", **params: Any) -> Any:
        return self.get(action, **params).json()

    def items(self, action: str, **params: Any) -> list[Any]:
        found = self.json(action, **params)
        return list(found.values()) if isinstance(found, dict) else found
