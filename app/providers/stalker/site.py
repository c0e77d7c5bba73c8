"""Where a portal lives: candidates behind a pasted address, and absolute addresses of its pictures."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

LOGO_PATH: Final = "misc/logos/320"
LOADERS: Final = ("/c/server/load.php", "/server/load.php", "/c/portal.php", "/portal.php")
BENEATH: Final = (
    "/portal.php",
    "/server/load.php",
    "/stalker_portal/server/load.php",
    "/c/portal.php",
    "/ministra/server/load.php",
    "/ministra/portal.php",
    "/portal/server/load.php",
    "/portal/portal.php",
)
PAGES: Final = ("/c", "/client", "/c_", "/index.html", "/c/index.html")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A portal by the final address of its loader (after redirects, without query)."""

    endpoint: str

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return _taken_apart(self.endpoint)[0]

    @property
    def netloc(self) -> str:
        """Host and port."""
        return self.origin.partition("://")[2]

    @property
    def path(self) -> str:
        """The folder of the portal: `/stalker_portal`, or `""` at the root."""
        return _taken_apart(self.endpoint)[1]

    @property
    def referer(self) -> str:
        """The page that boxes come from."""
        return f"{self.origin}{self.path}/c/"

    def logo(self, value: str) -> str | None:
        """A channel logo: bare names live in the portal's own folder."""
        return self._absolute(value, f"{self.path}/{LOGO_PATH}")

    def picture(self, value: str) -> str | None:
        """A poster or screenshot."""
        return self._absolute(value, self.path)

    def _absolute(self, value: str, folder: str) -> str | None:
        if value == "0":
            return None
        if value.startswith("//"):
            return f"{self.origin.partition(':')[0]}:{value}"
        if value.startswith("/"):
            return f"{self.origin}{value}"
        return f"{self.origin}{folder}/{value}"


@lru_cache(maxsize=64)
def _taken_apart(endpoint: str) -> tuple[str, str]:
    """Origin and folder; asked for with every picture."""
    parts = urlsplit(endpoint)
    loader = next((one for one in LOADERS if parts.path.endswith(one)), None)
    folder = parts.path.removesuffix(loader) if loader else parts.path.rpartition("/")[0]
    return f"{parts.scheme}://{parts.netloc}", folder


def clean_endpoint(url: str) -> str:
    """The address without query, fragment and credentials."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def base_of(url: str) -> str:
    """What a person pasted, without query, trailing slashes and the page of the box (`/c/`)."""
    text = url.strip()
    if "://" not in text:
        text = f"http://{text}"
    base = clean_endpoint(text).rstrip("/")
    for page in sorted(PAGES, key=len, reverse=True):
        if base.lower().endswith(page) and urlsplit(base).path:
            return base[: -len(page)].rstrip("/")
    return base


def candidates(url: str, remembered: str | None) -> list[str]:
    """Where the loader may be, likeliest first, each once."""
    base = base_of(url)
    found = [remembered] if remembered else []
    if base.endswith(".php"):
        found.append(base)
        # `…/portal.php` may be pasted although only another loader works.
        base = Site(endpoint=base).origin + Site(endpoint=base).path
    found += [f"{base}{path}" for path in BENEATH]
    root = Site(endpoint=base).origin
    if root != base:
        found += [f"{root}{path}" for path in BENEATH[:4]]
    return list(dict.fromkeys(found))
