"""Lists of segments (HLS, RFC 8216) that are passed on from another address than their own."""

import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urljoin, urlsplit

MEDIA_TYPES: Final = frozenset(
    {"application/vnd.apple.mpegurl", "application/x-mpegurl", "audio/mpegurl", "audio/x-mpegurl"}
)
_IN_TAG: Final = re.compile(r'(\bURI=")([^"]*)(")')


def is_hls(headers: Mapping[str, str], url: str) -> bool:
    """Whether an answer is such a list, by its type or by its name."""
    named = headers.get("content-type", "").partition(";")[0].strip().lower()
    return named in MEDIA_TYPES or urlsplit(url).path.lower().endswith(".m3u8")


def moved(text: str, source: str, shown: Callable[[str], str]) -> str:
    """The list with absolute addresses, each as `shown` has it; what is no web address stays."""

    def absolute(found: str) -> str:
        url = urljoin(source, found)
        return shown(url) if url.startswith(("http://", "https://")) else found

    def line(one: str) -> str:
        if one.startswith("#"):
            return _IN_TAG.sub(lambda tag: f"{tag[1]}{absolute(tag[2])}{tag[3]}", one)
        return absolute(one.strip()) if one.strip() else one

    return "\n".join([line(one) for one in text.splitlines()]) + "\n"
