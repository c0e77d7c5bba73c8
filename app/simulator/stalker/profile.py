"""The habits of the Stalker families."""

from dataclasses import dataclass
from typing import Final, Literal

from app.simulator.lists import Order

STOCK_PATHS: Final = ("/stalker_portal/server/load.php",)
PANEL_PATHS: Final = ("/portal.php", "/stalker_portal/server/load.php", "/server/load.php", "/c/portal.php")


@dataclass(frozen=True, slots=True, kw_only=True)
class StalkerProfile:
    """One family; `series_in` tells where series live, `vod_series` how those in VOD are shaped."""

    stock: bool
    paths: tuple[str, ...]
    home: str
    types: Literal["strings", "ints", "mixed"]
    tokens: Literal["adopted", "rotating", "none"]
    series_in: Literal["vod", "series", "both"]
    vod_series: Literal["lazy", "embedded"] = "lazy"
    vod_order: Order = "newest"
    all_channels: Literal["full", "censored_removed", "absent"] = "full"
    page_size: int = 14


STOCK: Final = StalkerProfile(
    stock=True,
    paths=STOCK_PATHS,
    home="/stalker_portal/c/",
    types="strings",
    tokens="adopted",
    series_in="vod",
    vod_order="name",
    all_channels="censored_removed",
)
PANEL: Final = StalkerProfile(
    stock=False, paths=PANEL_PATHS, home="/c/", types="ints", tokens="rotating", series_in="series"
)
TOKEN_FREE: Final = StalkerProfile(
    stock=False, paths=("/portal.php", "/c/portal.php"), home="/c/", types="mixed", tokens="none", series_in="series"
)
