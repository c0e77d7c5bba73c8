"""Which network addresses may be connected to: never cloud metadata, and nothing private where that is asked for."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final, Literal

Networks = Literal["any", "public"]
Address = IPv4Address | IPv6Address

# Whoever can make us fetch one of these reads the keys of the machine we run on.
METADATA: Final = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",  # AWS, Azure, Google, DigitalOcean, OpenStack, Oracle
        "169.254.170.2",  # AWS container credentials
        "169.254.170.23",  # AWS pod identity
        "100.100.100.200",  # Alibaba
        "168.63.129.16",  # Azure wire server
        "192.0.0.192",  # Oracle classic
        "fd00:ec2::254",  # AWS
        "fd00:ec2::23",  # AWS pod identity
        "fd20:ce::254",  # Google
    )
)
NAT64: Final = IPv6Network("64:ff9b::/96")


class Refused(OSError):
    """An address that must not be connected to; the text says why."""


def check(address: str, networks: Networks) -> None:
    """Raises `Refused` for a literal address that is forbidden."""
    for one in _meanings(ip_address(address.partition("%")[0])):
        if one in METADATA:
            raise Refused("The address belongs to a cloud metadata service, which is never contacted.")
        if networks == "public" and (not one.is_global or one.is_multicast):
            raise Refused("The address is private, and only providers on public networks are allowed here.")


def _meanings(address: Address) -> tuple[Address, ...]:
    # An IPv6 address may carry an IPv4 one that the network takes out again.
    if isinstance(address, IPv4Address):
        return (address,)
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address in NAT64:
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    if address.ipv4_mapped is not None and inner is not None:
        return (inner,)
    return (address,) if inner is None else (address, inner)
