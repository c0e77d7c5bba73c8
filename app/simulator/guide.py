"""The programme guide: which show runs when is a pure function of channel and time."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from app.simulator.draw import draws, pick
from app.simulator.words import EVENTS, HEROES, SHOWS

HOUR: Final = 3600


class Programme(Struct, frozen=True):
    """One show; times in seconds since the epoch."""

    channel: int
    title: str
    plot: str
    start: int
    stop: int


def programmes(seed: int, channel: int, since: int, until: int) -> Iterator[Programme]:
    """All shows of a channel that overlap a span, gapless: each hour holds one of an hour or two of half an hour."""
    for hour in range(since // HOUR, (until + HOUR - 1) // HOUR):
        d = draws(seed, f"guide-{channel}", hour)
        begin = hour * HOUR
        parts = [(begin, begin + HOUR)]
        if d[0] % 3 == 0:
            parts = [(begin, begin + HOUR // 2), (begin + HOUR // 2, begin + HOUR)]
        for place, (start, stop) in enumerate(parts):
            if stop > since and start < until:
                yield Programme(
                    channel=channel,
                    title=pick(SHOWS, d[1 + place]),
                    plot=f"{pick(HEROES, d[3 + place])} {pick(EVENTS, d[5 + place])}." if d[7 + place] % 4 else "",
                    start=start,
                    stop=stop,
                )
