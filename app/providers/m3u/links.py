"""Addresses of entries: repaired, told apart whatever tokens they carry, and kept as templates without secrets."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from msgspec import Struct

from app.providers.m3u.home import SECRET_NAME, Home, keyish, marker, stem

PLAYABLE: Final = frozenset(
    """http https rtmp rtmps rtmpe rtmpt rtsp rtsps rtp udp mms mmsh mmst srt rist acestream sop ffmpeg""".split()  # noqa: SIM905 - nineteen words
)
FOLDERS: Final = {"live": "live", "movie": "movie", "movies": "movie", "vod": "movie", "series": "series"}
SHARED: Final = 0.5  # of a sample: what stands in so many addresses says who asks, not what for
MAIN_HOST: Final = 0.8
VOLATILE: Final = 40  # characters of a path segment; ids end at 36, what panels encrypt begins here
_XTREAM: Final = re.compile(
    r"[a-z]+://(?P<host>[^/?#]+)/(?:(?P<folder>live|movies?|series|vod)/)?(?P<user>[^/?#]+)/(?P<password>[^/?#]+)"
    r"/(?P<id>\d{1,18})(?:\.(?P<ending>[A-Za-z0-9]{1,5}))?(?P<query>[?#].*)?\Z"
)
_ID_NAME: Final = re.compile(r"id$|^id|^c$|^ch|stream|name|slug|^v$", re.IGNORECASE)
_BROKEN_SCHEME: Final = re.compile(r"(https?)(?::/|//|:)(?=[^/:])", re.IGNORECASE)
_PLAIN_LAST: Final = re.compile(r"\d{1,18}(?:\.[A-Za-z0-9]{1,5})?")
MOST_HEADS: Final = 1_000
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


class Link(Struct, gc=False):
    """What an address tells: the `folder` and the ending of its path, and what it is known by.

    `key` outlives tokens, credentials and the host of the list; `thin` = what is left of it may name several entries.
    """

    key: str
    folder: str
    ending: str
    numbered: bool = False
    thin: bool = False


class Links:
    """The addresses of one list; `learn` from a sample before anything is asked."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._names = {value: name for name, value in home.secrets.items()}
        self._pairs = {(home.secrets.get("username"), home.secrets.get("password"))}
        self._keys: frozenset[str] = frozenset()
        self._heads: dict[str, str | None] = {}
        self._hosts = {urlsplit(home.url).netloc.rpartition("@")[2]}

    def learn(self, urls: Iterable[str]) -> None:
        """Finds what most addresses share: the account of an Xtream panel, a key in the path, the main host."""
        pairs: Counter[tuple[str, str]] = Counter()
        keys: Counter[str] = Counter()
        hosts: Counter[str] = Counter()
        count = 0
        for url in urls:
            count += 1
            if found := _XTREAM.match(url):
                pairs[found["user"], found["password"]] += 1
                hosts[found["host"]] += 1
            else:
                path = url.partition("?")[0].split("/")
                hosts[path[2] if len(path) > 2 else ""] += 1  # noqa: PLR2004 - scheme, nothing, host
                keys.update({word for part in path[3:] if keyish(word := stem(part))})
        self._pairs |= {pair for pair, times in pairs.items() if times >= 2 and times >= count * SHARED}  # noqa: PLR2004
        self._keys = frozenset(key for key, times in keys.items() if times >= 2 and times >= count * SHARED)  # noqa: PLR2004
        self._hosts |= {host for host, times in hosts.items() if host and times >= count * MAIN_HOST}

    def read(self, url: str) -> Link:
        """What an address, `repaired` before, tells."""
        if found := _XTREAM.match(url):
            _, folder, user, password, number, ending, _ = found.groups()
            if folder or (user, password) in self._pairs:
                return Link(number, FOLDERS[folder] if folder else "", ending.lower() if ending else "", True)  # noqa: FBT003 - positional structs are faster
        return self._read(url)

    def _read(self, url: str) -> Link:
        try:
            parts = urlsplit(url)
            host = parts.netloc.rpartition("@")[2].lower()
        except ValueError:
            return Link(url, "", "", thin=True)
        segments = [unquote(part) for part in parts.path.split("/") if part]
        kept = [part for part in segments if not self._secret(part) and not _volatile(part)]
        query = sorted(
            f"{name}={value}"
            for name, value in parse_qsl(parts.query)
            if value not in self._names and not SECRET_NAME.search(name) and not _token(name, value)
        )
        thin = any(_volatile(part) for part in segments) or not (kept or query)
        key = "/".join(["" if host in self._hosts else host, *kept]) + "".join(f"&{pair}" for pair in query)
        folder = next((FOLDERS[part] for part in map(str.lower, segments[:-1]) if part in FOLDERS), "")
        last = segments[-1] if segments else ""
        ending = last.rpartition(".")[2].lower() if "." in last else ""
        return Link(key, folder, ending if ending.isalnum() else "", thin=thin)

    def template(self, url: str) -> str | None:
        """The address with markers for what stands in that of the list; None when other secrets or tokens are in it."""
        head, _, last = url.rpartition("/")
        if not _PLAIN_LAST.fullmatch(last):
            return self._template(url)
        if head not in self._heads:
            # Lists of panels have three such beginnings for all their entries.
            made = self._template(f"{head}/1")
            if len(self._heads) >= MOST_HEADS:
                return None if made is None else made[:-1] + last
            self._heads[head] = None if made is None else made[:-1]
        known = self._heads[head]
        return None if known is None else known + last

    def _template(self, url: str) -> str | None:
        try:
            parts = urlsplit(url)
        except ValueError:
            return None
        if "@" in parts.netloc and parts.scheme not in ("udp", "rtp"):  # udp://@239.1.1.1 names nobody
            return None
        found = _XTREAM.match(url)
        segments = parts.path.split("/")
        path = [self._marked(part) for part in segments]
        if found and (found["folder"] or (found["user"], found["password"]) in self._pairs):
            account = [unquote(found[name]) for name in ("user", "password")]
            if any(word not in self._names for word in account):
                return None
        query = self._query(parts.query)
        if query is None or any(part is None for part in path):
            return None
        origin = f"{parts.scheme}://{parts.netloc}"
        origin = marker("origin") if origin == self._home.origin else origin
        return origin + "/".join(part or "" for part in path) + (f"?{query}" if query else "")

    def source(self, value: str) -> str | None:
        """The same for what catch-up adds to an address: a whole one, or what is hung on its end."""
        if "://" in value:
            return self.template(value)
        head, mark, query = value.partition("?" if "?" in value else "&")
        found = self._query(query)
        return None if found is None or self._home.tells(head) else head + mark + found

    def _marked(self, part: str) -> str | None:
        word = unquote(part)
        if word in self._names:
            return marker(self._names[word])
        if (name := self._names.get(stem(word))) is not None:
            return marker(name) + word[len(stem(word)) :]
        return None if word and (stem(word) in self._keys or _volatile(word)) else part

    def _query(self, query: str) -> str | None:
        if not query:
            return ""
        pairs = []
        for pair in query.split("&"):
            name, equals, value = pair.partition("=")
            word = unquote(value)
            if word in self._names:
                pairs.append(f"{name}={marker(self._names[word])}")
            elif word and (SECRET_NAME.search(name) or _token(name, word)):
                return None
            else:
                pairs.append(f"{name}{equals}{value}")
        return "&".join(pairs)

    def _secret(self, part: str) -> bool:
        word = stem(part)
        return part in self._names or word in self._names or word in self._keys


