"""The dialects that are spoken: from what a person typed to a provider that can be talked to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from app.core.errors import Invalid
from app.domain.kinds import ProviderKind
from app.providers.base import Provider, ProviderAccount
from app.providers.fields import Errors, check_options, check_webhook, clean_credentials, mac_address
from app.providers.iptvportal.endpoints import portal_url
from app.providers.iptvportal.provider import IptvPortalProvider
from app.providers.iptvportal.session import SessionStore
from app.providers.m3u.home import m3u_url
from app.providers.m3u.provider import M3uProvider
from app.providers.stalker.provider import StalkerProvider
from app.providers.transport import Transport
from app.providers.urls import Pasted, stalker_url, xtream_url
from app.providers.xtream.provider import XtreamProvider

SessionsAtRest = Callable[[ProviderAccount], SessionStore]


class Adapter(Protocol):
    """How every adapter is made."""

    def __call__(
        self, account: ProviderAccount, transport: Transport, *, retry_attempts: int, retry_base_seconds: float
    ) -> Provider: ...


ADAPTERS: Final[Mapping[ProviderKind, Adapter]] = {
    ProviderKind.STALKER: StalkerProvider,
    ProviderKind.XTREAM: XtreamProvider,
    ProviderKind.M3U: M3uProvider,
    ProviderKind.IPTVPORTAL: IptvPortalProvider,
}
READERS: Final[Mapping[ProviderKind, Callable[[str], Pasted]]] = {
    ProviderKind.STALKER: stalker_url,
    ProviderKind.XTREAM: xtream_url,
    ProviderKind.M3U: m3u_url,
    ProviderKind.IPTVPORTAL: portal_url,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a provider is and who asks: `address` and `account` make its id, and hold no secret."""

    url: str = field(repr=False)
    address: str
    account: str
    credentials: Mapping[str, str] = field(repr=False)
    shown: str | None = None  # what may be shown of the URL, where its path may hold secrets


def parse_address(
    kind: ProviderKind | str, url: str, credentials: Mapping[str, Any], options: Mapping[str, Any]
) -> Address:
    """Normalises what was pasted; raises `Invalid` with every field that cannot be used."""
    known = _spoken(kind)
    errors: Errors = []
    pasted: Pasted | None = None
    try:
        pasted = READERS[known](url)
    except Invalid as error:
        errors += error.errors
    found = clean_credentials(known, credentials, errors)
    account = _account(known, found, pasted, errors)
    check_options(options, errors)
    check_webhook(options, found, errors)
    if errors or pasted is None:
        raise Invalid(errors)
    return Address(url=pasted.url, address=pasted.address, account=account, credentials=found, shown=pasted.shown)


def open_provider(
    account: ProviderAccount,
    transport: Transport,
    *,
    retry_attempts: int = 3,
    retry_base_seconds: float = 1.0,
    sessions: SessionsAtRest | None = None,
) -> Provider:
    """The adapter of an account; nothing is asked of the provider yet. `sessions` keeps those that outlive it."""
    retries: Any = {"retry_attempts": retry_attempts, "retry_base_seconds": retry_base_seconds}
    kind = _spoken(account.kind)
    if kind is ProviderKind.IPTVPORTAL and sessions is not None:
        return IptvPortalProvider(account, transport, store=sessions(account), **retries)
    return ADAPTERS[kind](account, transport, **retries)


def _spoken(kind: ProviderKind | str) -> ProviderKind:
    try:
        return ProviderKind(kind)
    except ValueError:
        raise Invalid([("kind", f"This must be one of {', '.join(ProviderKind)}.")]) from None


def _account(kind: ProviderKind, credentials: dict[str, str], pasted: Pasted | None, errors: Errors) -> str:
    """Who asks, as far as that is no secret."""
    if kind is ProviderKind.STALKER:
        return _stalker(credentials, errors)
    if kind is ProviderKind.XTREAM:
        return _xtream(credentials, pasted, errors)
    if kind is ProviderKind.IPTVPORTAL:
        return _operator(credentials, errors)
    return (pasted.username if pasted else None) or ""


def _stalker(credentials: dict[str, str], errors: Errors) -> str:
    given = credentials.get("mac")
    mac = mac_address(given) if given else None
    if mac is None:
        _add(errors, "credentials.mac", "This must be a MAC address such as 00:1A:79:AA:BB:CC.")
        return ""
    credentials["mac"] = mac
    return mac


def _xtream(credentials: dict[str, str], pasted: Pasted | None, errors: Errors) -> str:
    in_url = {"username": pasted.username, "password": pasted.password} if pasted else {}
    for name in ("username", "password"):
        if not credentials.get(name) and (value := in_url.get(name)):
            credentials[name] = value
        if not credentials.get(name):
            _add(errors, f"credentials.{name}", "This is needed, here or in the URL.")
    return credentials.get("username", "")


def _operator(credentials: dict[str, str], errors: Errors) -> str:
    for name in ("username", "password"):
        if not credentials.get(name):
            _add(errors, f"credentials.{name}", "This is needed.")
    return credentials.get("username", "")


def _add(errors: Errors, name: str, message: str) -> None:
    """One message per field: what is already known to be wrong is not also missing."""
    if all(name != other for other, _ in errors):
        errors.append((name, message))
