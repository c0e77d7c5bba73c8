"""What kind of provider a pasted URL is of. A guess: whoever pasted it has the last word."""

import re
from typing import Final
from urllib.parse import parse_qs, urlsplit

from app.domain.kinds import ProviderKind

_MAC: Final = re.compile(r"(?i)(?<![0-9a-f])(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}(?![0-9a-f])")
_URL: Final = re.compile(r"(?i)(?:https?://)?[\w.-]+(?::\d+)?(?:/\S*)?")
_STALKER: Final = re.compile(r"(?i)/stalker_portal|/portal\.php|/server/load\.php|/c/?$|/c/index\.html")
_XTREAM: Final = re.compile(r"(?i)/(?:player_api|panel_api|get|xmltv)\.php|/(?:live|movie|series)/[^/]+/[^/]+/")
_LIST: Final = re.compile(r"(?i)\.m3u8?(?:$|[?#&])|[?&](?:output|type)=m3u")


def guessed_kind(pasted: str) -> ProviderKind | None:
    """The kind that a URL looks like; None when it could be any."""
    url = url_in(pasted)
    if "iptvportal" in url.lower():
        return ProviderKind.IPTVPORTAL
    if _MAC.search(pasted) or _STALKER.search(urlsplit(url).path):
        return ProviderKind.STALKER
    query = parse_qs(urlsplit(url).query)
    if _XTREAM.search(url) or {"username", "password"} <= query.keys():
        return ProviderKind.XTREAM
    return ProviderKind.M3U if _LIST.search(url) else None


def url_in(pasted: str) -> str:
    """The URL in a text that may hold a MAC address or other words beside it."""
    words = _MAC.sub(" ", pasted).split()
    return next(
        (word for word in words if "://" in word), next((w for w in words if _URL.fullmatch(w)), pasted.strip())
    )


def mac_in(pasted: str) -> str | None:
    """The MAC address that was pasted beside the URL."""
    found = _MAC.search(pasted)
    return found[0].upper().replace("-", ":") if found else None


def name_for(url: str) -> str:
    """What a provider may be called as long as nobody has a better name."""
    host = urlsplit(url if "://" in url else f"http://{url}").hostname or ""
    words = [
        word for word in host.split(".") if word not in ("www", "com", "net", "org", "tv", "xyz", "me", "cc", "portal")
    ]
    plain = host.replace(".", "").isdigit() or ":" in host
    return host if plain or not words else max(words, key=len).capitalize()
