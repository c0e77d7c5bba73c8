"""How many requests a second a host takes, learned from what it refuses."""

from collections import deque
from enum import StrEnum
from typing import Final

KEEP: Final = 0.9  # of the rate at which a host began to refuse
TELLING: Final = 3  # refusals with as many whole answers between them: not an accident, a limit
KNOWN: Final = 32  # whole answers
SHORT_SECONDS: Final = 0.5  # what came within less is a burst and no rate
LATELY_SECONDS: Final = 2.0  # what came before tells nothing of now
LEAST: Final = 0.2  # requests a second, whatever a host refuses
OUTAGE: Final = 1.0  # a second; who refuses even that, one after the other, is out of order and not full
HEARD_SECONDS: Final = 1.0
ECHO_SECONDS: Final = 0.7  # until other processes know of a cut, they are the reason for what is refused
FIRST_LEAST: Final = 5.0
ENOUGH: Final = 4  # whole answers that make a rate
AGREED: Final = 0.15  # how far two measurements in a row may lie apart
RISE: Final = 1.08  # a host that took so many a second refuses at most so much above it
REST_SECONDS: Final = 20.0  # before a remembered rate is doubted, twice as long each time in vain
LONGEST_REST: Final = 600.0
STRIKES: Final = 3  # refusals below what was taken a moment ago: they have nothing to do with the rate
DEAF_SECONDS: Final = 60.0
FAR: Final = 1.3  # times where a rise began
VERY_FAR: Final = 8.0
STEP: Final = 0.11  # a slow pace rises by the request, not by the second: 8 % each at most
LIFTED: Final = 4.0  # times what was remembered, and nothing was refused: there is no limit any more


class Mood(StrEnum):
    """How a rate moves: by these shares a second, only while it is what holds requests back."""

    SEARCH = "search"  # from far below: doubles every second
    REFINE = "refine"  # from just below
    REST = "rest"
    PROBE = "probe"  # the limit may have been lifted


GROWTH: Final = {Mood.SEARCH: 0.7, Mood.REFINE: 0.1, Mood.REST: 0.0, Mood.PROBE: 0.05}


