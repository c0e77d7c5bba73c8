"""Links as clients may have them: an address that tells nothing of the account, or the stream itself, passed on."""

import asyncio
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
from app.providers.bearing import bears, holds
from app.providers.relay import Relay, Relayed
from app.streams.hls import moved

OWNER: Final = "relay"
GOOD_MS: Final = 6 * 3_600_000  # how long a sealed address plays: longer than what a player keeps of a list
GONE: Final = "This address plays nothing any more."
_ENDING: Final = re.compile(r"\.([a-z0-9]{1,5})$", re.IGNORECASE | re.ASCII)

Holder = tuple[str, ...]  # whoever was let in, in words of those who know them; checked again when they come back


class Sealer(Protocol):
    """Keeps secrets from whoever holds the sealed text."""

    def seal(self, plain: bytes, *, owner: str) -> bytes: ...

    def open(self, sealed: bytes, *, owner: str) -> bytes: ...


class _Sealed(msgspec.Struct, frozen=True):
    url: str
    headers: Mapping[str, str]
    secrets: frozenset[str]
    holder: Holder
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
        if not bears(link.url, link.secrets):
            return link.url
        ask = partial(self._relay.open, link.url, headers=link.headers, words=link.secrets)
        found = await ask(span=span)
        if span is None or isinstance(found, str) or not found.dim:
            return found
        # A part does not show that it is one of a list: who cuts a list in the right place would read its addresses.
        found.close()
        whole = await ask()
        if isinstance(whole, str) or whole.listed:
            return whole
        whole.close()
        return await ask(span=span)

    def opened(self, word: str) -> tuple[StreamLink, Holder]:
        """The link behind a sealed address, and for whom it was sealed; `NotFound` when it is not ours, or too old."""
        try:
            sealed = _decode(self._sealer.open(urlsafe_b64decode(word.encode() + b"=="), owner=OWNER))
        except (ValueError, Misconfigured, msgspec.DecodeError):
            raise NotFound(GONE) from None
        if sealed.until_ms < now_ms():
            raise NotFound(GONE)
        conceal(*sealed.secrets)
        return StreamLink(url=sealed.url, headers=sealed.headers, secrets=sealed.secrets), sealed.holder

    async def segments(self, relayed: Relayed, link: StreamLink, base: str, holder: Holder) -> bytes:
        """A list of segments whose addresses tell nothing: those that would are sealed and lead here, below `base`."""
        text = await relayed.text()
        # Thousands of lines that are sealed one by one would hold up everybody else.
        return await asyncio.to_thread(self._moved, text, relayed.url, link, base, holder)

    def end(self) -> None:
        """Ends every stream that is passed on: the process ends."""
        self._relay.end()

    def _moved(self, text: str, source: str, link: StreamLink, base: str, holder: Holder) -> bytes:
        until = now_ms() + GOOD_MS

        def shown(url: str) -> str:
            if not bears(url, link.secrets):
                return url
            plain = _Sealed(url=url, headers=link.headers, secrets=link.secrets, holder=holder, until_ms=until)
            word = urlsafe_b64encode(self._sealer.seal(msgspec.json.encode(plain), owner=OWNER)).rstrip(b"=").decode()
            return f"{base}/relay/{word}/part{_ending(url)}"

        tells = partial(holds, words=link.secrets)
        return moved(text, source, shown=shown, tells=tells).encode()


def _ending(url: str) -> str:
    """The ending of a file's name: players look at it before they ask."""
    found = _ENDING.search(urlsplit(url).path)
    return found[0].lower() if found else ""