def _volatile(part: str) -> bool:
    """Whether a path segment is a token that the next fetch will spell otherwise."""
    if len(part) >= VOLATILE:
        return keyish(part) or "=" in part
    return "~" in part and "=" in part


def _token(name: str, value: str) -> bool:
    """Whether a value of a query is one; what is called an id may look as it likes."""
    return keyish(value) and not _ID_NAME.search(name)


def repaired(url: str, home: Home) -> str | None:
    """An absolute address that a player somewhere else can open; None when there is none in it."""
    if "&amp;" in url:
        url = url.replace("&amp;", "&")
    if url.startswith(("http://", "https://")):
        return _spaced(url)
    if broken := _BROKEN_SCHEME.match(url):
        return _spaced(f"{broken[1].lower()}://{url[broken.end() :]}")
    if scheme := _SCHEME.match(url):
        name = scheme[1].lower()
        return name + url[len(name) :] if name in PLAYABLE else None
    if url.startswith(("\\", "<", "{")) or " " in url:
        return None
    try:
        found = home.absolute(url)
    except ValueError:
        return None
    return _spaced(found) if found.startswith(("http://", "https://")) else None


def _spaced(url: str) -> str | None:
    host = url.partition("://")[2][:1]
    if host in "/?#:":  # so is nothing
        return None
    return url.replace(" ", "%20") if " " in url else url
