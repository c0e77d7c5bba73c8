"""The account object: who asks, until when, and what the panel offers."""

from dataclasses import dataclass
from typing import Any, Final

from app.core.clock import now_ms
from app.domain.values import epoch_ms, integer, text, text_or_none
from app.providers.base import AccountStatus
from app.providers.xtream.classify import message

USABLE: Final = frozenset({"", "active", "trial"})
REFUSING: Final = frozenset({"expired", "banned", "disabled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An accepted login; `status` in lower case, `expired` when the panel says so or its date is over."""

    status: str
    message: str | None
    expires_at: int | None
    max_connections: int | None
    timezone: str | None
    formats: frozenset[str]

    @property
    def usable(self) -> bool:
        return self.status not in REFUSING

    def report(self) -> AccountStatus:
        return AccountStatus(
            ok=self.usable,
            status=self.status,
            message=self.message,
            expires_at=self.expires_at,
            max_connections=self.max_connections,
            server_timezone=self.timezone,
        )


def is_account(document: Any) -> bool:
    return isinstance(document, dict) and isinstance(document.get("user_info"), dict)


def read_account(document: dict[str, Any]) -> Account:
    """An account object that refuses nothing (`classify` has seen it)."""
    user = document["user_info"]
    server = document.get("server_info")
    expires_at = epoch_ms(user.get("exp_date"))
    status = text(user.get("status")).strip().lower()
    if expires_at is not None and expires_at <= now_ms() and status in USABLE:
        status = "expired"
    return Account(
        status=status or "active",
        message=text_or_none(message(document)),
        expires_at=expires_at,
        max_connections=integer(user.get("max_connections")) or None,
        timezone=text_or_none(server.get("timezone")) if isinstance(server, dict) else None,
        formats=_formats(user.get("allowed_output_formats")),
    )


def _formats(value: Any) -> frozenset[str]:
    entries = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return frozenset(text(entry).strip().lower() for entry in entries) - {""}
