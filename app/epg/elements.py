"""What the elements of a guide add to what is known; a taker is given that, the text, the attributes.

Nothing that is empty is added: the document of a programme is written as it stands.
"""

from collections.abc import Callable
from typing import Any, Final

from app.domain.programmes import episode, made_on, plain_text, stars

Document = dict[str, Any]
Taker = Callable[[Any, str, dict[str, str]], None]

MAX_URL: Final = 2048
MAX_WORDS: Final = 60  # of one kind: categories, actors
HD: Final = frozenset({"HDTV", "HD", "UHD", "4K", "1080P", "1080I", "720P"})
RATED: Final = ""  # in a document on its way: which rating a `value` belongs to
POSTERS: Final = frozenset({"", "poster", "backdrop", "still"})


def link(url: str) -> str | None:
    """An address of a picture, as players take it."""
    found = url.strip()
    if not found.startswith(("http://", "https://")) or not found.isprintable() or len(found) > MAX_URL:
        return None
    return found.replace(" ", "%20") if " " in found else found


def first_text(key: str) -> Taker:
    """The first of several texts that has something to say."""

    def take(found: Document, value: str, _: dict[str, str]) -> None:
        if key not in found and value and (text := plain_text(value)):
            found[key] = text

    return take


def _words(key: str) -> Taker:
    def take(found: Document, value: str, _: dict[str, str]) -> None:
        if not value or not (word := plain_text(value)):
            return
        values = found.get(key)
        if values is None:
            found[key] = [word]
        elif len(values) < MAX_WORDS and word not in values:
            values.append(word)

    return take


def _flag(key: str) -> Taker:
    def take(found: Document, _: str, __: dict[str, str]) -> None:
        found[key] = True

    return take


def _icon(found: Document, _: str, attributes: dict[str, str]) -> None:
    if "icon" not in found and (url := link(attributes.get("src", ""))):
        found["icon"] = url


def _image(found: Document, value: str, attributes: dict[str, str]) -> None:
    """The newer spelling of an icon; those of people stand within them."""
    if attributes.get("type", "") in POSTERS:
        _icon(found, "", {"src": value})


def _date(found: Document, value: str, _: dict[str, str]) -> None:
    if date := made_on(value):
        found["date"] = date


def _rated(key: str) -> Taker:
    """What a rating says stands in a `value` within it; some feeds write it into the rating itself."""

    def take(found: Document, value: str, _: dict[str, str]) -> None:
        found[RATED] = key
        if value:
            _value(found, value, {})

    return take


def _value(found: Document, value: str, _: dict[str, str]) -> None:
    key = found.pop(RATED, None)
    if key is not None and key not in found and (told := stars(value) if key == "rating" else value[:20]):
        found[key] = told


def _quality(found: Document, value: str, _: dict[str, str]) -> None:
    if value.upper() in HD:
        found["isHd"] = True


def _episode(found: Document, value: str, attributes: dict[str, str]) -> None:
    """Several systems may tell of it; the numbers of xmltv_ns are plain, so they win over what has to be read."""
    system = attributes.get("system", "")
    told, known = episode(system, value), found.get("episode")
    if known is not None:
        found["episode"] = {**known, **told} if system == "xmltv_ns" else {**told, **known}
    elif told:
        found["episode"] = told


TAKERS: Final[dict[str, Taker]] = {
    "title": first_text("title"),
    "sub-title": first_text("subTitle"),
    "desc": first_text("description"),
    "category": _words("categories"),
    "keyword": _words("keywords"),
    "director": _words("directors"),
    "actor": _words("actors"),
    "writer": _words("writers"),
    "presenter": _words("presenters"),
    "country": first_text("country"),
    "language": first_text("language"),
    "date": _date,
    "icon": _icon,
    "image": _image,
    "episode-num": _episode,
    "quality": _quality,
    "rating": _rated("ageRating"),
    "star-rating": _rated("rating"),
    "value": _value,
    "new": _flag("isNew"),
    "live": _flag("isLive"),
    "premiere": _flag("isPremiere"),
    "previously-shown": _flag("isRepeat"),
}
