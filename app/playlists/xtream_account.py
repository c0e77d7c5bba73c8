"""The account object: who asks, until when, and where this server is for them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from app.core.clock import now_ms
from app.playlists.users import User

DENIED: Final = b'{"user_info":{"auth":0}}'
FORMATS: Final = ("m3u8", "ts")
TIMEZONE: Final = "UTC"


class Standing(StrEnum):
    """Whether a user may watch; spelled as panels spell it."""

    ACTIVE = "Active"
    DISABLED = "Disabled"
    EXPIRED = "Expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """How the client reached this server; `port` is the one it used."""

    scheme: str
    host: str
    port: int


def standing(user: User) -> Standing:
    """As of now."""
    if not user.enabled:
        return Standing.DISABLED
    over = user.expires_at is not None and user.expires_at <= now_ms()
    return Standing.EXPIRED if over else Standing.ACTIVE


def account(user: User, password: str, address: Address) -> dict[str, Any]:
    """`user_info` and `server_info` for someone who knows the password, whatever their standing."""
    return {"user_info": _user(user, password), "server_info": _server(address)}


def _user(user: User, password: str) -> dict[str, Any]:
    return {
        "username": user.username,
        "password": password,
        "message": "",
        "auth": 1,
        "status": standing(user).value,
        "exp_date": None if user.expires_at is None else str(user.expires_at // 1000),
        "is_trial": "0",
        "active_cons": "0",  # streams do not pass through here: how many are open nobody knows
        "created_at": str(user.created_at // 1000),
        "max_connections": str(user.max_connections),
        "allowed_output_formats": FORMATS,
    }


def _server(address: Address) -> dict[str, Any]:
    secure = address.scheme == "https"
    seconds = now_ms() // 1000
    return {
        "url": address.host,
        "port": "" if secure else str(address.port),
        "https_port": str(address.port) if secure else "",
        "server_protocol": address.scheme,
        "rtmp_port": "",
        "timezone": TIMEZONE,
        "timestamp_now": seconds,
        "time_now": clock_text(seconds),
        "process": True,
    }


def clock_text(seconds: int) -> str:
    """`2025-10-09 10:53:20`, as a clock in `TIMEZONE` shows it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
