"""Which guide channel is meant: by id, then by name, and how sure that is."""

from typing import Any

import pytest

from app.domain.epg_match import GuideEntry, GuideIndex, Method, Wanted, shift_hours

HOUR = 3_600_000


def entry(channel_id: str, *names: str, **more: Any) -> GuideEntry:
    told = {"guide_pk": 1, "guide": 0, "number": 0, "programmes": 10} | more
    return GuideEntry(channel_id=channel_id, names=names, **told)


GUIDE = [
    entry("BBCOne.uk", "BBC One", number=0),
    entry("bbc two", "BBC Two", "BBC2", number=1),
    entry("itv1.uk", "ITV1", number=2),
    entry("c4.uk", "Channel 4", "Channel Four", number=3),
    entry("skynews.au", "Sky News", number=4),
    entry("film4plus1.uk", "Film4 +1", number=5),
    entry("cnn.us", "CNN", number=6),
    entry("cnn.example", "CNN", number=7),
    entry("dave.uk", "Dave", number=8),
    entry("dave.gb", "Dave", number=9),
]


@pytest.mark.parametrize(
    ("name", "epg_id", "found"),
    [
        ("Whatever", "BBCOne.uk", ("BBCOne.uk", Method.ID, 1.0)),
        ("Whatever", "bbcone.UK", ("BBCOne.uk", Method.ID, 0.98)),
        ("Whatever", "BBC_Two", ("bbc two", Method.ID, 0.98)),
        ("CNN", "BBCOne.uk", ("BBCOne.uk", Method.ID, 1.0)),  # an id says more than a name
        ("BBC One", None, ("BBCOne.uk", Method.NAME, 0.95)),
        ("bbc_one", "unheard.of", ("BBCOne.uk", Method.NAME, 0.95)),
        ("UK: BBC One FHD", None, ("BBCOne.uk", Method.NAME, 0.9)),
        ("BBC 1 HD", None, ("BBCOne.uk", Method.NAME, 0.8)),  # of which country it does not say
        ("UK| BBC 2 ᴴᴰ", None, ("bbc two", Method.NAME, 0.8)),
        ("UK: Sky News", None, None),  # that of another country
        ("BBC Three", None, None),
        ("CNN HD", None, ("cnn.example", Method.NAME, 0.9)),  # of no country, as the name
        ("Dave", None, ("dave.uk", Method.NAME, 0.76)),  # two are meant equally well
        ("", None, None),
    ],
)
def test_a_channel_is_matched_by_id_then_by_name(
    name: str, epg_id: str | None, found: tuple[str, Method, float] | None
) -> None:
    match = GuideIndex.of(GUIDE).find(Wanted(external_id="1", name=name, epg_id=epg_id))
    assert (match and (match.entry.channel_id, match.method, match.score)) == found


@pytest.mark.parametrize(
    ("name", "epg_id", "told", "chosen", "hours"),
    [
        ("ITV1 +1", None, None, 0, 1),
        ("UK: ITV1 +1 HD", "itv1.uk", None, 0, 1),  # the id of the channel that it repeats
        ("ITV1 +1", "itv1.uk", 0.5, 0, 0.5),  # what the provider says
        ("ITV1", "itv1.uk", -2, 1, -1),
        ("Film4 +1", None, None, 0, 0),  # the guide has it as it is sent
        ("Film4 +1", "film4plus1.uk", None, 0, 0),
    ],
)
def test_time_shifts_move_the_guide(
    name: str, epg_id: str | None, told: float | None, chosen: float, hours: float
) -> None:
    wanted = Wanted(external_id="1", name=name, epg_id=epg_id, shift_hours=told)
    match = GuideIndex.of(GUIDE).find(wanted, hours=chosen)
    assert match is not None
    assert match.shift_ms == hours * HOUR


def test_the_name_that_a_list_has_for_its_guide_counts_too() -> None:
    index = GuideIndex.of(GUIDE)

    def found(name: str, guide_name: str) -> tuple[str, float] | None:
        match = index.find(Wanted(external_id="1", name=name, epg_id=None, guide_name=guide_name))
        return match and (match.entry.channel_id, match.score)

    assert found("Das Erste vom Besten", "BBC_One") == ("BBCOne.uk", 0.95)
    assert found("ITV1", "BBC_Nine") == ("itv1.uk", 0.95)
    assert found("BBC One", "ITV1") == ("itv1.uk", 0.95)  # both are there: that of the guide is meant for it


def test_the_better_guide_wins_unless_it_has_nothing_to_tell() -> None:
    first, second = entry("a", "A", guide_pk=1, guide=0), entry("a", "A", guide_pk=2, guide=1)
    wanted = Wanted(external_id="1", name="A", epg_id="a")

    def chosen(*entries: GuideEntry) -> int | None:
        match = GuideIndex.of(entries).find(wanted)
        return match and match.entry.guide_pk

    assert chosen(second, first) == 1
    assert chosen(first._replace(programmes=0), second) == 2
    assert chosen(first._replace(programmes=0)) == 1
    own = entry("1", guide_pk=3, guide=2, own=True)
    assert chosen(own) == 3
    assert chosen(own._replace(channel_id="2")) is None


@pytest.mark.parametrize(
    ("extra", "options", "hours"),
    [
        ({"tvgShift": "-1.5"}, {"epgShiftHours": 2}, (-1.5, 2)),
        ({}, {}, (None, 0)),
        ({"tvgShift": "99"}, {}, (None, 0)),
        ({"tvgShift": "soon"}, {}, (None, 0)),
    ],
)
def test_shifts_are_read_from_what_was_told(extra: Any, options: Any, hours: tuple[float | None, float]) -> None:
    assert shift_hours(extra, options) == hours
