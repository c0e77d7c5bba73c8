"""`Range` of one range of bytes (RFC 9110); of several, none is honoured."""

import re
from typing import Final

_SPAN: Final = re.compile(r"\s*bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.ASCII | re.IGNORECASE)


def wanted_range(header: str | None, length: int) -> tuple[int, int] | None:
    """The bytes (from, to) that are asked for; None = all of them, from = to = nothing of what there is."""
    match = _SPAN.fullmatch(header) if header else None
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        return max(length - int(match[2]), 0), length
    first = int(match[1])
    if match[2] and int(match[2]) < first:
        return None
    if first >= length:
        return length, length
    return first, min(int(match[2]) + 1, length) if match[2] else length
