"""What an answer of a portal means: every error shape of the reference in one place (protocols/iptvportal.md, 3)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.core.errors import Malformed, ProviderError, Rejected, Unavailable
from app.core.redaction import scrub
from app.domain.values import integer, text
from app.providers.iptvportal.envelope import Body, Request, decoded, matched
from app.providers.iptvportal.errors import QueryRefused, SessionOver, TableForbidden
from app.providers.retry import retry_after
from app.providers.statuses import OK, judged
from app.providers.transport import Reply

UNAUTHORIZED, FORBIDDEN = 401, 403
SAYING: Final = frozenset({400, 409, 422})  # with a JSON-RPC error these are about the statement
INTERNAL: Final = -32603
MAX_WORDS: Final = 300
_SESSION: Final = re.compile(
    r"\bsession(?:id)?\b|un-?authori[sz]ed|not authori[sz]ed|authori[sz]ation|authentication|not logged in",
    re.IGNORECASE,
)
_STATEMENT: Final = re.compile(r"\b(?:column|relation|table|constraint|syntax|function|operator)\b", re.IGNORECASE)
_PERMISSION: Final = re.compile(r"permission denied|access denied|no access|forbidden", re.IGNORECASE)

Outcome = Any  # the `result` of a request, or the ProviderError that came instead


def outcomes(reply: Reply, requests: Sequence[Request]) -> list[Outcome]:
    """One outcome for each request; raises what is true for all of them, `Unavailable` above all."""
    document = decoded(reply.body)
    wait = retry_after(reply.headers.get("retry-after"))
    if reply.status not in OK:
        return [_of_status(reply.status, wait, document, request) for request in requests]
    if document is Body.BLANK:
        raise Unavailable("The portal answered with nothing.", retry_after=wait)
    if document is Body.OTHER:
        # A page of a proxy, or an answer that was cut: both pass.
        raise Unavailable("The portal answered with something that is not JSON, or was cut.", retry_after=wait)
    if len(requests) == 1:
        one = document[0] if isinstance(document, list) and len(document) == 1 else document
        return [_of_answer(one, requests[0])]
    if not isinstance(document, list):
        return [_of_answer(document, request, whole=False) for request in requests]
    found = matched(document, range(1, len(requests) + 1))
    return [_of_answer(found.get(number), request) for number, request in enumerate(requests, 1)]


def session_id(outcome: Outcome) -> str:
    """The session of a login; raises `Rejected` when nobody was let in."""
    if isinstance(outcome, QueryRefused):
        if outcome.number == INTERNAL:
            raise Unavailable("The portal cannot log anybody in now.")
        raise Rejected(_with_words("The portal does not let this user in.", outcome.said))
    if isinstance(outcome, SessionOver):
        raise Rejected(_with_words("The portal does not let this user in.", outcome.detail))
    if isinstance(outcome, TableForbidden):
        raise Rejected("The portal does not let this user in (403).")
    if isinstance(outcome, ProviderError):
        raise outcome
    found = text(outcome.get("session_id")).strip() if isinstance(outcome, Mapping) else ""
    if not found:
        raise Rejected("The portal answers the login without a session.")
    return found


def _of_status(status: int, wait: float | None, document: Any, request: Request) -> ProviderError:
    """The error of an answer that is no success; raises the ones that a retry may cure."""
    told = document.get("error") if isinstance(document, dict) else None
    said, number = words(told)
    if status == UNAUTHORIZED or (status == FORBIDDEN and _about_session(said)):
        return SessionOver(said or f"The portal answers {status}.")
    if status == FORBIDDEN:
        return TableForbidden(request.table)
    if told is not None and status in SAYING:
        return _refusal(said, number, told, request)
    error = judged(status, wait)
    if error is None:
        return Malformed(f"The portal answers {status}.")
    if isinstance(error, Unavailable):
        raise error
    if said:
        return type(error)(_with_words(error.detail, said))
    return error


def _of_answer(answer: Any, request: Request, *, whole: bool = True) -> Outcome:
    """`whole`: the answer is to this request; else to a batch, which nothing but an error can be."""
    if not isinstance(answer, dict):
        return Malformed("The portal did not answer this request.")
    told = answer.get("error")
    if told is not None:
        said, number = words(told)
        return _refusal(said, number, told, request)
    if "result" not in answer or not whole:
        return Malformed("The portal answers with neither a result nor an error.")
    return answer["result"]


def _refusal(said: str, number: int | None, told: Any, request: Request) -> ProviderError:
    if _about_session(said):
        return SessionOver(said)
    if _PERMISSION.search(said):
        return TableForbidden(request.table)
    return QueryRefused(said, number=number, data=told.get("data") if isinstance(told, dict) else None)


def words(told: Any) -> tuple[str, int | None]:
    """Message and code of an `error`: an object, or a text."""
    if isinstance(told, Mapping):
        said, number = told.get("message") or told.get("error") or told.get("data"), integer(told.get("code"))
    else:
        said, number = told, None
    plain = " ".join(text(said).split())
    return scrub(plain)[:MAX_WORDS], number


def _about_session(said: str) -> bool:
    return bool(_SESSION.search(said)) and not _STATEMENT.search(said)


def _with_words(sentence: str, said: str) -> str:
    return f"{sentence} It says: {said.rstrip('.')}." if said else sentence
