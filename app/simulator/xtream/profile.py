"""The habits of the Xtream families."""

from dataclasses import dataclass
from typing import Final, Literal

PATHS: Final = ("/player_api.php", "/xmltv.php", "/edge/player_api.php")


@dataclass(frozen=True, slots=True, kw_only=True)
class XtreamProfile:
    """One family: how it spells types, and how it says no."""

    variance: Literal["legacy", "xui", "php_empty"]
    login_failure: Literal["auth0", "401", "403", "404"]


LEGACY: Final = XtreamProfile(variance="legacy", login_failure="auth0")
XUI: Final = XtreamProfile(variance="xui", login_failure="404")
PHP_EMPTY: Final = XtreamProfile(variance="php_empty", login_failure="401")
