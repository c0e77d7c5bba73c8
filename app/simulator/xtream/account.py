"""The login of every Xtream call and the account object."""

import time
from typing import Any, Final

from app.simulator.behaviour import Account, Behaviour
from app.simulator.facts import NEWEST
from app.simulator.gate import error_page
from app.simulator.shapes import Number, as_int, datetime_text
from app.simulator.wire import Call, Reply
from app.simulator.xtream.profile import XtreamProfile

USABLE: Final = frozenset({"active", "trial"})


def find_account(behaviour: Behaviour, call: Call) -> Account | None:
    """Whose name and password these are; without configured accounts everybody has one."""
    username, password = call.params.get("username", ""), call.params.get("password", "")
    if not behaviour.accounts:
        return Account(username=username, password=password) if username and password else None
    matching = (a for a in behaviour.accounts if (a.username, a.password) == (username, password))
    return next(matching, None)


def refusal(behaviour: Behaviour, profile: XtreamProfile, account: Account | None, call: Call) -> Reply | None:
    """What a family says to wrong, expired and banned accounts; None lets the call pass."""
    form = behaviour.login_failure or profile.login_failure
    if account is not None and account.status in USABLE:
        return None
    if account is not None and form == "auth0":
        # Legacy panels tell the status to whoever asks for the account, and refuse lists or answer them empty.
        if not call.action:
            return None
        return Reply(b"[]") if account.status == "expired" else Reply(b'{"user_info":{"auth":0}}')
    return {
        "auth0": Reply(b'{"user_info":{"auth":0}}'),
        "401": Reply(b'{"error":"Invalid credentials"}', 401),
        "403": Reply(b"", 403),
        "404": error_page(404),
    }[form]


def account_object(account: Account, profile: XtreamProfile, *, volatile: bool) -> dict[str, Any]:
    """user_info and server_info; `server_info.url` is wrong, as it often is."""
    expires = None if account.expires_at is None else account.expires_at + (int(time.time()) if volatile else 0)
    n: Number = as_int if profile.variance == "xui" else str
    now = int(time.time())
    return {
        "user_info": {
            "username": account.username,
            "password": account.password,
            "message": None if profile.variance == "php_empty" else "Welcome",
            "auth": 1,
            "status": account.status.capitalize(),
            "exp_date": None if expires is None else str(expires),
            "is_trial": n(int(account.status == "trial")),
            "active_cons": n(0),
            "created_at": str(NEWEST),
            "max_connections": n(account.max_connections),
            "allowed_output_formats": [""] if profile.variance == "php_empty" else ["m3u8", "ts", "rtmp"],
        },
        "server_info": {
            "url": "origin.internal.test",
            "port": n(80),
            "https_port": n(443),
            "server_protocol": "http",
            "rtmp_port": n(8880),
            "timezone": "Europe/Berlin",
            "timestamp_now": now,
            "time_now": datetime_text(now),
            "process": True,
        },
    }
