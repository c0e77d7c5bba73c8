"""What an answer of a panel means: one function for every action, status and shape."""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from app.core.errors import Malformed, ProviderError, Rejected, Unavailable
from app.core.redaction import scrub
from app.domain.values import text, truth


class Body(Enum):
    """Bodies that are no JSON document."""

    CUT = "cut"  # begins as JSON and does not end
    OTHER = "other"  # HTML, words, nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came: the status, the decoded document or what stands in its place, the beginning of the text.

    `known` says that this panel accepted the account before, so that a 404 means a missing action, not a refusal.
    """

    status: int
    document: Any
    words: str
    retry_after: float | None = None
    known: bool = False


BUSY: Final = frozenset({429, 444, 458, 460, 509, 885})
PASSING: Final = frozenset({408, 425})
REFUSED: Final = frozenset({511, 512, 513, 884})
OK_CODES: Final = frozenset({200, 203, 206})
SAYINGS: Final = {
    401: "The panel refuses this user name or password.",
    403: "The panel refuses this account, this player or this network (403).",
    404: "The panel answers 404: a wrong address, or its way to refuse an account, a player or a network.",
    456: "The panel refuses this country or network (456).",
    511: "The panel refuses this network (511).",
    512: "The panel refuses this account (512).",
    513: "The panel refuses this account (513).",
    884: "The panel refuses this account or this player (884).",
}
_TAGS = re.compile(r"<[^>]*>|\s+")
_REFUSAL = re.compile(
    r"block|forbidden|denied|unauthori[sz]ed|not allowed|banned|expired|disabled|invalid (?:user|pass|cred|token|login)"
    r"|auth|suspended|captcha|cloudflare",
    re.IGNORECASE,
)
MAX_WORDS: Final = 160


def classify(answer: Answer) -> ProviderError | None:
    """The error to raise, None when the document is the panel's own and refuses nothing."""
    if denied(answer.document):
        return Rejected(_with_words("The panel refuses this user name or password.", message(answer.document)))
    if answer.status in OK_CODES:
        return _of_document(answer)
    return _of_status(answer)


def denied(document: Any) -> bool:
    """Whether it is an account object that says no."""
    if not isinstance(document, dict) or not isinstance(user := document.get("user_info"), dict):
        return False
    if "auth" in user:
        return truth(user["auth"]) is not True
    return not text(user.get("status")).strip()


def message(document: Any) -> str:
    """The panel's own words in an account or error object."""
    if not isinstance(document, dict):
        return ""
    user = document.get("user_info")
    if isinstance(user, dict):
        return text(user.get("message")).strip()
    for name in ("error", "message", "msg", "detail"):
        if found := text(document.get(name)).strip():
            return found
    return ""


def _of_document(answer: Answer) -> ProviderError | None:
    document, words = answer.document, _plain(answer.words)
    if document is Body.CUT:
        return Unavailable("The panel's answer was cut before its end.")
    if document is Body.OTHER:
        if not answer.words.strip():
            return Unavailable("The panel answered with nothing.", retry_after=answer.retry_after)
        if answer.words.lstrip()[:1] == "<" or _REFUSAL.search(words):
            return Rejected(
                _with_words("The panel, or something before it, answers with a page, not with data.", words)
            )
        return Malformed(_with_words("The panel's answer makes no sense.", words))
    said = message(document) if isinstance(document, dict) and "user_info" not in document else ""
    if said and len(document) <= 3:  # noqa: PLR2004 - an error object says little else
        kind = Rejected if _REFUSAL.search(said) else Malformed
        return kind(_with_words("The panel answers with an error.", said))
    return None


def _of_status(answer: Answer) -> ProviderError:
    status = answer.status
    if status in BUSY:
        return Unavailable(f"The panel is busy ({status}).", retry_after=answer.retry_after)
    if status == 404 and answer.known:  # noqa: PLR2004 - the status
        return Malformed("The panel knows the account, but not what was asked for (404).")
    if status in REFUSED or (400 <= status < 500 and status not in PASSING) or status >= 600:  # noqa: PLR2004 - classes
        said = SAYINGS.get(status, f"The panel refuses the request ({status}).")
        return Rejected(_with_words(said, message(answer.document)))
    if 300 <= status < 400:  # noqa: PLR2004 - the class
        return Malformed(f"The panel redirects to nowhere ({status}).")
    return Unavailable(f"The panel has a passing problem ({status}).", retry_after=answer.retry_after)


def _plain(words: str) -> str:
    return _TAGS.sub(" ", words).strip()


def _with_words(said: str, words: str) -> str:
    words = scrub(" ".join(_plain(words).split()))  # before it is cut: half a secret would not be known as one
    return f"{said} It says: {words[:MAX_WORDS]}" if words else said
