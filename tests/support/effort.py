"""How much a run tries. CI is to end within 20 minutes on two cores: it draws fewer cases of what takes long."""

import os


def examples(thorough: int, *, short: int) -> int:
    """How many cases a slow property test draws."""
    return short if os.environ.get("CI") else thorough
