"""The one place that says what an answer of a portal means: a value, or one of the errors."""

import re
from typing import Any, Final

from msgspec import DecodeError, Raw, Struct
from msgspec.json import Decoder, decode

from app.core.errors import Malformed, ProviderError, Rejected, Unavailable
from app.domain.values import text
from app.providers.retry import retry_after
from app.providers.stalker.envelope import ABSENT, open_envelope, opening
from app.providers.transport import Reply

OK: Final = 200
BUSY: Final = frozenset({408, 425, 429, 444, 458, 460, 509})
REFUSALS: Final = {
    401: "The portal does not accept this account (401).",
    403: "The portal refuses this address or this account (403).",
    404: "The portal's address answers no longer (404): it moved, or this address was banned.",
    456: "The portal refuses this country or network (456).",
    511: "The portal refuses this network (511).",
    512: "The portal refuses this MAC address (512).",
    513: "The portal refuses this account or device (513).",
    884: "The portal refuses this device or account (884).",
}
BANNED: Final = "The portal has banned this network address: it answers with an empty 403. Wait some hours."
DENIED: Final = "The portal denies access: the account is blocked, or the portal does not know this MAC address."
SHORT: Final = 4096  # a longer answer is no complaint
NOTHING: Final = frozenset({b"", b"false", b"null", b'""'})

_AUTH = re.compile(r"auth|token|session|log ?in required|not logged", re.IGNORECASE)
_BANNED = re.compile(rb"\b(?:banned|blocked|access denied)\b", re.IGNORECASE)


class SessionLost(Exception):
    """The token is stale: log in anew and ask once more."""


class LostToken(SessionLost):
    """The session of `generation` is over; `silent` when the portal said so by saying nothing."""

    def __init__(self, generation: int, *, silent: bool = False) -> None:
        super().__init__()
        self.generation = generation
        self.silent = silent


class Blank(Unavailable):
    """Nothing where something was due: a flooded portal, a lost session, or one row it cannot spell."""


class Garbled(Unavailable):
    """A web page where data was due: a challenge or an overloaded server; for good, it is `Malformed`."""


def final(error: Unavailable) -> ProviderError:
    """What an error is once all retries are spent: a web page that stays is no passing trouble."""
    return Malformed(error.detail) if isinstance(error, Garbled) else error


class Answer(Struct, frozen=True):
    """The value of an answer, not yet decoded; `complaint` is the portal's own word for a failure."""

    js: Raw
    complaint: str = ""

    @property
    def nothing(self) -> bool:
        """`false`, `null` or no value at all."""
        return bytes(self.js) in NOTHING

    def value(self) -> Any:
        """The value, decoded in full."""
        try:
            return None if self.nothing else decode(self.js)
        except (DecodeError, UnicodeDecodeError, RecursionError):
            raise Malformed("The portal answered with a value that cannot be read.") from None

    def mapping(self) -> dict[str, Any]:
        """The value when it is an object, else an empty one."""
        found = self.value()
        return found if isinstance(found, dict) else {}


class Complaint(Struct, frozen=True):
    error: Any = None
    msg: Any = None
    message: Any = None
    data: Raw = ABSENT


_COMPLAINT: Final = Decoder(Complaint)


def classify(reply: Reply) -> Answer:
    """Raises `SessionLost`, `Blank`, `Unavailable`, `Rejected` or `Malformed` for all that is no answer."""
    if reply.status != OK:
        raise _refused(reply)
    body = reply.body
    if not body or not body.strip():
        raise Blank("The portal answered with an empty body.")
    envelope = open_envelope(body)
    if envelope is None:
        raise _worded(body)
    js = envelope.js if opening(envelope.js) else _without_js(envelope.data)
    complaint = _word(envelope.error) or _word(envelope.msg) or _word(envelope.message)
    if not complaint and len(js) < SHORT and opening(js) == b"{":
        complaint = _complaint(js)
    if complaint and _AUTH.search(complaint):
        raise SessionLost
    if js is ABSENT and not complaint:
        raise Malformed("The portal answered with JSON that is no answer of a Stalker portal.")
    return Answer(js, complaint)


def _without_js(data: Raw) -> Raw:
    return Raw(b'{"data":' + bytes(data) + b"}") if opening(data) else ABSENT


def _complaint(js: Raw) -> str:
    try:
        found = _COMPLAINT.decode(js)
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    return "" if opening(found.data) else _word(found.error) or _word(found.msg) or _word(found.message)


def _word(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("message") or value.get("msg")
    return text(value).strip()


def _refused(reply: Reply) -> Exception:
    status = reply.status
    if status in (401, 403):
        if not reply.body.strip():
            return Rejected(BANNED if status == 403 else REFUSALS[401])  # noqa: PLR2004 - as the table has it
        return SessionLost() if _asks_for_login(reply.body) else Rejected(REFUSALS[status])
    if status in BUSY or (500 <= status < 600 and status not in REFUSALS):  # noqa: PLR2004 - the 5xx codes
        wish = retry_after(reply.headers.get("retry-after"))
        return Unavailable(f"The portal is busy or out of order ({status}).", retry_after=wish)
    if status == 204:  # noqa: PLR2004 - no content
        return Blank("The portal answered with an empty body.")
    return Rejected(REFUSALS.get(status, f"The portal refuses the request ({status})."))


def _asks_for_login(body: bytes) -> bool:
    """Whether the text of a 401 or 403 is the portal's own word on the token, not that of a firewall."""
    if len(body) > SHORT or body.lstrip()[:1] == b"<":
        return False
    return bool(_AUTH.search(body.decode("utf-8", "replace")))


def _worded(body: bytes) -> Exception:
    words = body.strip().removeprefix(b"\xef\xbb\xbf")[:SHORT].lower()
    if b"authorization failed" in words:
        return SessionLost()
    if words.startswith(b"access denied"):
        return Rejected(DENIED)
    if words.startswith((b"unauthorized request", b"identification failed")):
        return Rejected("The portal did not recognise the MAC address; try another `macEncoding`.")
    if _BANNED.search(words):
        return Rejected("The portal says that this account or network address is blocked.")
    if words.startswith(b"<"):
        return Garbled("The portal answered with a web page: wrong address, or a firewall stands in front.")
    return Malformed("The portal answered with a text that is no data.")
