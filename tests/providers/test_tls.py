"""Operators who sign their certificates themselves."""

import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.core.errors import Unavailable
from app.domain.kinds import ProviderKind
from app.domain.portal_settings import of_flags, resolved
from app.mirror.desk import base_options
from app.providers.base import ProviderAccount
from app.providers.iptvportal.client import IptvPortalClient, Options
from app.providers.iptvportal.opening import open_client
from app.providers.transport import Transport
from tests.providers.raw_server import RawServer, reply

LET_IN = reply(b'{"jsonrpc":"2.0","id":1,"result":{"session_id":"fake-session-1"}}')


@pytest.fixture
def own_certificate(tmp_path: Path) -> ssl.SSLContext:
    """A server's side of TLS that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "operator.test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "own.pem"
    plain = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def client(transport: Transport, url: str, options: Mapping[str, Any], base: Options | None = None) -> IptvPortalClient:
    account = ProviderAccount(
        id="a",
        name="acme",
        kind=ProviderKind.IPTVPORTAL,
        url=url,
        credentials={"username": "fake-operator", "password": "fake-secret-9"},
        options=options,
    )
    return open_client(account, transport, base=base or Options(retry_attempts=0))


async def test_a_certificate_of_ones_own_is_taken_where_the_account_says_so(own_certificate: ssl.SSLContext) -> None:
    transport = Transport()
    lax = base_options(resolved([of_flags(["client.verify_tls=false", "client.retries=0"])]))
    try:
        async with RawServer(lambda _: LET_IN, tls=own_certificate) as server:
            for options, base in (({}, None), ({"verifyTls": True}, lax)):
                with pytest.raises(Unavailable, match="certificate that is not valid"):
                    await client(transport, server.url, options, base).authorize()
            assert server.asked == []  # no password went out
            for options, base in (({"verifyTls": False}, None), ({}, lax)):
                assert (await client(transport, server.url, options, base).authorize()).id == "fake-session-1"
            # Whoever asks the same host with care has no part in the connections of the others.
            with pytest.raises(Unavailable):
                await client(transport, server.url, {}).authorize()
    finally:
        await transport.close()
