"""Links as clients may have them: an address that tells nothing of the account, or the stream itself, passed on."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from functools import partial
from typing import Final, Protocol
from urllib.parse import urlsplit

import msgspec

from app.core.clock import now_ms
from app.core.errors import Misconfigured, NotFound
from app.core.redaction import conceal
from app.providers.base import StreamLink
from app.providers.bearing import bears
from app.providers.relay import Relay, Relayed
from app.streams.hls import moved

OWNER: Final = "relay"
GOOD_MS: Final = 6 * 3_600_000  # how long a sealed address plays: longer than what a player keeps of a list
LONGEST_LIST: Final = 4 * 2**20  # bytes of a list of segments
GONE: Final = "This address plays nothing any more."
_ENDING: Final = re.compile(r"\.([a-z0-9]{1,5})$", re.IGNORECASE | re.ASCII)


class Sealer(Protocol):
    """Keeps secrets from whoever holds the sealed text."""

    def seal(self, plain: bytes, *, owner: str) -> bytes: ...

    def open(self, sealed: bytes, *, owner: str) -> bytes: ...


class _Sealed(msgspec.Struct, frozen=True):
    url: str
    headers: Mapping[str, str]
    secrets: frozenset[str]
    until_ms: int


_decode: Final = msgspec.json.Decoder(_Sealed).decode


class Passing:
    """Nothing of an account leaves this process but to the account's own servers."""

    def __init__(self, relay: Relay, sealer: Sealer) -> None:
        self._relay = relay
        self._sealer = sealer

    async def open(self, link: StreamLink, *, span: str | None = None) -> str | Relayed:
        """Where a client may go by itself, else the stream, to be closed by the caller; `span` is its `Range`.

        Raises what the provider's server means: `Unavailable`, `Rejected`, `Malformed`.
        """
        bearing = partial(bears, words=link.secrets)
        if not bearing(link.url):
            return link.url
        return await self._relay.open(link.url, headers=link.headers, span=span, bears=bearing)

    def opened(self, word: str) -> StreamLink:
        """The link behind a sealed address; `NotFound` when it is none of ours, or too old."""
        try:
            sealed = _decode(self._sealer.open(urlsafe_b64decode(word.encode() + b"=="), owner=OWNER))
        except (ValueError, Misconfigured, msgspec.DecodeError):
            raise NotFound(GONE) from None
        if sealed.until_ms < now_ms():
            raise NotFound(GONE)
        conceal(*sealed.secrets)
        return StreamLink(url=sealed.url, headers=sealed.headers, secrets=sealed.secrets)

    async def segments(self, relayed: Relayed, link: StreamLink, base: str) -> bytes:
        """A list of segments whose addresses tell nothing: those that would are sealed and lead here, below `base`."""
        text = (await relayed.body(LONGEST_LIST)).decode(errors="replace")
        return moved(text, relayed.url, lambda url: self._shown(url, link, base)).encode()

    def _shown(self, url: str, link: StreamLink, base: str) -> str:
        if not bears(url, link.secrets):
            return url
        plain = _Sealed(url=url, headers=link.headers, secrets=link.secrets, until_ms=now_ms() + GOOD_MS)
        word = urlsafe_b64encode(self._sealer.seal(msgspec.json.encode(plain), owner=OWNER)).rstrip(b"=").decode()
        # Players look at the ending before they ask.
        ending = _ENDING.search(urlsplit(url).path)
        return f"{base}/relay/{word}/part{ending[0].lower() if ending else ''}"
