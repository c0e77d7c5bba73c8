"""Who asks, as the doors tell each other in a request's scope."""

from ipaddress import IPv6Address, ip_address
from typing import Final

from starlette.types import Scope

from app.access.desk import AccessDesk
from app.access.keys import Caller
from app.context import ProcessContext
from app.domain.access import KeyScope

CALLER: Final = "lineup.caller"  # absent where no key is needed, such as for players
# What is no stored key stands in parentheses, which no key's name may hold.
ANYBODY: Final = Caller(name="(anybody)", scope=KeyScope.ADMIN)  # while no key was ever made
SESSION: Final = Caller(name="(session)", scope=KeyScope.ADMIN)  # somebody who signed in with a browser
HOST_BITS: Final = 64  # of an IPv6 address: whoever has one has all that share its first half


def configured(place: int) -> Caller:
    """A key of LINEUP_API_KEYS, by its place there, from 1."""
    return Caller(name=f"(LINEUP_API_KEYS {place})", scope=KeyScope.ADMIN, key=f"configured {place}")


def desk_of(scope: Scope) -> AccessDesk | None:
    """None in what a worker process tells of itself: it has no context."""
    context: ProcessContext | None = getattr(scope["app"].state, "context", None)
    return None if context is None else context.access


def address_of(scope: Scope) -> str:
    """Where a request comes from, as limits count it; proxies that are trusted were taken into account before."""
    host = (scope.get("client") or ("", 0))[0]
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return "unknown"  # a unix socket
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Address(int(address) >> HOST_BITS << HOST_BITS))
