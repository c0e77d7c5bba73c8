"""Catch-up: addresses of what a channel showed, made of its own address the way its list says. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Final

from app.domain.values import number, text

SHIFT: Final = "utc={utc}&lutc={lutc}"
_PLACE: Final = re.compile(r"\$?\{([A-Za-z-]+)(?::([^}]*))?\}")
_FLUSSONIC: Final = re.compile(
    r"(?P<base>https?://[^/]+/.*)/(?P<list>[^/?]*?)(?P<type>mpegts|\.m3u8|\.ts)?(?P<query>\?.*)?\Z"
)
_XTREAM: Final = re.compile(
    r"(?P<host>https?://[^/]+)/(?:live/)?(?P<user>[^/]+)/(?P<password>[^/]+)/(?P<id>[^/.?]+)(?P<ending>\.[a-z0-9]+)?\Z"
)
PARTS: Final = {"Y": "%Y", "m": "%m", "d": "%d", "H": "%H", "M": "%M", "S": "%S"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What is wanted; all in seconds since the epoch, `zone` is that of the clock on which `{H}` is read."""

    start: int
    stop: int
    now: int
    zone: tzinfo


def archive_url(url: str, catchup: Mapping[str, Any], moment: Moment) -> str | None:
    """The address of a past moment; None where the list's way of asking does not fit the address."""
    correction = round((number(catchup.get("correction")) or 0) * 3600)
    if correction:
        moment = Moment(
            start=moment.start + correction, stop=moment.stop + correction, now=moment.now, zone=moment.zone
        )
    template = _template(url, text(catchup.get("mode")), text(catchup.get("source")))
    return None if template is None else _filled(template, moment)


def _template(url: str, mode: str, source: str) -> str | None:
    if mode.startswith("flussonic"):
        return _flussonic(url, files=mode == "flussonic-ts")
    if mode == "xc":
        return _timeshift(url)
    if mode == "vod":
        return None  # its source is an id that only the programme knows
    if not source or mode == "shift":
        return f"{url}{'&' if '?' in url else '?'}{SHIFT}"
    return source if "://" in source and mode != "append" else url + source


def _timeshift(url: str) -> str | None:
    found = _XTREAM.match(url)
    if found is None:
        return None
    ending = ".m3u8" if found["ending"] == ".m3u8" else ".ts"
    account = f"{found['host']}/timeshift/{found['user']}/{found['password']}"
    return f"{account}/{{duration:60}}/{{Y}}-{{m}}-{{d}}:{{H}}-{{M}}/{found['id']}{ending}"


def _flussonic(url: str, *, files: bool) -> str | None:
    found = _FLUSSONIC.match(url)
    if found is None:
        return None
    query = found["query"] or ""
    if files or found["type"] == "mpegts":
        return f"{found['base']}/timeshift_abs-${{start}}.ts{query}"
    own = "" if found["list"] in ("", "index") or found["type"] is None else f"{found['list']}-"
    return f"{found['base']}/{own}timeshift_rel-{{offset:1}}.m3u8{query}"


def _filled(template: str, moment: Moment) -> str | None:
    """None when it needs what is not known here."""
    clock = datetime.fromtimestamp(moment.start, moment.zone)
    values = {
        "utc": moment.start,
        "start": moment.start,
        "lutc": moment.now,
        "now": moment.now,
        "timestamp": moment.now,
        "utcend": moment.stop,
        "end": moment.stop,
        "duration": moment.stop - moment.start,
        "offset": moment.now - moment.start,
    }
    unknown = False

    def value(found: "re.Match[str]") -> str:
        nonlocal unknown
        name, argument = found.groups()
        if name in PARTS:
            return clock.strftime(PARTS[name])
        if name not in values:
            unknown = True
            return ""
        if argument and argument.isdecimal():
            return str(values[name] // max(int(argument), 1))
        if argument:
            spelled = datetime.fromtimestamp(values[name], moment.zone)
            return "".join(spelled.strftime(PARTS[letter]) if letter in PARTS else letter for letter in argument)
        return str(values[name])

    filled = _PLACE.sub(value, template)
    return None if unknown else filled
