"""Times as feeds write them: with offsets, names or nothing, whole or in part, through changes of the clock."""

from itertools import pairwise

import pytest

from app.domain.programmes import moment

AT = 1_760_043_600_000  # 2025-10-09 21:00 UTC


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("20251009210000 +0000", 0),
        ("20251009210000", 0),
        ("20251009230000 +0200", 0),
        ("20251009230000+0200", 0),
        ("20251009230000 +02:00", 0),
        ("20251009203000 -0030", 0),
        ("20251009160000 -0500", 0),
        ("20251009210000 Z", 0),
        ("20251009220000 BST", 0),
        ("20251009230000 CEST", 0),
        ("20251009230000 Europe/Berlin", 0),
        ("202510092100", 0),
        ("202510092100 +0000", 0),
        ("2025100921", 0),
        ("20251009", -21),
        ("2025-10-09T21:00:00Z", 0),
        ("2025-10-09 23:00:00 +0200", 0),
        ("2025-10-09T21:00:00.000+00:00", 0),
        ("1760043600", 0),
        ("1760043600000", 0),
        (" 20251009210000  +0000 ", 0),
        ("20251008240000", -21),
        ("20251010024500 +0545", 0),
        ("20251009183000 -0230", 0),
        ("20251010110000 +14:00", 0),
        ("20251009200000 -1", 0),
        ("20251009230000 +0200 CEST", 0),
        ("20251009220000 Europe/London", 0),
        ("20251009170000 America/New_York", 0),
    ],
)
def test_every_way_to_write_a_time_is_understood(text: str, hours: int) -> None:
    assert moment(text) == AT + hours * 3_600_000


@pytest.mark.parametrize(
    ("texts", "minutes"),
    [
        # Offsets of each show are what counts, through both changes of the clock.
        (("20260329013000 +0100", "20260329033000 +0200", "20260329043000 +0200"), (60, 60)),
        (("20261025023000 +0200", "20261025023000 +0100", "20261025033000 +0100"), (60, 60)),
        # A zone knows when it changes; an hour that there is twice is the first one.
        (("20260329013000 Europe/Berlin", "20260329033000 Europe/Berlin"), (60,)),
        (("20261025013000 Europe/Berlin", "20261025023000 Europe/Berlin", "20261025033000 Europe/Berlin"), (60, 120)),
        (("20261004013000 Australia/Lord_Howe", "20261004030000 Australia/Lord_Howe"), (60,)),
        # Names of one season are an offset, whatever the date.
        (("20261025023000 CEST", "20261025023000 CET"), (60,)),
    ],
)
def test_clocks_that_change_lose_no_hour(texts: tuple[str, ...], minutes: tuple[int, ...]) -> None:
    found = [moment(text) or 0 for text in texts]
    assert tuple((later - first) // 60_000 for first, later in pairwise(found)) == minutes


@pytest.mark.parametrize("text", ["", "tomorrow", "20251399000000", "20251009996000", "20251009210000 XYZ", "0", "-1"])
def test_what_is_no_time_is_none(text: str) -> None:
    assert moment(text) is None
