"""Exit codes; 0 is done."""

from typing import Final

FAILED: Final = 1  # or partial
MISUSED: Final = 2
INTERRUPTED: Final = 130
