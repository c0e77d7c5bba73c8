"""The set-top box an account poses as: what it sends with every request, and what must never be repeated aloud."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote

from app.core.errors import Invalid
from app.core.redaction import conceal

DEFAULT_MODEL: Final = "MAG250"
MAC_ENCODINGS: Final = ("raw", "percent", "lower")
AGENT: Final = (
    "Mozilla/5.0 (QtEmbedded; U; Linux; C) AppleWebKit/533.3 (KHTML, like Gecko) "
    "{model} stbapp ver: 2 rev: 250 Safari/533.3"
)
VERSION: Final = (
    "ImageDescription: 0.2.18-r14-pub-250; ImageDate: Fri Jan 15 15:20:44 EET 2016; PORTAL version: 5.6.1; "
    "API Version: JS API version: 328; STB API version: 134; Player Engine version: 0x566"
)
METRICS: Final = '{{"mac":"{mac}","sn":"{serial}","model":"{model}","type":"STB","uid":"","random":""}}'
SERIAL_LENGTH: Final = 13

_MAC = re.compile(r"[0-9A-F]{2}(?::[0-9A-F]{2}){5}")
_ZONE = re.compile(r"[A-Za-z]+(?:[/_+\-][A-Za-z0-9]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A box of one account; its language and time zone stay the same, because names and dates depend on them."""

    mac: str = field(repr=False)
    mac_encoding: str = "raw"
    serial: str = field(default="", repr=False)
    device_id: str = field(default="", repr=False)
    device_id2: str = field(default="", repr=False)
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    language: str = "en"
    timezone: str = "UTC"
    model: str = DEFAULT_MODEL
    custom_agent: str = ""

    @property
    def agent(self) -> str:
        """What players have to send too: portals bind links to it."""
        return self.custom_agent or AGENT.format(model=self.model)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that no locator and no error may hold, in lower case."""
        mac = self.mac.lower()
        words = (mac, mac.replace(":", "%3a"), mac.replace(":", ""), self.username.lower(), self.password.lower())
        return tuple(word for word in words if word)

    def hush(self, words: str) -> str:
        """The portal's own words without what names the account."""
        for secret in self.secrets:
            words = re.sub(re.escape(secret), "…", words, flags=re.IGNORECASE)
        return words

    def headers(self, referer: str) -> dict[str, str]:
        """Sent with every request; the bearer token comes on top."""
        return {
            "User-Agent": self.agent,
            "X-User-Agent": f"Model: {self.model}; Link: Ethernet",
            "Referer": referer,
            "Accept": "*/*",
        }

    def cookies(self) -> dict[str, str]:
        """Values as they go over the wire."""
        encoded = {"raw": self.mac, "percent": quote(self.mac, safe=""), "lower": self.mac.lower()}
        return {"mac": encoded[self.mac_encoding], "stb_lang": self.language, "timezone": quote(self.timezone, safe="")}

    def profile_params(self, *, second_step: bool, not_valid: bool, timestamp: int) -> dict[str, str]:
        """The parameters of get_profile; panels ban a box without a serial number, or with a changing one."""
        return {
            "hd": "1",
            "ver": VERSION,
            "num_banks": "2",
            "sn": self.serial,
            "stb_type": self.model,
            "client_type": "STB",
            "image_version": "218",
            "video_out": "hdmi",
            "device_id": self.device_id,
            "device_id2": self.device_id2,
            "signature": "",
            "auth_second_step": str(int(second_step)),
            "hw_version": "1.7-BD-00",
            "not_valid_token": str(int(not_valid)),
            "metrics": METRICS.format(mac=self.mac, serial=self.serial, model=self.model),
            "hw_version_2": self.serial.lower(),
            "timestamp": str(timestamp),
            "api_signature": "262",
            "prehash": "",
        }


def open_box(credentials: Mapping[str, Any], options: Mapping[str, Any]) -> Box:
    """Reads what a person entered; raises `Invalid` naming each field."""
    problems: list[tuple[str, str]] = []
    mac = _word(credentials, "mac").upper().replace("-", ":")
    if not mac:
        problems.append(("credentials.mac", "is needed: the MAC address that the portal knows"))
    elif not _MAC.fullmatch(mac):
        problems.append(("credentials.mac", "is no MAC address; it looks like 00:1A:79:12:34:56"))
    timezone = _word(credentials, "timezone") or _word(options, "timezone") or "UTC"
    if not _ZONE.fullmatch(timezone):
        problems.append(("credentials.timezone", "is no time zone; it looks like Europe/Berlin"))
    encoding = _word(options, "macEncoding") or "raw"
    if encoding not in MAC_ENCODINGS:
        problems.append(("options.macEncoding", f"is one of {', '.join(MAC_ENCODINGS)}"))
    if _word(credentials, "password") and not _word(credentials, "username"):
        problems.append(("credentials.username", "is needed beside a password"))
    if problems:
        raise Invalid(problems)
    serial = _word(credentials, "serialNumber") or serial_of(mac)
    conceal(mac, serial)
    return Box(
        mac=mac,
        mac_encoding=encoding,
        serial=serial,
        device_id=_word(credentials, "deviceId"),
        device_id2=_word(credentials, "deviceId2"),
        username=_word(credentials, "username"),
        password=_word(credentials, "password"),
        language=_word(credentials, "language") or _word(options, "language") or "en",
        timezone=timezone,
        model=_word(credentials, "model") or DEFAULT_MODEL,
        custom_agent=_word(options, "userAgent"),
    )


def serial_of(mac: str) -> str:
    """The same serial number for the same MAC for ever."""
    return sha256(mac.upper().encode()).hexdigest()[:SERIAL_LENGTH].upper()


def _word(values: Mapping[str, Any], name: str) -> str:
    found = values.get(name)
    return str(found).strip() if found is not None else ""
