from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from app.core.errors import Malformed, ProviderError, Rejected, Unavailable
from app.providers.retry import pause, retry_after, retrying


class Flaky:
    def __init__(self, *errors: ProviderError) -> None:
        self.errors = list(errors)
        self.calls = 0

    async def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "whole"


async def test_tries_three_times_more() -> None:
    flaky = Flaky(*(Unavailable("again") for _ in range(3)))
    assert await retrying(flaky, base_seconds=0) == "whole"
    assert flaky.calls == 4


async def test_gives_up_with_the_last_error() -> None:
    flaky = Flaky(*(Unavailable(str(number)) for number in range(9)))
    with pytest.raises(Unavailable, match="3"):
        await retrying(flaky, base_seconds=0)
    assert flaky.calls == 4


@pytest.mark.parametrize("error", [Rejected("no"), Malformed("nonsense")])
async def test_never_repeats_what_was_refused_or_makes_no_sense(error: ProviderError) -> None:
    flaky = Flaky(error)
    with pytest.raises(type(error)):
        await retrying(flaky, base_seconds=0)
    assert flaky.calls == 1


def test_pauses_grow_have_jitter_and_a_cap() -> None:
    for attempt, longest in enumerate((1, 2, 4, 8, 16, 30, 30)):
        waits = {pause(None, attempt, base_seconds=1, cap_seconds=30) for _ in range(200)}
        assert len(waits) > 100
        assert 0 <= min(waits) < longest / 4
        assert longest * 3 / 4 < max(waits) <= longest


@pytest.mark.parametrize(("wish", "wait"), [(0, 0), (7.5, 7.5), (299, 299), (86400, 300), (-5, 0)])
def test_the_wish_of_the_provider_wins_up_to_five_minutes(wish: float, wait: float) -> None:
    assert pause(wish, 0, base_seconds=1, cap_seconds=30) == wait


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("120", 120), (" 1.5 ", 1.5), ("0", 0), ("", None), (None, None), ("soon", None), ("-5", None), ("nan", None),
     ("Wed, 21 Oct 2015 07:28:00 GMT", 0)],
)  # fmt: skip
def test_reads_seconds(header: str | None, seconds: float | None) -> None:
    assert retry_after(header) == seconds


def test_reads_a_date() -> None:
    header = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert retry_after(header) == pytest.approx(90, abs=2)
