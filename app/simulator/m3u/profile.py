"""The habits of servers that hand out one list."""

from dataclasses import dataclass
from typing import Final, Literal

LIST_PATH: Final = "/get.php"
GUIDE_PATH: Final = "/xmltv.php"
PATHS: Final = (LIST_PATH, GUIDE_PATH)


@dataclass(frozen=True, slots=True, kw_only=True)
class M3uProfile:
    """How it says no; what is odd about its lists is said by `Behaviour.list_quirks`."""

    login_failure: Literal["auth0", "401", "403", "404"] = "403"


LIST: Final = M3uProfile()
