"""What stands around an entry's address: headers for players, catch-up, and other facts worth keeping."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

import orjson

from app.domain.values import number, text, truth
from app.providers.m3u.parse import Entry

HEADER_NAMES: Final = {
    "user-agent": "User-Agent",
    "http-user-agent": "User-Agent",
    "referrer": "Referer",
    "referer": "Referer",
    "http-referrer": "Referer",
    "http-referer": "Referer",
    "http-origin": "Origin",
    "origin": "Origin",
    "http-cookie": "Cookie",
    "cookie": "Cookie",
}
ATTRIBUTE_HEADERS: Final = ("user-agent", "http-user-agent", "referrer", "http-referrer")
PRIVATE_HEADERS: Final = frozenset({"cookie", "authorization", "x-api-key", "x-auth-token"})
STREAM_HEADERS: Final = "inputstream.adaptive.stream_headers"
DRM: Final = ("license_key", "drm", "stream_headers")  # parts of names of properties that hold keys
MODES: Final = {"fs": "flussonic-ts", "timeshift": "shift", "flussonic-hls": "flussonic"}
NO_ARCHIVE: Final = frozenset({"", "none", "no", "0", "false", "disabled"})
MOST_HEADERS: Final = 32


def split_address(url: str) -> tuple[str, dict[str, str]]:
    """The address, and the headers that Kodi writes behind a bar: `…|User-Agent=X&!X-Own=Y`."""
    address, bar, tail = url.partition("|")
    headers: dict[str, str] = {}
    for pair in tail.split("&")[:MOST_HEADERS] if bar else ():
        name, equals, value = pair.partition("=")
        if equals and (name := name.strip().lstrip("!")):
            headers[HEADER_NAMES.get(name.lower(), name)] = unquote(value)
    return address.rstrip(), headers


def headers_of(entry: Entry, behind: Mapping[str, str]) -> dict[str, str]:
    """What a player has to send; what stands nearest to the address wins."""
    found: dict[str, str] = {}
    for name in ATTRIBUTE_HEADERS:
        if value := entry.attributes.get(name):
            found[HEADER_NAMES[name]] = value
    for line in entry.directives or ():
        found |= _directive_headers(line)
    found |= behind
    return {name: value for name, value in found.items() if value and value.isprintable() and name.isascii()}


def _directive_headers(line: str) -> dict[str, str]:
    kind, _, rest = line.partition(":")
    kind = kind.upper()
    if kind.startswith("#EXTVLCOPT"):
        name, _, value = (rest or line.partition("--")[2]).partition("=")
        known = HEADER_NAMES.get(name.strip().lower(), "")
        return {known: value.strip().strip('"')} if known else {}
    if kind == "#KODIPROP" and rest.startswith(STREAM_HEADERS):
        return split_address("|" + rest.partition("=")[2])[1]
    if kind == "#EXTHTTP":
        try:
            document = orjson.loads(rest)
        except orjson.JSONDecodeError:
            return {}
        pairs = document.items() if isinstance(document, dict) else ()
        return {HEADER_NAMES.get(str(name).lower(), str(name)): text(value) for name, value in pairs}
    return {}


def properties_of(entry: Entry) -> dict[str, str]:
    """Kodi's properties, without those that hold keys."""
    found: dict[str, str] = {}
    for line in entry.directives or ():
        kind, _, rest = line.partition(":")
        name, equals, value = rest.partition("=")
        if kind.upper() == "#KODIPROP" and equals and not any(part in name for part in DRM):
            found[name.strip().lower()] = value.strip()
    return found


def catchup_of(entry: Entry, header: Mapping[str, str]) -> tuple[str | None, float | int | None]:
    """How its archive is asked for (None = none), and how many days it holds (None = not told).

    The days of the entry itself win over those of the list, and `catchup-days` over `timeshift` and `tvg-rec`.
    """
    attributes = entry.attributes
    own = attributes.get("catchup") or attributes.get("catchup-type")
    mode = (own or header.get("catchup") or header.get("catchup-type") or "").strip().lower()
    days = None
    for value in (
        attributes.get("catchup-days"),
        header.get("catchup-days"),
        attributes.get("timeshift"),
        attributes.get("tvg-rec"),
    ):
        if value and (days := number(value)) is not None:
            break
    if not mode and days and days > 0 and not attributes.get("catchup-days"):
        mode = "shift"  # `timeshift` or `tvg-rec` alone
    elif not mode and attributes.get("catchup-source"):
        mode = "default"
    if mode in NO_ARCHIVE or (days is not None and days <= 0):
        return None, None
    return MODES.get(mode, mode), days


def flag(entry: Entry, name: str) -> bool:
    return bool(truth(entry.attributes.get(name)))


def facts_of(entry: Entry, header: Mapping[str, str]) -> dict[str, Any]:
    """Facts of a channel without a field of their own; `tvgShift` in hours."""
    attributes = entry.attributes
    found: dict[str, Any] = {}
    if (name := attributes.get("tvg-name")) and name != entry.name:
        found["tvgName"] = name
    shift = number(attributes.get("tvg-shift") or header.get("tvg-shift"))
    if shift:
        found["tvgShift"] = shift
    if attributes.get("radio") == "true":
        found["radio"] = True
    for attribute, known in (("tvg-language", "language"), ("tvg-country", "country")):
        if value := attributes.get(attribute):
            found[known] = value
    if station := attributes.get("tvc-guide-stationid"):
        found["stationId"] = station
    if entry.directives and (properties := properties_of(entry)):
        found["kodiProps"] = properties
    return found
