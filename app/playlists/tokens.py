"""What opens a playlist and what plays one item of it: words that cannot be guessed, compared in constant time."""

import secrets
from hashlib import blake2b, sha256
from hmac import compare_digest
from typing import Final, Protocol

from app.core.ids import ALPHABET
from app.core.redaction import conceal

TOKEN_BYTES: Final = 32
MARK_BYTES: Final = 16  # of a capability: 128 bits
PASSWORD_LENGTH: Final = 16  # characters of 5 bits: typed with a remote control
KEY_BYTES: Final = 64  # the longest key that BLAKE2 takes
PLAYLIST: Final = "p"
PROVIDER: Final = "c"
FILES: Final = "files"  # what a provider's capability opens when it is not for one item


class Sealer(Protocol):
    """Keeps secrets at rest; `owner` must be the same both times."""

    def seal(self, plain: bytes, *, owner: str) -> bytes: ...

    def open(self, sealed: bytes, *, owner: str) -> bytes: ...

    def derived(self, purpose: str) -> tuple[bytes, ...]:
        """Keys for another purpose, one per key that is set: the first one makes, all of them verify."""
        ...


def new_token() -> str:
    """A token of 256 bits that fits into URLs."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    conceal(token)
    return token


def new_password() -> str:
    """A password of 80 bits without letters that are taken for each other."""
    password = "".join(secrets.choice(ALPHABET) for _ in range(PASSWORD_LENGTH))
    conceal(password)
    return password


def digest(word: str) -> str:
    """How a token is found again: whoever reads the database learns nothing that opens anything."""
    return sha256(word.encode()).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two words are equal; tells nothing by how long it takes, not even their lengths."""
    return compare_digest(sha256(one.encode()).digest(), sha256(other.encode()).digest())


class Capability:
    """Makes and verifies `<letter><owner>-<mark>`: what opens exactly one thing of its owner.

    `keys`: the first makes, all verify.
    """

    def __init__(self, letter: str, owner: str, keys: tuple[bytes, ...]) -> None:
        self._prefix = f"{letter}{owner}-"
        self._makers = [blake2b(key=key[:KEY_BYTES], digest_size=MARK_BYTES) for key in keys]

    def of(self, thing: str) -> str:
        """The word that opens this thing."""
        return self._prefix + self._mark(0, thing)

    def opens(self, word: str, thing: str) -> bool:
        """Whether the word was made for this thing, by any of the keys."""
        known = False
        for number in range(len(self._makers)):
            known |= same(word, self._prefix + self._mark(number, thing))
        return known

    def _mark(self, number: int, thing: str) -> str:
        made = self._makers[number].copy()  # the key is mixed in already: half the cost of a new one
        made.update(thing.encode())
        return made.hexdigest()


def owner_of(word: str) -> tuple[str, str]:
    """The letter and the owner that a capability names; `("", "")` when it is none."""
    named, dash, _ = word.rpartition("-")
    return (named[0], named[1:]) if dash and len(named) > 1 else ("", "")
