"""What a case is, and what came of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from app.simulator.behaviour import Behaviour
from app.simulator.spec import CatalogueSpec

COMPLETED: Final = frozenset({"completed"})
PARTIAL: Final = frozenset({"partial"})
FAILED: Final = frozenset({"failed"})
CANCELLED: Final = frozenset({"cancelled"})
HELD: Final = PARTIAL | FAILED  # nothing swept, and it says so
TINY: Final = CatalogueSpec(channels=60, movies=180, series=60, categories=12)
SMALL: Final = CatalogueSpec(channels=120, movies=1500, series=300, categories=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Where a case plays. Cases of one `ground` play there one after the other, all others have a stage each."""

    ground: str | None = None
    database: Literal["sqlite", "postgres"] = "sqlite"
    own_postgres: bool = False  # one that the case may end
    apart: bool = False  # workers are processes of their own, on a queue server of the case's own
    profiles: tuple[str, ...] = ("stock", "xtream")
    spec: CatalogueSpec = TINY
    behaviour: Behaviour = field(default_factory=Behaviour)


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What came: how jobs ended, rows that were lost, and what was measured."""

    came: str
    rows_lost: int = 0
    notes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A fault and what is deserved; `play` raises AssertionError when something else came.

    `short` cases are part of every test run.
    """

    name: str
    deserves: str
    setting: Setting
    play: Callable[[Any], Outcome]
    short: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A line of the table."""

    case: Case
    survived: bool
    came: str
    rows_lost: int
    seconds: float

    @property
    def line(self) -> str:
        word = "ok  " if self.survived else "LOST" if self.rows_lost else "FAIL"
        return f"{word} {self.seconds:6.1f} s  {self.case.name}: deserves {self.case.deserves}; came {self.came}"


def table(results: Sequence[Result]) -> str:
    """The last lines: what was survived, what was lost."""
    survived = sum(one.survived for one in results)
    return f"faults survived {survived} / {len(results)} tried\nrows lost {sum(one.rows_lost for one in results)}"
