"""The habits of the portal that is a database behind JSON-RPC."""

from dataclasses import dataclass
from typing import Final, Literal

# Both end in a slash: without it nothing lives there (protocols/iptvportal.md, 1).
AUTH_PATH: Final = "/api/jsonrpc/"
SQL_PATH: Final = "/api/jsonsql/"
PATHS: Final = (AUTH_PATH, SQL_PATH)

SessionRefusal = Literal["401", "403", "error", "string"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IptvPortalProfile:
    """How it says that a session is over: by a status, or by an error in a 200 that is an object or a text."""

    session_refusal: SessionRefusal = "401"


OPERATOR: Final = IptvPortalProfile()
