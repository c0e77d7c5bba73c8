"""A bar of bytes on a terminal, nothing elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

from app.cli.download.run import Watch
from app.cli.output import errors


class Silence:
    def expect(self, number: int) -> None:
        pass

    def seen(self, number: int) -> None:
        pass


class Bar:
    """One bar for all that is fetched."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None)
        self._total = 0

    def expect(self, number: int) -> None:
        self._total += number
        self._progress.update(self._task, total=self._total)

    def seen(self, number: int) -> None:
        self._progress.advance(self._task, number)


@contextmanager
def watching(*, silent: bool) -> Iterator[Watch]:
    """Shows what comes; on standard error, for the file itself may go to standard output."""
    if silent or not errors.is_terminal:
        yield Silence()
        return
    with Progress(
        BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn(), console=errors
    ) as progress:
        yield Bar(progress)
