"""Play commands: the solution prefix, temporary links, and what must not be kept because it names the account."""

import re
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from app.domain.values import integer, text, truth

LOCAL_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "0.0.0.0", "::1", ""})  # noqa: S104 - compared, not bound
PLAYED: Final = frozenset({"http", "https", "rtsp", "rtmp", "udp", "rtp", "mms"})
NOT_SUBSCRIBED: Final = "wtf"  # `udp://wtf?`: what genuine portals put where the tariff has no link

_CHANNEL_LINK = re.compile(r"(/ch/)(\d+)(_?)")
# `/user/pass/12.ts`, `/live/user/pass/12.m3u8`: what panels hand out instead of a temporary link.
_ACCOUNT_PATH = re.compile(
    r"(?:/(?:live|movie|series|timeshift))?/[^/]+/[^/]+/(?:[^/]+/)*\d+(?:\.\w{2,4})?", re.IGNORECASE
)
_ACCOUNT_QUERY = re.compile(
    r"(?:^|&)(?:user(?:name)?|pass(?:word)?|login|mac|sn|token|play_token|auth|key|hash|sig\w*|secret)=", re.IGNORECASE
)


def bare(cmd: str) -> str:
    """The command without its solution: `ffmpeg http://…` plays `http://…`."""
    cmd = cmd.strip()
    first, _, rest = cmd.partition(" ")
    return rest.strip() if rest and "://" not in first and "/" not in first else cmd


def playable(url: str, home: str = "") -> bool:
    """Whether a player outside the portal can open it; a local address only where the portal (`home`) is local too."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme not in PLAYED or host == NOT_SUBSCRIBED or (host in LOCAL_HOSTS and parts.netloc != home):
        return False
    # Panels that lost the stream id answer with `…/live/user/pass/` or `…/.ts`.
    name = parts.path.rpartition("/")[2]
    return parts.scheme not in ("http", "https") or bool(parts.query) or (bool(name) and not name.startswith("."))


def holds_secret(cmd: str, secrets: tuple[str, ...]) -> bool:
    """Whether a command names the account: its own words, or a link of the kind that carries user and password."""
    lowered = cmd.lower()
    if "://" not in lowered:
        return any(secret in lowered for secret in secrets)
    # `http://localhost/ch/12_`: the portal's own name for a channel, which opens nothing without a session.
    if any(secret in lowered or secret in unquote(lowered) for secret in secrets):
        return True
    try:
        parts = urlsplit(bare(cmd))
        local = (parts.hostname or "") in LOCAL_HOSTS
    except ValueError:
        return True
    if parts.username or parts.password or _ACCOUNT_QUERY.search(parts.query):
        return True
    return not local and parts.scheme in ("http", "https") and _ACCOUNT_PATH.fullmatch(parts.path) is not None


def steady(cmd: Any, links: Any) -> str:
    """The same command at every sync: portals put a random one of several equal links into `cmd`."""
    found = text(cmd).strip()
    rows = _links(links)
    if len(rows) < 2:  # noqa: PLR2004 - one link is no choice
        return found
    first = min(rows, key=_rank)
    match = _CHANNEL_LINK.search(found)
    if match and match[2] in {text(link.get("id")) for link in rows}:
        return _CHANNEL_LINK.sub(rf"\g<1>{text(first.get('id'))}\g<3>", found, count=1)
    urls = {text(link.get("url")).strip() for link in rows}
    return text(first.get("url")).strip() if found in urls else found


def first_link(links: Any) -> str:
    """The id of the link that `steady` chooses, `""` without links."""
    return text(min(rows, key=_rank).get("id")) if (rows := _links(links)) else ""


def temporary(*flags: Any) -> bool:
    """Whether the portal has to be asked for a link each time."""
    return any(truth(flag) for flag in flags)


def _links(value: Any) -> list[dict[str, Any]]:
    return [link for link in value if isinstance(link, dict)] if type(value) is list else []


def _rank(link: dict[str, Any]) -> tuple[int, int, str]:
    own = text(link.get("id"))
    number = integer(own)
    return (integer(link.get("priority")) or 0, number if number is not None else 1 << 62, own)
