"""Credentials and options as people give them: which there are, and what each must look like."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.core.errors import Invalid
from app.domain.kinds import ProviderKind
from app.domain.values import text
from app.domain.webhooks import signing_key
from app.providers.iptvportal.mapping import wrong_tables
from app.providers.urls import http_url

Errors = list[tuple[str, str]]

SIGNER: Final = "webhookSecret"  # not of the provider: it signs what its webhook is told
CREDENTIALS: Final[Mapping[ProviderKind, frozenset[str]]] = {
    ProviderKind.STALKER: frozenset(
        {
            SIGNER,
            "mac",
            "serialNumber",
            "deviceId",
            "deviceId2",
            "username",
            "password",
            "timezone",
            "language",
            "model",
        }
    ),
    ProviderKind.XTREAM: frozenset({SIGNER, "username", "password"}),
    ProviderKind.M3U: frozenset({SIGNER}),  # the URL holds what there is
    ProviderKind.IPTVPORTAL: frozenset({SIGNER, "username", "password"}),
}
MAX_LENGTH: Final = 512
MAX_PARALLEL: Final = 1000
MAX_PER_SECOND: Final = 1000
YEAR_HOURS: Final = 24 * 366
_MAC = re.compile(r"[0-9A-F]{12}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")


def clean_credentials(kind: ProviderKind, given: Mapping[str, Any], errors: Errors) -> dict[str, str]:
    """Trimmed credentials without empty ones; what cannot be used is added to `errors`."""
    found: dict[str, str] = {}
    for name, value in given.items():
        if name not in CREDENTIALS[kind]:
            errors.append((f"credentials.{name}", f"A provider of kind {kind.value} has no such credential."))
        elif value is None or value == "":
            continue
        elif not (word := text(value).strip()) or len(word) > MAX_LENGTH or not word.isprintable():
            errors.append((f"credentials.{name}", f"This must be text of at most {MAX_LENGTH} characters in one line."))
        else:
            found[name] = word
    return found


def mac_address(value: str) -> str | None:
    """`00:1A:79:AA:BB:CC` from any usual spelling; None when it is no MAC address."""
    digits = re.sub(r"[:\-. ]", "", value).upper()
    if not _MAC.fullmatch(digits):
        return None
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


def check_options(given: Mapping[str, Any], errors: Errors) -> None:
    """Adds to `errors` what is unknown or makes no sense; null means unset."""
    for name, value in given.items():
        rule = OPTIONS.get(name)
        if rule is None:
            errors.append((f"options.{name}", "There is no such option."))
        elif value is not None and (wrong := rule(value)):
            errors.append((f"options.{name}", wrong))


def check_webhook(options: Mapping[str, Any], credentials: Mapping[str, str], errors: Errors) -> None:
    """Adds to `errors` a secret that is missing beside a webhook, or that nothing can be signed with."""
    field, secret = f"credentials.{SIGNER}", credentials.get(SIGNER)
    if secret is None:
        named = any(name in (field, "options.webhookUrl") for name, _ in errors)
        if options.get("webhookUrl") is not None and not named:
            errors.append((field, "This is needed to sign what goes to options.webhookUrl."))
        return
    try:
        signing_key(secret)
    except ValueError as error:
        errors.append((field, str(error)))


def _header(value: Any) -> str | None:
    if isinstance(value, str) and value.strip() and value.isprintable() and len(value) <= MAX_LENGTH:
        return None
    return f"This must be text of at most {MAX_LENGTH} characters in one line."


def _within(low: float, high: float, *, whole: bool) -> Callable[[Any], str | None]:
    def check(value: Any) -> str | None:
        kinds = (int,) if whole else (int, float)
        if isinstance(value, kinds) and not isinstance(value, bool) and low <= value <= high:
            return None
        return f"This must be a {'whole number' if whole else 'number'} from {low:g} to {high:g}."

    return check


def _one_of(*words: str) -> Callable[[Any], str | None]:
    def check(value: Any) -> str | None:
        return None if value in words else f"This must be one of {', '.join(words)}."

    return check


def _language(value: Any) -> str | None:
    return None if isinstance(value, str) and _LANGUAGE.fullmatch(value) else "This must be a language such as en."


def _timezone(value: Any) -> str | None:
    try:
        ZoneInfo(value if isinstance(value, str) else "")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "This must be a time zone such as Europe/Berlin."
    return None


def _url(value: Any) -> str | None:
    try:
        http_url(value if isinstance(value, str) else "")
    except Invalid as error:
        return error.errors[0][1]
    return None


def _receiver(value: Any) -> str | None:
    """It is posted to as it is written, so nothing may be left to guess."""
    if isinstance(value, str) and not value.lower().startswith(("http://", "https://")):
        return "This must begin with http:// or https://."
    return _url(value)


def _flag(value: Any) -> str | None:
    return None if isinstance(value, bool) else "This must be true or false."


OPTIONS: Final[Mapping[str, Callable[[Any], str | None]]] = {
    "userAgent": _header,
    "maxParallelPages": _within(1, MAX_PARALLEL, whole=True),
    "requestsPerSecond": _within(0.01, MAX_PER_SECOND, whole=False),
    "fullEveryHours": _within(0, YEAR_HOURS, whole=False),
    "output": _one_of("ts", "m3u8"),
    "language": _language,
    "macEncoding": _one_of("raw", "percent", "lower"),
    "webhookUrl": _receiver,
    "epgUrl": _url,
    "epgEveryHours": _within(0, YEAR_HOURS, whole=False),
    "epgShiftHours": _within(-24, 24, whole=False),
    "timezone": _timezone,
    "sessionSeconds": _within(60, YEAR_HOURS * 3600, whole=False),
    "verifyTls": _flag,
    "tables": wrong_tables,
}