class Rate:
    """The pace of one host, of all processes together; every time is monotonic seconds given by the caller.

    Between two refusals in a row a limiter was full at both ends, so what it took in between is what it takes a
    second, whatever burst it allows. The first refusals only tell that there is a limit: then the pace begins low and
    rises until the next refusal, which measures. Two measurements that agree are remembered.
    """

    def __init__(self) -> None:
        self.pace: float | None = None  # requests a second now; None: nothing is known
        self.limit: float | None = None  # at which the host began to refuse
        self.share = 1.0  # of all requests, what this process sends
        self.lifted = False  # what was remembered holds no longer
        self.taken = 0  # whole answers so far, of this process
        self._elsewhere = 0.0
        self._elsewhere_rate = 0.0
        self._heard_at = 0.0
        self._mood = Mood.REST
        self._recent: deque[float] = deque(maxlen=TELLING)  # what was taken by each refusal
        self._seen: deque[tuple[float, float]] = deque(maxlen=9)  # the same in time, refusals at once being one
        self._marks: deque[tuple[float, float]] = deque(maxlen=8)
        self._full = (0.0, 0.0)  # when the host was seen to be full, and what it had taken by then
        self._fulls: deque[tuple[float, float]] = deque(maxlen=6)
        self._from = 0.0
        self._measured = 0.0
        self._burst = float("inf")  # as much, at most, a limiter takes beyond its rate
        self._strikes = 0
        self._cut_at = float("-inf")
        self._deaf_until = float("-inf")
        self._rest = REST_SECONDS
        self._doubt_at = 0.0
        self._follows = False  # another process leads

    def total(self, now: float) -> float:
        """Whole answers of all processes: counted, and those of others reckoned since they were last heard of."""
        if not self._elsewhere_rate:
            return self.taken + self._elsewhere
        return self.taken + self._elsewhere + self._elsewhere_rate * min(now - self._heard_at, HEARD_SECONDS)

    def heard(self, more: float, per_second: float, now: float) -> None:
        """Other processes got so many answers more, and so many a second."""
        self._elsewhere += more
        self._elsewhere_rate, self._heard_at = per_second, now

    def mark(self, now: float) -> None:
        """Now and then, so that a first refusal knows what was taken lately."""
        self._marks.append((now, self.total(now)))

    def recall(self, limit: float, now: float) -> None:
        """Another process, or an earlier job, met this limit."""
        self._settle(limit, now)

    def join(self, pace: float, now: float) -> None:
        """Another process looks for a limit, from this pace on."""
        self._burst = float("inf")
        self._fulls.clear()
        self._cut(now, Mood.SEARCH, pace)

    def follow(self, pace: float, limit: float | None, now: float) -> None:
        """Another process leads: what it found out counts, once it can know of a refusal here."""
        if self.pace is not None and now - self._cut_at < ECHO_SECONDS:
            pace = min(pace, self.pace)
        self.pace, self.limit = pace, limit
        self._mood = Mood.REST
        self._follows = True

    def lead(self, now: float) -> None:
        """No other process leads any more."""
        if self._follows:
            self._follows = False
            self._doubt_at = now + self._rest

    def sent(self, now: float) -> None:
        """A request had to wait for the pace: the pace may rise."""
        pace = self.pace
        if pace is None:
            return
        if self._mood is Mood.REST and now >= self._doubt_at and not self._follows:
            self._mood, self._from, self._full = Mood.PROBE, pace, (now, self.total(now))
        growth = self._growth(pace / self._from) if self._mood is not Mood.REST else 0.0
        self.pace = pace + min(growth, growth * STEP * pace) / self.share
        if self.limit is not None and pace > LIFTED * self.limit:
            self.lifted = True
            self._forget()

    def _growth(self, risen: float) -> float:
        """The share a second; a rise that meets nothing began too low, and goes on faster."""
        if risen > VERY_FAR:
            return 2 * GROWTH[Mood.SEARCH]
        if self._mood is Mood.SEARCH or risen > FAR * FAR:
            return GROWTH[Mood.SEARCH]
        return GROWTH[self._mood] * (4 if risen > FAR else 1)

    def refused(self, now: float, asked_at: float) -> None:
        """The host refused for load what was asked at `asked_at`."""
        self._recent.append(self.total(now))
        if not self._seen or self._seen[-1][1] != self.total(now):
            self._seen.append((now, self.total(now)))
        if asked_at <= self._cut_at + (0.0 if self.share == 1.0 else ECHO_SECONDS):
            self._full = (now, self.total(now))
        elif self.pace is not None and self._follows:
            self._cut(now, Mood.REST, KEEP * self.pace)
        elif self.pace is not None:
            self._learn(now, self.pace)
        elif self._tells(now):
            self._begin(now)
        else:
            self._suspect(now)

    def _tells(self, now: float) -> bool:
        between = 0 if now < self._deaf_until else TELLING
        # Of a host that is hardly known, fewer tell enough.
        count = TELLING if self.total(now) > KNOWN else TELLING - 1
        return len(self._recent) >= count and self.total(now) - self._recent[-count] <= between

    def _begin(self, now: float) -> None:
        """There is a limit; where, nobody knows. It starts low, below what was taken lately."""
        since, before = next((mark for mark in reversed(self._marks) if now - mark[0] >= SHORT_SECONDS), (0.0, 0.0))
        seconds = max(now - since, SHORT_SECONDS) if now - since <= LATELY_SECONDS else SHORT_SECONDS
        lately = self.total(now) - before
        self._burst = lately / self.share
        self._strikes, self._measured = 0, 0.0
        self._fulls.clear()
        self._fulls.append((now, self.total(now)))
        self._cut(now, Mood.SEARCH, max(FIRST_LEAST, lately / seconds / 2) / self.share)

    def _suspect(self, now: float) -> None:
        """Single refusals, after the same rate time and again, tell of a limit as well."""
        if now < self._deaf_until:
            return
        seen = self._seen
        for step in (1, 2, 4):
            if len(seen) <= 2 * step:
                return
            (start, first), (middle, second), (end, third) = seen[-1 - 2 * step], seen[-1 - step], seen[-1]
            least = max(ENOUGH, 2 * ENOUGH / step)
            if min(second - first, third - second) < least or end - start < SHORT_SECONDS:
                continue
            before, after = (second - first) / (middle - start), (third - second) / (end - middle)
            if abs(after - before) <= AGREED * before:
                self._strikes = 0
                self._settle(RISE * ((third - first) / (end - start)), now)
                return

    def _learn(self, now: float, asked: float) -> None:
        limit = self.limit
        if limit is not None:
            if self._mood is Mood.PROBE and asked > limit:
                self._rest = min(2 * self._rest, LONGEST_REST)
                if asked > FAR * limit:
                    self._cut(now, Mood.REFINE, KEEP * min(asked, self._rate(now) or asked))
                    self.limit = None
                else:
                    self._settle(limit, now)
                return
            if self._mood is Mood.REST:
                self._strikes = 0
        between = self.total(now) - self._full[1]
        measured = self._rate(now)
        if self._strikes_out(now, asked, between):
            return
        if measured is None:
            # So few in between tell little more than that it is less.
            least = LEAST if between else min(asked, OUTAGE)
            pace = max(least, KEEP * asked * (between + 1) / (between + 2))
            self._cut(now, self._mood if limit is None else Mood.REFINE, pace)
            self.limit = None
            return
        measured = min(measured, asked)
        if limit is None and self._mood is Mood.REFINE and abs(measured - self._measured) <= AGREED * self._measured:
            self._rest = REST_SECONDS
            self._settle(min(asked, RISE * measured), now)
        else:
            self._cut(now, Mood.REFINE, KEEP * measured)
            self.limit = None
        self._measured = measured

    def _rate(self, now: float) -> float | None:
        """What the host took a second since it was full; None when that is too little to tell."""
        seconds, taken = now - self._full[0], self.total(now) - self._full[1]
        if taken < ENOUGH or seconds < SHORT_SECONDS / 2:
            return None
        # It was not full all the time when the pace began too low. Then what it took lately tells more, less a burst.
        marks = [(now - at, self.total(now) - before) for at, before in self._marks if self._full[0] < at < now]
        return max(taken / seconds, *[(lately - self._burst) / since for since, lately in marks], 0.0)

    def _strikes_out(self, now: float, asked: float, between: float) -> bool:
        """Refused although the host took more a moment ago, and again, and again: the pace is not the reason."""
        rates = [(self.total(now) - taken - 2) / (now - at) for at, taken in self._fulls if now > at]
        below = asked < KEEP * max(rates, default=0.0)
        self._fulls.append((now, self.total(now)))
        self._strikes = self._strikes + 1 if below or 0 < between < ENOUGH else 0
        if self._strikes < STRIKES:
            return False
        self._forget()
        self._deaf_until = now + DEAF_SECONDS
        return True

    def _forget(self) -> None:
        self.pace = self.limit = None

    def _cut(self, now: float, mood: Mood, pace: float) -> None:
        self._mood, self.pace = mood, max(LEAST, pace)
        self._from = self.pace
        self._cut_at = now
        self._full = (now, self.total(now))

    def _settle(self, limit: float, now: float) -> None:
        self.limit = limit
        self._cut(now, Mood.REST, KEEP * limit)
        self._doubt_at = now + self._rest
