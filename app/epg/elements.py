"""What the elements of a programme add to its document; a taker is given the document, the text, the attributes."""

from collections.abc import Callable
from typing import Any, Final

from app.domain.programmes import Episode, episode, made_on, plain_text, stars

Document = dict[str, Any]
Taker = Callable[[Document, str, dict[str, str]], None]

MAX_URL: Final = 2048
MAX_WORDS: Final = 60  # of one kind: categories, actors
HD: Final = frozenset({"HDTV", "HD", "UHD", "4K", "1080P", "1080I", "720P"})


def link(attributes: dict[str, str]) -> str | None:
    """The picture that an `icon` names."""
    url = attributes.get("src", "").strip()
    if not url.startswith(("http://", "https://")) or not url.isprintable() or len(url) > MAX_URL:
        return None
    return url.replace(" ", "%20") if " " in url else url


def _words(key: str) -> Taker:
    def take(found: Document, value: str, _: dict[str, str]) -> None:
        values = found.get(key)
        if values is None:
            if value:
                found[key] = [plain_text(value)]
        elif value and len(values) < MAX_WORDS and (word := plain_text(value)) not in values:
            values.append(word)

    return take


def _first(key: str) -> Taker:
    def take(found: Document, value: str, _: dict[str, str]) -> None:
        if value and key not in found:
            found[key] = value

    return take


def _flag(key: str) -> Taker:
    def take(found: Document, _: str, __: dict[str, str]) -> None:
        found[key] = True

    return take


def _icon(found: Document, _: str, attributes: dict[str, str]) -> None:
    if "icon" not in found:
        found["icon"] = link(attributes)


def _date(found: Document, value: str, _: dict[str, str]) -> None:
    found["date"] = made_on(value)


def _rated(key: str) -> Taker:
    """What a rating says stands in a `value` within it; some feeds write it into the rating itself."""

    def take(found: Document, value: str, _: dict[str, str]) -> None:
        found.setdefault(key, None)
        if value:
            _value(found, value, {})

    return take


def _value(found: Document, value: str, _: dict[str, str]) -> None:
    # Of the rating that began last: documents keep the order of what was put into them.
    last = next((key for key in reversed(found) if key in ("rating", "ageRating")), None)
    if last is not None and found[last] is None:
        found[last] = stars(value) if last == "rating" else value[:20] or None


def _quality(found: Document, value: str, _: dict[str, str]) -> None:
    found["isHd"] = value.upper() in HD


def _episode(found: Document, value: str, attributes: dict[str, str]) -> None:
    """Several systems may tell of it; the numbers of xmltv_ns are plain, so they win over what has to be read."""
    system = attributes.get("system", "")
    told, known = episode(system, value), found.get("episode")
    if known is None:
        found["episode"] = told
    else:
        found["episode"] = _joined(told, known) if system == "xmltv_ns" else _joined(known, told)


def _joined(first: Episode, second: Episode) -> Episode:
    return second._replace(**first.told())


TAKERS: Final[dict[str, Taker]] = {
    "category": _words("categories"),
    "keyword": _words("keywords"),
    "director": _words("directors"),
    "actor": _words("actors"),
    "writer": _words("writers"),
    "presenter": _words("presenters"),
    "country": _first("country"),
    "language": _first("language"),
    "date": _date,
    "icon": _icon,
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
