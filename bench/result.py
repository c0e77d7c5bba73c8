"""A line of the table; light, so that who measures a few megabytes does not measure the engine."""

from dataclasses import dataclass

from bench.measure import Cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A line of the table."""

    name: str
    items: int
    cost: Cost
    floor: float | None = None
    aim: str = ""
    rate: bool = False  # the ratio is one of rates (more is better), not of times

    @property
    def ratio(self) -> float | None:
        if not self.floor:
            return None
        return self.floor / self.cost.wall if self.rate else self.cost.wall / self.floor
