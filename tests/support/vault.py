"""Fake credentials that nobody can guess, and the search for any of them in any form."""

import html
import json
import secrets
from base64 import b64encode
from collections.abc import Iterable
from hashlib import md5
from urllib.parse import quote

TOKENS = 100  # more than a simulated portal hands out in a test


class Vault:
    """Makes credentials on demand, each under the name by which a find is told."""

    def __init__(self) -> None:
        self._made: dict[str, str] = {}
        self._forms: dict[str, set[bytes]] = {}

    def word(self, name: str, shape: str = "fake{0}word{1}") -> str:
        """A credential of this shape; the same again under the same name."""
        if name not in self._made:
            self.keep(name, shape.format(secrets.token_hex(4), secrets.token_hex(4)))
        return self._made[name]

    def mac(self, name: str) -> str:
        """A MAC address that portals take for one of theirs."""
        if name not in self._made:
            self.keep(name, ":".join(("00", "1A", "79", *(f"{byte:02X}" for byte in secrets.token_bytes(3)))))
        return self._made[name]

    def keep(self, name: str, value: str) -> None:
        """A credential that was made elsewhere."""
        self._made[name] = value
        self._forms[name] = set(_forms(value))

    def tokens(self) -> None:
        """All tokens that simulated portals hand out: they are counted."""
        for count in range(1, TOKENS):
            self.keep(f"token {count}", md5(f"token {count}".encode(), usedforsecurity=False).hexdigest().upper())

    def found(self, places: Iterable[tuple[str, str | bytes]]) -> list[str]:
        """Which credential stands where, in whatever form and case."""
        leaks = []
        for place, said in places:
            text = (said if isinstance(said, bytes) else said.encode()).lower()
            for name, forms in self._forms.items():
                for form in forms:
                    at = text.find(form)
                    if at >= 0:
                        leaks.append(f"{name} in {place}: …{text[max(0, at - 60) : at + 80]!r}…")
        return leaks


def _forms(value: str) -> Iterable[bytes]:
    data = value.encode()
    texts = {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], html.escape(value)}
    texts |= {quote(value), quote(value, safe=""), quote(quote(value, safe=""), safe="")}
    if value.count(":") == 5:
        texts |= {value.replace(":", ""), value.replace(":", "-")}
    yield from (text.lower().encode() for text in texts)
    for shift in range(3):
        encoded = b64encode(bytes(shift) + data)[-(-shift * 8 // 6) : (shift + len(data)) * 8 // 6]
        yield from (encoded.lower(), encoded.replace(b"+", b"-").replace(b"/", b"_").lower())
