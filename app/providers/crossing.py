"""What may cross from one address to the next: queries, redirects, headers and cookies."""

from collections.abc import Mapping, Sequence
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import quote, urlencode

from yarl import URL

from app.core.errors import Malformed, Rejected
from app.core.redaction import conceal

HARMLESS: Final = frozenset({"user-agent", "accept", "accept-encoding"})  # what strangers may see
COOKIES: Final = 50  # per host, as browsers keep


class Sent:
    """The headers and cookies of one provider, and the cookies that its hosts set."""

    def __init__(self, *, headers: Mapping[str, str], cookies: Mapping[str, str]) -> None:
        self._headers = merged({}, headers)
        self._cookies = {name: printable(value) for name, value in cookies.items()}
        self._received: dict[str, dict[str, str]] = {}

    def headers(self, home: URL, target: URL, more: Mapping[str, str]) -> Mapping[str, str]:
        """What goes to `target` when `home` was asked for: secrets stay within one site."""
        sent = merged(self._headers, more) if more else self._headers
        if target is not home and not same_site(home, target):
            return {name: value for name, value in sent.items() if name.lower() in HARMLESS}
        cookies = self._cookies
        if received := self._received.get(target.host or ""):
            cookies = cookies | received
        if not cookies:
            return sent
        return {**sent, "Cookie": "; ".join([f"{name}={value}" for name, value in cookies.items()])}

    def receive(self, target: URL, headers: Sequence[str]) -> None:
        """Keeps the cookies of `Set-Cookie` headers for their host."""
        jar = self._received.setdefault(target.host or "", {})
        for header in headers:
            try:
                parsed = SimpleCookie(header)
            except CookieError:
                continue
            for name, morsel in parsed.items():
                if morsel["max-age"] == "0" or morsel.value == "deleted":
                    jar.pop(name, None)
                elif len(jar) < COOKIES or name in jar:
                    jar[name] = morsel.coded_value
                    conceal(morsel.coded_value)


def address(url: str, params: Mapping[str, str]) -> URL:
    if params:
        # Each value is encoded exactly once, and blanks as %20: `+` is a plus to some portals.
        query = urlencode(params, quote_via=quote)
        url = f"{url}{'&' if '?' in url else '?'}{query}"
    try:
        target = URL(url, encoded=url.isascii() and " " not in url)
        usable = target.scheme in ("http", "https") and bool(target.raw_host)
    except ValueError:
        usable = False
    if not usable:
        raise Malformed("The address is no HTTP address.")
    return target


def redirected(source: URL, location: str) -> URL:
    try:
        target = source.join(URL(location)).with_fragment(None)
        usable = target.scheme in ("http", "https") and bool(target.raw_host)
    except ValueError:
        raise Malformed(f"{where(source)} redirects to an address that makes no sense.") from None
    if not usable:
        raise Rejected(f"{where(source)} redirects to something that is not HTTP.")
    return target


def same_site(home: URL, target: URL) -> bool:
    """Whether cookies and tokens meant for `home` may go to `target`: the host, below it, or it without `www.`."""
    if home.scheme == "https" and target.scheme == "http":
        return False
    one, other = home.host or "", target.host or ""
    return one == other or other.endswith(f".{one}") or one == f"www.{other}"


def merged(base: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    replaced = {name.lower() for name in more}
    kept = {name: value for name, value in base.items() if name.lower() not in replaced}
    return kept | {name: printable(value) for name, value in more.items()}


def printable(value: str) -> str:
    """A header value that cannot smuggle in another header."""
    return value if value.isprintable() else "".join(letter for letter in value if letter.isprintable())


def where(url: URL) -> str:
    return url.raw_authority.rpartition("@")[2] or "The provider"
