"""Credentials at rest: AES-GCM under LINEUP_SECRET_KEY, bound to the provider whose they are."""

import os
import secrets
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.core.errors import Misconfigured
from app.core.redaction import conceal

FORMAT: Final = b"\x01"
NONCE_BYTES: Final = 12  # what GCM is made for
KEY_FILE: Final = "secret.key"
OPEN_WORDS: Final = frozenset({"timezone", "language", "model", "type", "output"})  # tell nothing of whose they are


class Secrets:
    """Seals with the first key, opens with any of them. `owner` must be the same both times. Its repr tells nothing."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise Misconfigured("LINEUP_SECRET_KEY is empty")
        conceal(*keys)
        self._keys = tuple(key.encode() for key in keys)
        self._ciphers = tuple(AESGCM(sha256(b"lineup credentials\0" + key).digest()) for key in self._keys)

    def seal(self, plain: bytes, *, owner: str) -> bytes:
        """A format byte, the nonce, the ciphertext with its tag."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return FORMAT + nonce + self._ciphers[0].encrypt(nonce, plain, owner.encode())

    def open(self, sealed: bytes, *, owner: str) -> bytes:
        nonce, text = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        for cipher in self._ciphers if sealed[:1] == FORMAT else ():
            try:
                return cipher.decrypt(nonce, text, owner.encode())
            except InvalidTag:
                continue
        raise Misconfigured("LINEUP_SECRET_KEY does not open the stored credentials: add the key that sealed them")

    def resealed(self, sealed: bytes, *, owner: str) -> bytes | None:
        """The same under the first key; None where it is under that already."""
        plain = self.open(sealed, owner=owner)
        try:
            self._ciphers[0].decrypt(sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :], owner.encode())
        except InvalidTag:
            return self.seal(plain, owner=owner)
        return None

    def derived(self, purpose: str) -> tuple[bytes, ...]:
        """Keys for another purpose, one per key that is set: the first one makes, all of them verify."""
        return tuple(sha256(b"lineup " + purpose.encode() + b"\0" + key).digest() for key in self._keys)


def conceal_account(url: str, credentials: Mapping[str, str], options: Mapping[str, Any]) -> None:
    """From here on no log line of this process holds what the account is opened with."""
    addresses = [url, *(value for value in options.values() if isinstance(value, str) and "?" in value)]
    queried = [pair for address in addresses for pair in parse_qsl(urlsplit(address).query)]
    conceal(*(value for name, value in (*credentials.items(), *queried) if name not in OPEN_WORDS))


def load_secrets(given: str | None, folder: Path, *, required: bool = False) -> Secrets:
    """The keys that are set, or the one kept in the data folder, made there on first use."""
    if given is not None:
        return Secrets(keys_in(given))
    if required:
        raise Misconfigured("LINEUP_SECRET_KEY is needed with LINEUP_REDIS_URL: all processes must share it")
    return Secrets(_kept_keys(folder))


def keys_in(text: str) -> list[str]:
    """The keys of a comma-separated list, the one that seals first."""
    return [key for part in text.split(",") if (key := part.strip())]


def begin_rotation(folder: Path, new: str | None = None) -> Secrets:
    """Puts a new key before the one that is kept in the data folder; one that was begun and not ended goes on."""
    kept = _kept_keys(folder)
    if len(kept) == 1 or new not in (None, kept[0]):
        kept = [new or secrets.token_urlsafe(32), *kept]
        _keep(folder, ",".join(kept), replace=True)
    return Secrets(kept)


def end_rotation(folder: Path) -> None:
    """Forgets all keys but the first: nothing may be sealed with another one any more."""
    _keep(folder, _kept_keys(folder)[0], replace=True)


def _kept_keys(folder: Path) -> list[str]:
    file = folder / KEY_FILE
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            _keep(folder, secrets.token_urlsafe(32))
        return keys_in(file.read_text())
    except OSError as error:
        raise Misconfigured(f"LINEUP_DATA_DIR: cannot keep a key in {folder}: {error.strerror}") from None


def _keep(folder: Path, text: str, *, replace: bool = False) -> None:
    """The file appears whole or not at all: of two processes that start together, both read the same key."""
    file = folder / KEY_FILE
    draft = file.with_name(f".{KEY_FILE}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        if replace:
            draft.replace(file)
        else:
            os.link(draft, file)
    except FileExistsError:
        return
    finally:
        draft.unlink(missing_ok=True)
