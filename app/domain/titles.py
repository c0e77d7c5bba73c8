"""Names: the provider's own, the tidy one, and the key that sorts and finds it."""

import re
import unicodedata
from html import unescape
from typing import Final

from anyascii import anyascii

ARTICLES: Final = frozenset(["the", "a", "an", "der", "die", "das", "le", "la", "les", "el", "los", "las"])
EDGES: Final = " \t|#*=~_-–—•·:►▶◄◀«»‹›"
SORT_EDGES: Final = EDGES + "\"'([{<!?.,;/\\"
WORDS: Final = re.compile(r"[a-z0-9]+")
ORNAMENTS: Final = frozenset({"So", "Sk", "Cf", "Cc", "Co", "Cn"})


def display_name(raw: str) -> str:
    """The provider's name, HTML entities decoded and trimmed, nothing else changed."""
    return (unescape(raw) if "&" in raw else raw).strip()


def cleaned_name(name: str) -> str:
    """The tidy name: compatibility forms unfolded (`ᴴᴰ` → `HD`), ornaments and separator lines gone.

    Never empty unless `name` is: a name made of ornaments alone stays as it is.
    """
    tidy = name
    if not name.isascii():
        folded = unicodedata.normalize("NFKC", name)
        tidy = "".join(" " if unicodedata.category(char) in ORNAMENTS else char for char in folded)
    return " ".join(tidy.split()).strip(EDGES) or name


class _Letters(dict[int, str]):
    """What each letter is in ASCII, found out once."""

    def __missing__(self, code: int) -> str:
        found = self[code] = anyascii(chr(code))
        return found


_ASCII: Final = _Letters()


def fold(text: str) -> str:
    """Lower-case ASCII without accents, for comparing and finding."""
    return (text if text.isascii() else text.translate(_ASCII)).lower()


def sort_key(name: str) -> str:
    """What lists sort by: folded, without a leading article and without punctuation in front."""
    folded = " ".join(fold(name).split()).strip(SORT_EDGES)
    article, _, rest = folded.partition(" ")
    return rest if rest and article in ARTICLES else folded


def search_words(*names: str | None) -> str:
    """The distinct folded words of all names of an item, space-separated, in order of appearance."""
    return " ".join(dict.fromkeys(WORDS.findall(fold(" ".join(filter(None, names))))))
