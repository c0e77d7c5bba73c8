"""A version as people and URLs write it."""

import re
from typing import NamedTuple

from app.core.errors import Invalid

_SHAPE = re.compile(r"([0-9A-Za-z]{1,32})\.([1-9][0-9]{0,17})", re.ASCII)


class Version(NamedTuple):
    """`epoch.n`."""

    epoch: str
    number: int

    def __str__(self) -> str:
        return f"{self.epoch}.{self.number}"


def parse_version(text: str, field: str = "version") -> Version:
    """Raises `Invalid` for anything but `epoch.n`."""
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise Invalid([(field, "a version is spelled epoch.n, for example k7f2.412")])
    return Version(match[1], int(match[2]))
