"""URLs as people paste them, and what is meant by them."""

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

from app.core.errors import Invalid

SCHEMES: Final = {"http": 80, "https": 443}
MAX_LENGTH: Final = 2048
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*)://")
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*\.?")
_STALKER_TAIL = re.compile(r"(?:/c_?|/client)?(?:/index\.(?:html?|php)|/xpcom\.common\.js)?/*$", re.IGNORECASE)
_STALKER_LOADER = re.compile(r"(?:/c)?/portal\.php$|/server/load\.php$|/load\.php$", re.IGNORECASE)
_XTREAM_TAIL = re.compile(
    r"(?:/(?:player_api|panel_api|get|xmltv|epg|portal|playlist|index)\.php|/c|/index\.html?)?/*$", re.IGNORECASE
)
_XTREAM_PATH = re.compile(
    r"(?P<base>.*?)/(?:live|movie|series|playlist|player_api)/(?P<username>[^/]+)/(?P<password>[^/]+)(?:/.*)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pasted:
    """A URL taken apart: `url` to talk to, `address` (host, port, path) to recognise it by, credentials it held."""

    url: str = field(repr=False)
    address: str
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    shown: str | None = None  # what may be shown of a URL that holds secrets outside its query


def stalker_url(pasted: str) -> Pasted:
    """A portal's base, or its loader where the URL names one; `/c/` and what a browser shows behind it go."""
    parts = split_url(pasted)
    path = _STALKER_TAIL.sub("", parts.path)
    return Pasted(url=_joined(parts, path), address=_address(parts, _STALKER_LOADER.sub("", path)))


def xtream_url(pasted: str) -> Pasted:
    """A panel's base; user name and password are taken out of `get.php?username=…` and stream links."""
    parts = split_url(pasted)
    query = parse_qs(parts.query)
    username, password = (query.get(name, [""])[0].strip() or None for name in ("username", "password"))
    path = parts.path
    if found := _XTREAM_PATH.fullmatch(path):
        path = found["base"]
        username, password = username or unquote(found["username"]), password or unquote(found["password"])
    path = _XTREAM_TAIL.sub("", path)
    return Pasted(url=_joined(parts, path), address=_address(parts, path), username=username, password=password)


def http_url(value: str) -> str:
    """An http(s) URL, path and query kept."""
    parts = split_url(value)
    return _joined(parts, parts.path) + (f"?{parts.query}" if parts.query else "")


def split_url(pasted: str) -> SplitResult:
    """Scheme and host in lower case, the port checked; raises `Invalid` for `url`."""
    pasted = pasted.strip()
    if not pasted:
        raise _wrong("A URL is needed.")
    if len(pasted) > MAX_LENGTH:
        raise _wrong("This is too long for a URL.")
    if any(letter.isspace() or not letter.isprintable() for letter in pasted) or "\\" in pasted:
        raise _wrong("A URL holds no spaces or control characters.")
    if scheme := _SCHEME.match(pasted):
        if scheme[1].lower() not in SCHEMES:
            raise _wrong("Only http:// and https:// are known.")
    else:
        pasted = f"http://{pasted.lstrip('/')}"
    try:
        parts = urlsplit(pasted)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _wrong("The host or port makes no sense; ports go from 1 to 65535.") from None
    if "@" in parts.netloc:
        raise _wrong("Write user name and password as credentials, not in front of the host.")
    if port == 0 or parts.netloc.endswith(":"):
        raise _wrong("Ports go from 1 to 65535.")
    return parts._replace(
        scheme=parts.scheme.lower(), netloc=_netloc(host) + (f":{port}" if port else ""), path=_quoted(parts.path)
    )


def _netloc(host: str) -> str:
    if ":" in host:
        return f"[{host}]"  # urlsplit has checked that it is an IPv6 address
    try:
        plain = host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        plain = ""
    if not _HOST.fullmatch(plain) or len(plain) > 253:  # noqa: PLR2004 - the longest name that DNS holds
        raise _wrong("There is no usable host in it.")
    return plain.rstrip(".")


def _quoted(path: str) -> str:
    return quote(path, safe="/%:@!$&'()*+,;=~-._")


def _joined(parts: SplitResult, path: str) -> str:
    default = SCHEMES[parts.scheme]
    netloc = parts.netloc if parts.port != default else parts.netloc.rpartition(":")[0]
    return f"{parts.scheme}://{netloc}{path.rstrip('/')}"


def _address(parts: SplitResult, path: str) -> str:
    netloc = parts.netloc if parts.port else f"{parts.netloc}:{SCHEMES[parts.scheme]}"
    return netloc + path.rstrip("/")


def _wrong(message: str) -> Invalid:
    return Invalid([("url", message)])
