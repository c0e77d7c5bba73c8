"""Where a download goes, and what its name says about it."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from app.cli.download.earlier import Form

STDOUT: Final = "-"
GZ: Final = ".gz"
_ENDINGS: Final = {
    ".json": Form.JSON,
    ".ndjson": Form.NDJSON,
    ".jsonl": Form.NDJSON,
    ".sqlite": Form.SQLITE,
    ".sqlite3": Form.SQLITE,
    ".db": Form.SQLITE,
}


def form_of(file: str) -> Form | None:
    """What the name of a file says; None when it says nothing."""
    return _ENDINGS.get(Path(file.removesuffix(GZ)).suffix.lower())


@contextmanager
def placed(file: str) -> Iterator[Path]:
    """The file itself; for standard output one that is copied there when it is whole."""
    if file != STDOUT:
        yield Path(file)
        return
    with tempfile.TemporaryDirectory(prefix="lineup-") as folder:
        target = Path(folder) / "catalogue"
        yield target
        with target.open("rb") as whole:
            shutil.copyfileobj(whole, sys.stdout.buffer)
        sys.stdout.buffer.flush()
