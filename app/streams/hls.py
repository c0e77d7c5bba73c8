"""Lists of segments (HLS, RFC 8216) that are passed on from another address than their own."""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urljoin

WEB: Final = ("http://", "https://")
_IN_TAG: Final = re.compile(r'(\bURI=")([^"]*)(")')
_ENTRY: Final = "#EXTINF:"


def moved(text: str, source: str, *, shown: Callable[[str], str], tells: Callable[[str], bool]) -> str:
    """The list with absolute addresses, each as `shown` has it; without what else `tells` of the account."""

    def absolute(found: str) -> str:
        try:
            url = urljoin(source, found)
        except ValueError:
            return ""
        return shown(url) if url.startswith(WEB) else "" if tells(found) else found

    def line(one: str) -> str:
        if not one.startswith("#"):
            return absolute(one) if one else one
        if tells(_IN_TAG.sub("", one)):
            return f"{one.partition(',')[0]}," if one.startswith(_ENTRY) else ""
        return _IN_TAG.sub(lambda tag: f"{tag[1]}{absolute(tag[2])}{tag[3]}", one)

    return "\n".join([line(one.strip()) for one in text.removeprefix("\ufeff").splitlines()]) + "\n"
