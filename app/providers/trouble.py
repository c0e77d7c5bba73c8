"""What a connection that failed means, in words without the query or a secret."""

from typing import Final

import aiohttp
from yarl import URL

from app.core.errors import ProviderError, Rejected, Unavailable
from app.providers.addresses import Refused
from app.providers.crossing import where

CONNECT_SECONDS: Final = 10.0


def trouble(error: BaseException, url: URL) -> ProviderError:
    """What an error of a connection means: `Rejected` for a forbidden address, else `Unavailable`."""
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, Refused):
        return Rejected(f"{where(url)}: {error.os_error}")
    said = next((said for kind, said in SAYINGS if isinstance(error, kind)), "broke the connection")
    return Unavailable(f"{where(url)} {said}.")


SAYINGS: Final = (
    (aiohttp.ConnectionTimeoutError, f"could not be reached within {CONNECT_SECONDS:.0f} s"),
    (aiohttp.ClientConnectorDNSError, "has no address: the name cannot be resolved"),
    (aiohttp.ClientConnectorCertificateError, "shows a TLS certificate that is not valid for it"),
    (aiohttp.ClientSSLError, "does not agree on an encrypted connection"),
    (aiohttp.ClientConnectorError, "refuses connections or cannot be reached"),
    (TimeoutError, "did not answer in time"),
    (aiohttp.ClientPayloadError, "cut its answer short"),
    (aiohttp.ServerDisconnectedError, "closed the connection without an answer"),
    (aiohttp.ClientResponseError, "sent something that is not HTTP"),
)
