"""How much a run tries. CI is to end within 20 minutes on two cores: it draws fewer cases of what takes long."""

import os


def is_short() -> bool:
    """Whether what others show too may be left out."""
    return bool(os.environ.get("CI"))


def examples(thorough: int, *, short: int) -> int:
    """How many cases a slow property test draws."""
    return short if is_short() else thorough
