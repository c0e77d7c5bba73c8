"""The garbage collector of a process that makes millions of short-lived objects without cycles."""

import gc
from typing import Final

YOUNG: Final = 50_000  # objects made before the collector looks; the default of 700 costs a sync half of its time
OLDER: Final = (20, 100)


def calm_collector() -> None:
    """Leaves what is loaded by now alone for ever, and looks at the rest rarely. To be called once, after start."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *OLDER)
