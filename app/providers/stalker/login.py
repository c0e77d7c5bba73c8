"""What a profile says: who may come in, and in words a person can act on why not."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from app.core.errors import Rejected
from app.domain.values import clean_text, epoch_ms, integer, local_ms, text, truth
from app.providers.base import AccountStatus
from app.providers.stalker.box import Box

OK, REFUSED, LOGIN = 0, 1, 2
NEVER: Final = frozenset({"unlimited", "never", "lifetime", "no limit"})
EXPIRY_FIELDS: Final = (
    "end_date",
    "expire_billing_date",
    "expirydate",
    "expire_date",
    "exp_date",
    "phone",
    "tariff_expired_date",
)
DATE_FORMATS: Final = (
    "%B %d, %Y, %I:%M %p",
    "%B %d, %Y %I:%M %p",
    "%B %d, %Y",
    "%b %d, %Y",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%d-%m-%Y",
)
LIMIT_FIELDS: Final = ("max_connections", "max_online", "playback_limit")
MORE_SENTENCES: Final = (
    ("mac address mismatch", "Device conflict: the portal has this account bound to another MAC address."),
    (
        "device_id",
        "Device conflict: the portal has this MAC address bound to another device id; enter the original one.",
    ),
    ("device conflict", "Device conflict: the portal has this MAC address bound to another device."),
    ("expire", "The account has expired."),
)
_TAG = re.compile(r"<[^>]*>")


class AuthNeeded(Exception):
    """Status 2: username and password are asked for."""


def judge_profile(profile: Mapping[str, Any], box: Box) -> Mapping[str, Any]:
    """The profile of a box that may come in; raises `AuthNeeded`, or `Rejected` with the reason."""
    status = integer(profile.get("status"))
    if status == LOGIN:
        if not box.username:
            raise Rejected("The portal asks for a username and a password beside the MAC address.")
        raise AuthNeeded
    if status == REFUSED or truth(profile.get("blocked")) or truth(profile.get("portal_disabled")):
        raise Rejected(_reason(profile, box))
    return profile


def read_account(profile: Mapping[str, Any], info: Mapping[str, Any], timezone: str) -> AccountStatus:
    """What profile and account information together say; panels hide the expiry in `phone`."""
    expires = _expiry({**profile, **{name: value for name, value in info.items() if value}}, timezone)
    limits = [found for name in LIMIT_FIELDS if (found := integer(info.get(name) or profile.get(name)))]
    plan = clean_text(info.get("tariff_plan")) or clean_text(profile.get("tariff_plan"))
    return AccountStatus(
        ok=True,
        status="active",
        message=plan,
        expires_at=expires,
        max_connections=next((limit for limit in limits if limit > 0), None),
        server_timezone=clean_text(profile.get("default_timezone")),
    )


def _expiry(facts: Mapping[str, Any], timezone: str) -> int | None:
    for name in EXPIRY_FIELDS:
        value = facts.get(name)
        words = text(value).strip()
        if words.lower() in NEVER:
            return None
        if found := _moment(words, timezone, digits=name != "phone"):
            return found
    return None


def _moment(words: str, timezone: str, *, digits: bool) -> int | None:
    """A date in any spelling seen; bare digits are epoch seconds, but never in `phone`."""
    if words.isdecimal():
        return epoch_ms(words) if digits else None
    if found := local_ms(words, timezone):
        return found
    for pattern in DATE_FORMATS:
        try:
            moment = datetime.strptime(words, pattern)  # noqa: DTZ007 - local_ms gives it its zone
        except ValueError:
            continue
        return local_ms(moment.isoformat(), timezone)
    return None


def _reason(profile: Mapping[str, Any], box: Box) -> str:
    said = box.hush(" ".join(filter(None, (_plain(profile.get("msg")), _plain(profile.get("block_msg"))))))
    for word, sentence in MORE_SENTENCES:
        if word in said.lower():
            return sentence
    if truth(profile.get("portal_disabled")):
        return "The portal is switched off by its operator."
    if said:
        return f"The portal blocks this account: {said[:200]}"
    if profile.get("id") or truth(profile.get("blocked")):
        return "The portal has blocked this account."
    return "The portal refuses this MAC address: it is unknown, or not in the form 00:1A:79:XX:XX:XX."


def _plain(value: Any) -> str:
    found = clean_text(_TAG.sub(" ", text(value)))
    return " ".join(found.split()) if found else ""
