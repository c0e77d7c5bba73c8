"""Where an operator's portal is: what people paste, and the two addresses that are asked.

Both end in a slash, which matters (protocols/iptvportal.md, 1).
"""

import re
from dataclasses import dataclass
from typing import Final

from app.providers.urls import Pasted, split_url

AUTH_PATH: Final = "/api/jsonrpc/"
SQL_PATH: Final = "/api/jsonsql/"
VENDOR: Final = ".admin.iptvportal.ru"
_SCHEME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")
_WORD: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", re.IGNORECASE)
_TAIL: Final = re.compile(r"(?:/api(?:/json(?:rpc|sql))?|/login|/index\.html?)?/*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The portal's base, without a slash at its end."""

    base: str

    @property
    def auth(self) -> str:
        return self.base + AUTH_PATH

    @property
    def sql(self) -> str:
        return self.base + SQL_PATH


def portal_url(pasted: str) -> Pasted:
    """A portal's base: an operator's name alone (`acme`), its host, or any address of its API; https unless told."""
    pasted = pasted.strip()
    if _WORD.fullmatch(pasted) and pasted.lower() != "localhost":
        pasted += VENDOR
    if pasted and not _SCHEME.match(pasted):
        pasted = f"https://{pasted.lstrip('/')}"
    parts = split_url(pasted)
    path = _TAIL.sub("", parts.path)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = parts.netloc if parts.port is None else parts.netloc.rpartition(":")[0]
    default = parts.port is None or (parts.scheme, port) in (("https", 443), ("http", 80))
    return Pasted(url=f"{parts.scheme}://{host if default else f'{host}:{port}'}{path}", address=f"{host}:{port}{path}")
