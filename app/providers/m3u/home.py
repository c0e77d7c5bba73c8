"""The address of a list: what in it is secret, what may be shown, and what hangs on it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urljoin, urlsplit

from app.core.redaction import scrub
from app.domain.values import image
from app.providers.urls import SCHEMES, Pasted, split_url

SHORT: Final = 3  # characters; so short a word would be found in every other one
SECRET_NAME: Final = re.compile(
    r"user|login|pass|pwd|token|tkn|key|auth|sig(?!nal)|hash|^h(?:mac|dn)|sid$|session|secret|^mac$|^code$|^pin$|uid$|account"
    r"|device|expir|^exp$|^e$|^st$|^s$|^t$|^k$|^u$|^p$|nonce|^ts$|time|rand|^cb$",
    re.IGNORECASE,
)
# Words of panels that look as made up as a key, and are none.
KNOWN_WORDS: Final = frozenset({"m3u_plus", "m3u8_plus", "player_api", "mpegts"})
_ACCOUNT_PATH: Final = re.compile(
    r"(?P<base>.*?)/(?P<folder>playlist|get|live|movie|series)/(?P<username>[^/]+)/(?P<password>[^/]+)(?:/.*)?"
)
_TURNS: Final = re.compile(r"(?<=[0-9])(?=[A-Za-z])|(?<=[A-Za-z])(?=[0-9])")
_MARKER: Final = re.compile(r"\{lineup:([a-z0-9_-]+)\}")
GET_PHP: Final = "/get.php"


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where a list is; `secrets` are the parts of its address that open it, by name. Its repr tells none."""

    url: str = field(repr=False)
    origin: str  # scheme://host[:port]
    secrets: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, url: str) -> "Home":
        parts = urlsplit(url)
        return cls(url=url, origin=f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", secrets=secrets_of(url))

    def hide(self, words: str) -> str:
        """The words without what opens the list."""
        for secret in self.secrets.values():
            for spelling in {secret, quote(secret, safe="")}:
                words = words.replace(spelling, "***") if len(spelling) > SHORT else words
        return scrub(words)

    def tells(self, url: str) -> bool:
        """Whether a URL carries a secret of the list."""
        return any(len(secret) > SHORT and (secret in url or quote(secret, safe="") in url) for secret in self._words)

    def absolute(self, url: str) -> str:
        """A URL as the list means it; relative ones hang on the list."""
        return urljoin(self.url.partition("?")[0], url)

    def image(self, value: Any) -> str | None:
        found = image(value, self.absolute)
        return None if found is None or (self.secrets and self.tells(found)) else found

    def fill(self, template: str) -> str | None:
        """The URL that a template stands for; None when the list's address has no such part any more."""
        known = {"origin": self.origin, **{name: quote(value, safe="") for name, value in self.secrets.items()}}
        if any(name not in known for name in _MARKER.findall(template)):
            return None
        return _MARKER.sub(lambda found: known[found[1]], template)

    @property
    def _words(self) -> list[str]:
        return [value for name, value in self.secrets.items() if name != "username"] or list(self.secrets.values())


def marker(name: str) -> str:
    """What stands in a template for a part of the list's address."""
    return f"{{lineup:{name}}}"


def secrets_of(url: str) -> dict[str, str]:
    """The parts of a list's address that may open it: in front of the host, in the query, in the path."""
    parts = urlsplit(url)
    found: dict[str, str] = {}
    for name, value in (("username", parts.username), ("password", parts.password)):
        if value:
            found[name] = unquote(value)
    for name, value in parse_qsl(parts.query):
        if value and (SECRET_NAME.search(name) or keyish(value)):
            found.setdefault(_named(name), value)
    if account := _ACCOUNT_PATH.fullmatch(parts.path):
        found.setdefault("username", unquote(account["username"]))
        found.setdefault("password", unquote(account["password"]))
    for number, segment in enumerate(parts.path.split("/")):
        word = stem(unquote(segment))
        if keyish(word) and word not in found.values():
            found[f"path{number}"] = word
    return found


def m3u_url(pasted: str) -> Pasted:
    """The whole URL, since a list is what its address says; `address` is free of secrets."""
    userinfo, bare = _userinfo(pasted.strip())
    parts = split_url(bare)
    url = parts._replace(netloc=f"{userinfo}@{parts.netloc}" if userinfo else parts.netloc, fragment="").geturl()
    secrets = secrets_of(url)
    netloc = parts.netloc if parts.port else f"{parts.netloc}:{SCHEMES[parts.scheme]}"
    path = public_path(parts.path, secrets)
    address = netloc + path.removesuffix(GET_PHP)
    if not path.endswith(GET_PHP):
        hidden = frozenset(secrets.values())
        address = "?".join(
            [address, *sorted(f"{name}={value}" for name, value in parse_qsl(parts.query) if value not in hidden)]
        )
    shown = f"{parts.scheme}://{parts.netloc}{path}"
    return Pasted(url=url, address=address, username=secrets.get("username"), shown=shown)


def public_path(path: str, secrets: Mapping[str, str]) -> str:
    """A path in which secrets are hidden."""
    hidden = frozenset(secrets.values())
    return "/".join("***" if {unquote(part), stem(unquote(part))} & hidden else part for part in path.split("/"))


def keyish(word: str) -> bool:
    """Whether it looks drawn by lot: long, of letters and digits in turn."""
    if len(word) < 8 or word in KNOWN_WORDS or not _TURNS.search(word):  # noqa: PLR2004 - the shortest keys seen
        return False
    turns = len(_TURNS.findall(word))
    return len(word) >= 16 or (len(word) >= 10 and turns >= 2) or turns >= 3  # noqa: PLR2004


def stem(segment: str) -> str:
    """The last part of a path without its ending."""
    return segment.rpartition(".")[0] or segment


def _named(name: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "key"
    return {"user": "username", "login": "username", "pass": "password", "pwd": "password"}.get(plain, plain)


def _userinfo(pasted: str) -> tuple[str, str]:
    """What stands in front of the host, and the URL without it."""
    scheme, slashes, rest = pasted.partition("://")
    authority, slash, tail = rest.partition("/")
    userinfo, _, host = authority.rpartition("@")
    return (userinfo, f"{scheme}{slashes}{host}{slash}{tail}") if slashes and userinfo else ("", pasted)
