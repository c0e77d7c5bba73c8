"""A line-up as an HDHomeRun tuner tells of its channels: what Plex, Emby and Jellyfin find on a network."""

from collections.abc import AsyncIterator, Sequence
from hashlib import sha256
from typing import Any, Final
from xml.sax.saxutils import escape

from app.core import jsonio
from app.domain.kinds import Kind
from app.playlists.dressing import Entry
from app.playlists.lineups import LineUps
from app.playlists.sources import Source

MODEL: Final = "HDTC-2US"  # one whose answers every client knows
FIRMWARE: Final = "hdhomerun3_atsc"
FIRMWARE_VERSION: Final = "20200101"
MAKER: Final = "Silicondust"
FIRST_SPARE: Final = 10_000  # for channels without a number, or with one that is taken
STATUS: Final = {"ScanInProgress": 0, "ScanPossible": 1, "Source": "Cable", "SourceList": ["Cable"]}
# How its maker checks the digits of an id, from libhdhomerun: every second one is looked up.
_DIGITS: Final = (0xA, 0x5, 0xF, 0x6, 0x7, 0xC, 0x1, 0xB, 0x9, 0x2, 0x8, 0xD, 0x4, 0x3, 0xE, 0x0)


def device_id(identity: str) -> str:
    """Eight hexadecimal digits whose last one makes them add up, always the same for a playlist."""
    digits = [int(digit, 16) for digit in sha256(identity.encode()).hexdigest()[:7]]
    rest = 0
    for place, digit in enumerate(digits):
        rest ^= digit if place % 2 else _DIGITS[digit]
    return "".join(f"{digit:X}" for digit in (*digits, rest))


def discovery(base: str, source: Source, tuners: int) -> dict[str, Any]:
    """What a client asks first."""
    here = f"{base}/hdhr/{source.word}"
    return {
        "FriendlyName": source.name,
        "Manufacturer": MAKER,
        "ManufacturerURL": "https://www.silicondust.com/",
        "ModelNumber": MODEL,
        "FirmwareName": FIRMWARE,
        "FirmwareVersion": FIRMWARE_VERSION,
        "TunerCount": tuners,
        "DeviceID": device_id(source.identity),
        "DeviceAuth": "lineup",
        "BaseURL": here,
        "LineupURL": f"{here}/lineup.json",
    }


def device(base: str, source: Source) -> bytes:
    """The same in the words of UPnP."""
    public = device_id(source.identity)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<root xmlns="urn:schemas-upnp-org:device-1-0">'
        "<specVersion><major>1</major><minor>0</minor></specVersion>"
        f"<URLBase>{escape(base)}/hdhr/{escape(source.word)}</URLBase>"
        "<device><deviceType>urn:schemas-upnp-org:device:MediaServer:1</deviceType>"
        f"<friendlyName>{escape(source.name)}</friendlyName><manufacturer>{MAKER}</manufacturer>"
        f"<modelName>{MODEL}</modelName><modelNumber>{MODEL}</modelNumber>"
        f"<serialNumber>{public}</serialNumber><UDN>uuid:{_uuid(source.identity)}</UDN></device></root>\n"
    ).encode()


async def lineup_file(line_ups: LineUps, source: Source, base: str) -> AsyncIterator[bytes]:
    """The channels as a JSON list, in pieces; no two have the same number."""
    taken: set[str] = set()
    glue = b"["
    async for entries in line_ups.entries(source.line_up, Kind.CHANNEL):
        if entries:
            yield glue + b",\n".join(_rows(base, source, entries, taken))
            glue = b",\n"
    yield b"]\n" if glue != b"[" else b"[]\n"


def _rows(base: str, source: Source, entries: Sequence[Entry], taken: set[str]) -> list[bytes]:
    return [
        jsonio.dumps(
            {
                "GuideNumber": _number(entry, taken),
                "GuideName": entry.name,
                "Station": entry.guide_id,
                "Logo": entry.logo or "",
                "URL": base + source.plays("live", entry.item_id),
            }
        )
        for entry in entries
    ]


def _number(entry: Entry, taken: set[str]) -> str:
    wanted = f"{entry.number}" if entry.number else ""
    if not wanted or wanted in taken:
        spare = FIRST_SPARE + len(taken)
        while str(spare) in taken:
            spare += 1
        wanted = str(spare)
    taken.add(wanted)
    return wanted


def _uuid(identity: str) -> str:
    digits = sha256(b"device\0" + identity.encode()).hexdigest()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))
