"""Readers of M3U lists by the rules of others, to see whether they all find the same in ours."""

import re
from dataclasses import dataclass, field


@dataclass
class Read:
    """An entry as a reader understood it."""

    name: str
    url: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)
    duration: str = ""


def kodi(text: str) -> tuple[dict[str, str], list[Read]]:
    """As pvr.iptvsimple reads: the name is what follows the last double quote and a comma, else the last comma."""
    header: dict[str, str] = {}
    found: list[Read] = []
    pending: Read | None = None
    for number, raw in enumerate(text.removeprefix("\ufeff").split("\n")):
        line = raw.strip()
        if number == 0:
            assert line.upper().startswith("#EXTM3U")
            header = {name: _marker(line, name) for name in ("url-tvg", "x-tvg-url")}
        elif line.upper().startswith("#EXTINF:"):
            pending = _kodi_entry(line)
        elif line and not line.startswith("#") and pending is not None:
            pending.url = line
            found.append(pending)
            pending = None
    return header, found


def _kodi_entry(line: str) -> Read:
    head, quote, rest = line.rpartition('"')
    if quote and rest.startswith(","):
        name, told = rest[1:], head + quote
    else:
        told, _, name = line.rpartition(",")
    names = ("tvg-id", "tvg-name", "tvg-logo", "tvg-chno", "group-title", "catchup", "catchup-source", "catchup-days")
    attributes = {one: value for one in (*names, "media") if (value := _marker(told, one))}
    duration = re.match(r"#EXTINF:\s*(-?[\d.]+)", line, re.IGNORECASE)
    return Read(
        name=name.strip(),
        attributes=attributes,
        groups=[group.strip() for group in attributes.get("group-title", "").split(";") if group.strip()],
        duration=duration[1] if duration else "",
    )


def _marker(line: str, name: str) -> str:
    """`ReadMarkerValue`: from behind `name=`, quoted or up to the next space."""
    at = line.find(f"{name}=")
    while at > 0 and line[at - 1] not in " ,:":
        at = line.find(f"{name}=", at + 1)
    if at < 0:
        return ""
    rest = line[at + len(name) + 1 :]
    ends = rest.find('"', 1) if rest.startswith('"') else rest.find(" ")
    return rest[1:ends] if rest.startswith('"') else rest[: ends if ends >= 0 else None]


def strict(text: str) -> list[Read]:
    """A scanner of characters: pairs of `key="value"`, then the first comma outside of values, then the name."""
    found: list[Read] = []
    for line in text.splitlines():
        if line.startswith("#EXTINF:"):
            found.append(_strict_entry(line))
        elif line and not line.startswith("#"):
            found[-1].url = line
    return found


def _strict_entry(line: str) -> Read:
    attributes: dict[str, str] = {}
    inside, key, value, at = False, "", "", line.index(":") + 1
    while at < len(line):
        char = line[at]
        at += 1
        if inside:
            if char == '"':
                attributes[key.strip()], inside, key, value = value, False, "", ""
            else:
                value += char
        elif char == "=":
            assert line[at] == '"', line
            at, inside = at + 1, True
            key = key.split(" ")[-1]
        elif char == ",":
            break
        else:
            key += char
    name = line[at:]
    assert '"' not in name
    return Read(name=name.strip(), attributes=attributes)


def quoteless(text: str) -> list[str]:
    """Names as a reader finds them that takes every apostrophe for a quote, drops quoted values, cuts at a comma."""
    found = []
    for line in text.splitlines():
        if line.startswith("#EXTINF:"):
            bare = re.sub(r'[\w-]+="[^"]*"', "", line.replace("'", '"'))
            found.append(bare.partition(",")[2].strip())
    return found


def by_attributes(text: str) -> list[str]:
    """Names behind the comma that follows the last complete attribute, however it is quoted."""
    found = []
    for line in text.splitlines():
        if line.startswith("#EXTINF:"):
            last = max((one.end() for one in re.finditer(r"""[\w-]+=("|').*?\1""", line)), default=0)
            found.append(line[line.index(",", last) + 1 :].strip())
    return found
