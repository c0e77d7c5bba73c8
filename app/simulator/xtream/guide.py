"""The guide of an Xtream panel: per channel in base64, or everything as XMLTV."""

import time
from base64 import b64encode
from collections.abc import Iterator
from html import escape
from typing import Any, Final

from app.domain.kinds import Kind
from app.simulator.catalogue import Catalogue
from app.simulator.facts import Channel
from app.simulator.guide import HOUR, programmes
from app.simulator.lists import Lists

BACK: Final = 2  # hours of the past in XMLTV
AHEAD: Final = 24
PIECE: Final = 20  # channels per piece


def has_guide(item: Channel) -> bool:
    """Half of the channels."""
    return item.d[24] % 2 == 1


def listings(catalogue: Catalogue, number: int, limit: int | None) -> list[dict[str, Any]]:
    """Shows of one channel; `limit` from now on, or two days of all."""
    if not 0 < number <= catalogue.stock[Kind.CHANNEL].top or not has_guide(catalogue.channel(number)):
        return []
    now = int(time.time())
    since = now if limit else now - 24 * HOUR
    shows = list(programmes(catalogue.spec.seed, number, since, now + 24 * HOUR))
    return [
        {
            "id": f"{number}{show.start}",
            "epg_id": str(number),
            "title": _base64(show.title),
            "lang": "en",
            "start": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(show.start)),
            "end": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(show.stop)),
            "description": _base64(show.plot),
            "channel_id": f"channel{number}.example",
            "start_timestamp": str(show.start),
            "stop_timestamp": str(show.stop),
            "now_playing": int(show.start <= now < show.stop),
            "has_archive": 0,
        }
        for show in shows[:limit]
    ]


def xmltv(catalogue: Catalogue, lists: Lists) -> Iterator[bytes]:
    """The whole guide in pieces: first all channels, then their shows."""
    numbers = [n for n in lists.rows_of(Kind.CHANNEL) if has_guide(catalogue.channel(n))]
    yield b'<?xml version="1.0" encoding="utf-8" ?>\n<!DOCTYPE tv SYSTEM "xmltv.dtd">\n<tv>\n'
    for start in range(0, len(numbers), PIECE):
        yield "".join(_channel(catalogue, number) for number in numbers[start : start + PIECE]).encode()
    now = int(time.time())
    for start in range(0, len(numbers), PIECE):
        yield "".join(_shows(catalogue, number, now) for number in numbers[start : start + PIECE]).encode()
    yield b"</tv>\n"


def _channel(catalogue: Catalogue, number: int) -> str:
    name = escape(catalogue.channel(number).name)
    return f'<channel id="channel{number}.example"><display-name>{name}</display-name></channel>\n'


def _shows(catalogue: Catalogue, number: int, now: int) -> str:
    return "".join(
        f'<programme start="{_stamp(show.start)}" stop="{_stamp(show.stop)}" channel="channel{number}.example">'
        f"<title>{escape(show.title)}</title><desc>{escape(show.plot)}</desc></programme>\n"
        for show in programmes(catalogue.spec.seed, number, now - BACK * HOUR, now + AHEAD * HOUR)
    )


def _stamp(seconds: int) -> str:
    return time.strftime("%Y%m%d%H%M%S +0000", time.gmtime(seconds))


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()
