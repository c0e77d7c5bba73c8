"""Names in plain letters: what rules, filters and matchers compare, however fancy a provider writes."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

# Letters that look like others and that Unicode does not take for them; its own compatibility forms are NFKC's.
_SMALL_CAPITALS: Final = dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ", "ABCDEFGHIJKLMNOPQRSTUVWYZ", strict=True))
_NEGATIVE: Final = {chr(first + place): chr(ord("A") + place) for first in (0x1F150, 0x1F170) for place in range(26)}
# NFKC would spell these out: a channel is not called "NBCTM".
_MARKS: Final = dict.fromkeys("™®©℠", " ")
_INVISIBLE: Final = dict.fromkeys(
    [*range(0x200B, 0x2010), *range(0x202A, 0x202F), 0x2060, 0xFE0E, 0xFE0F, 0xFEFF, 0xAD]
)
_TABLE: Final = str.maketrans({**_SMALL_CAPITALS, **_NEGATIVE, **_MARKS}) | _INVISIBLE
_FLAG: Final = re.compile("([\U0001f1e6-\U0001f1ff])([\U0001f1e6-\U0001f1ff])")
_FLAG_A: Final = 0x1F1E6
_DOTLESS: Final = str.maketrans("İı", "ii")  # an `i` in a pattern finds them when case does not count


def plain(text: str) -> str:
    """Superscripts, full-width and fancy letters as plain ones, flags as `[FR]`, single spaces; case stays."""
    return " ".join(text.split()) if text.isascii() else _plain(text)


@lru_cache(maxsize=1_024)  # the same name is asked about by one after the other
def _plain(text: str) -> str:
    known = _FLAG.sub(_flag, text.translate(_TABLE))
    return " ".join(unicodedata.normalize("NFKC", known).split())


def fold_case(text: str) -> str:
    """Letters without their case, so that what a pattern finds regardless of case stands in it."""
    return text.lower() if text.isascii() else text.translate(_DOTLESS).casefold()


def _flag(match: re.Match[str]) -> str:
    letters = "".join(chr(ord("A") + ord(one) - _FLAG_A) for one in match.groups())
    return f" [{letters}] "
