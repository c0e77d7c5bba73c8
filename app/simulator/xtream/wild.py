"""A guide as generators of the wild make them: everything a reader has to bear, in one file."""

import gzip
import io
import lzma
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from html import escape
from typing import Final

from app.domain.kinds import Kind
from app.simulator.catalogue import Catalogue
from app.simulator.guide import HOUR, Programme, programmes
from app.simulator.lists import Lists
from app.simulator.xtream.guide import AHEAD, BACK, has_guide

NOTICE: Final = b"<br />\nWarning: Undefined index in guide.php on line 7\n"
HEAD: Final = b'<?xml version="1.0" encoding="UTF-8"?>\n<tv generator-info-name="wild">\n'
MARKS: Final = ("", " &eacute;&nbsp;", " Tom & Jerry", " \x01", " <![CDATA[a & b]]>")
STAMPS: Final[tuple[Callable[[int], str], ...]] = (
    lambda at: time.strftime("%Y%m%d%H%M%S +0000", time.gmtime(at)),
    lambda at: time.strftime("%Y%m%d%H%M%S", time.gmtime(at)),
    lambda at: time.strftime("%Y%m%d%H%M%S+02:00", time.gmtime(at + 2 * HOUR)),
    lambda at: time.strftime("%Y%m%d%H%M -0030", time.gmtime(at - HOUR // 2)),
    lambda at: time.strftime("%Y%m%d%H%M%S CET", time.gmtime(at + HOUR)),
    lambda at: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at)),
    str,
)


def wild(catalogue: Catalogue, lists: Lists) -> Iterator[bytes]:
    """Each channel with its shows; times in all notations, ends that are missing, shows that repeat, Latin-1 bytes."""
    yield NOTICE + HEAD
    now = int(time.time())
    for number in lists.rows_of(Kind.CHANNEL):
        if has_guide(catalogue.channel(number)):
            shows = list(programmes(catalogue.spec.seed, number, now - BACK * HOUR, now + AHEAD * HOUR))
            yield _channel(catalogue, number)
            # The last one comes first, and the first one twice.
            yield b"".join(_show(place, show) for place, show in enumerate([*shows[-1:], *shows[:1], *shows[:-1]]))
            yield _channel(catalogue, number)
    yield b"</tv>\n<!-- made in 0.7 s -->\n"


def _channel(catalogue: Catalogue, number: int) -> bytes:
    name = escape(catalogue.channel(number).name)
    return f'<channel id=" channel{number}.example"><display-name>{name}</display-name></channel>\n'.encode()


def _show(place: int, show: Programme) -> bytes:
    stamp = STAMPS[place % len(STAMPS)]
    stop = f'stop="{stamp(show.stop)}"' if place % 3 else ""
    title = f"{escape(show.title)}{MARKS[place % len(MARKS)]}"
    head = f'<programme start="{stamp(show.start)}" {stop} channel="channel{show.channel}.example">'
    return f"{head}<title>{title}</title><desc>Stra\xdfe</desc></programme>\n".encode("latin-1", "xmlcharrefreplace")


def _zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("readme.txt", "A guide.")
        archive.writestr("guide.xml", data)
    return file.getvalue()


PACKERS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "gzip": partial(gzip.compress, compresslevel=1),
    "xz": partial(lzma.compress, preset=0),
    "zip": _zipped,
}
