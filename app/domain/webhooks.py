"""Webhooks after the Standard Webhooks scheme: the key of a secret, the signature, and when to try again."""

import hmac
from base64 import b64decode, b64encode
from binascii import Error
from hashlib import sha256
from typing import Final

PREFIX: Final = "whsec_"
KEY_BYTES: Final = (24, 64)
WRONG_SECRET: Final = f"This must be {PREFIX} and the base64 of 24 to 64 bytes, or text of 24 to 64 bytes."
FIRST_SECONDS: Final = 5
LONGEST_SECONDS: Final = 6 * 3600
MOST_ATTEMPTS: Final = 16  # the last one some 24 hours after the first


def signing_key(secret: str) -> bytes:
    """The bytes to sign with; raises ValueError with a sentence when it is too short, too long or no base64."""
    try:
        key = b64decode(secret.removeprefix(PREFIX), validate=True) if secret.startswith(PREFIX) else secret.encode()
    except (Error, ValueError):
        raise ValueError(WRONG_SECRET) from None
    if not KEY_BYTES[0] <= len(key) <= KEY_BYTES[1]:
        raise ValueError(WRONG_SECRET)
    return key


def signature(key: bytes, *, message_id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`; the timestamp is in seconds."""
    digest = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, sha256)
    return f"v1,{b64encode(digest).decode()}"


def retry_seconds(attempts: int) -> int | None:
    """The wait after so many failed attempts; None when it is time to give up."""
    if attempts >= MOST_ATTEMPTS:
        return None
    return int(min(FIRST_SECONDS * 2 ** (attempts - 1), LONGEST_SECONDS))
