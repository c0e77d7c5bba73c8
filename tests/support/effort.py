"""How much a run tries. CI is to end within 20 minutes on two cores: it draws fewer cases of what takes long."""

import os
from typing import Final

import pytest


def is_short() -> bool:
    """Whether this is CI, where what others show too may be left out."""
    return bool(os.environ.get("CI"))


SLACK: Final = 3 if is_short() else 1  # times what a deed may take, where others keep the machine busy
# For what takes many processes and is shown by a neighbour too.
beyond_ci: Final = pytest.mark.skipif(is_short(), reason="CI has 20 minutes; a test beside it shows it too")


def examples(thorough: int, *, short: int) -> int:
    """How many cases a slow property test draws."""
    return short if is_short() else thorough
