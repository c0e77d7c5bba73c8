from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.default_rules import DEFAULT_RULES
from app.domain.labels import place_among
from app.domain.shifts import shift_of
from app.domain.tagging import Tagger
from app.domain.titles import cleaned_name, fold, sort_key
from app.domain.variants import (
    EAST_MARK,
    Variant,
    channel_variant,
    link_confidence,
    quality_of,
    settled_place,
    title_variant,
)

QUALITIES = ("8K", "4K", "UHD", "FHD", "HD", "SD", "HEVC", "RAW", "ᴴᴰ", "ᶠᴴᴰ", "⁴ᴷ", "1080p", "[HD]", "(4K)", "Full HD")
TAGGER = Tagger(DEFAULT_RULES)
STATIONS = (
    "ESPN",
    "Film4",
    "BBC One",
    "A&E",
    "Sky Sports F1",
    "Canal+",
    "E!",
    "Das Erste",
    "Rai 1",
    "5 USA",
    "Первый канал",
)


def same(one: Variant) -> tuple[str, str, int]:
    return one.base, one.place, one.mark


@pytest.mark.parametrize(
    "names",
    [
        (
            "US: ESPN ᴴᴰ",
            "US| ESPN FHD",
            "|US| ESPN",
            "[US] ESPN 4K",
            "USA - ESPN HEVC",
            "4K: US: ESPN",
            "ESPN (US) backup",
        ),
        ("UK: BBC ONE HD", "UK | BBC One FHD", "uk: bbc 1", "UK: BBC One ʳᵃʷ"),
        ("UK: Film4", "UK: FILM 4 HD", "UK: Film4 [SD]"),
        ("US: ESPN 2", "US: ESPN2 HD", "US: ESPN-2 (FHD)"),
        ("US: A&E", "US: A and E HD", "US: A & E"),
        ("DE: Sky Sport HD 1", "DE: Sky Sport 1 HD", "DE - SKY SPORT 1 FULL HD"),
        ("UK: Film4+1", "UK: Film4 +1 HD", "UK: Film 4 (+1)", "UK: FILM4 HD +1"),
        ("US: HBO West", "US: HBO HD [West]", "US: HBO (Pacific) 4K"),
        ("US: HBO East", "US: HBO", "US: HBO FHD (East)"),
        ("FR: CANAL+", "FR: Canal+ HD"),
        ("RTÉ One", "RTE 1"),
        ("DE: Das Erste", "DE: ERSTE HD"),
    ],
)
def test_copies_of_a_channel_are_the_same(names: tuple[str, ...]) -> None:
    assert len({same(channel_variant(name)) for name in names}) == 1, [channel_variant(name) for name in names]


@pytest.mark.parametrize(
    "names",
    [
        ("ESPN", "ESPN 2", "ESPN News", "ESPNU", "ESPN Deportes"),
        ("Film4", "Film4+1", "Film4 +2", "Film"),
        ("BBC One", "BBC One London", "BBC One Scotland HD", "BBC Two", "BBC One +1", "BBC One West"),
        ("UK: Sky News", "AU: Sky News", "DE: Sky News"),
        ("Canal+", "Canal", "Canal+ 1", "Canal+ Sport"),
        ("Travel", "4K Travel", "Travel XP"),
        ("5 USA", "5", "USA Network"),
        ("US: HBO", "US: HBO West", "US: HBO 2", "US: HBO Latino", "HBO West"),
        ("Fox Sports West", "Fox Sports", "Fox Sports East"),
        ("beIN Sports", "beIN Sports Middle East", "beIN Sports 1"),
        ("UHD 1", "HD 1", "UK: 1"),
        ("Nick", "Nick Jr.", "Nicktoons"),
        ("Sky Sports F1", "Sky Sports", "Sky Sports 1"),
        ("Das Erste", "Das Erste +1"),
    ],
)
def test_channels_that_are_not_the_same_stay_apart(names: tuple[str, ...]) -> None:
    for one, other in combinations(names, 2):
        assert same(channel_variant(one)) != same(channel_variant(other)), (one, other)


@pytest.mark.parametrize(
    ("name", "tags", "minutes"),
    [
        ("Film4 +1", (), 60),
        ("Film4+1 HD", (), 60),
        ("ITV2 (+1)", (), 60),
        ("E! +1", (), 60),
        ("UK: E4 +1h", (), 60),
        ("Channel 4 +2 hours", (), 120),
        ("Film4", ("UK", "+1"), 60),
        ("Первый канал +4", (), 240),
        ("US: HBO West", (), 180),
        ("US: HBO 2 West [HD]", (), 180),
        ("HBO [West]", (), 180),
        ("HBO West", ("US",), 180),
        ("HBO", ("US", "WEST"), 180),
        ("US| Disney (Pacific) FHD", (), 180),
        ("US: ESPN ᴴᴰ [EAST]", (), 0),
        ("CANAL+ +1", (), 60),
        *((name, (), None) for name in ("ESPN", "ESPN 2", "Canal+ 1", "Canal +1", "Canal Plus 1", "Disney+ 2")),
        *((name, (), None) for name in ("Kids 6+ 1", "Sport +24", "XXX +18", "A+E", "HBO West", "Key West")),
        *(
            (name, (), None)
            for name in ("beIN Sports Middle East", "US: Fox Sports West", "BBC One West", "UK: ITV West")
        ),
        ("Fox Sports", ("US", "WEST"), None),
        ("US: Fox Sports West", ("US", "WEST"), None),
        ("", (), None),
    ],
)
def test_a_time_shift_is_told_in_minutes(name: str, tags: tuple[str, ...], minutes: int | None) -> None:
    found = shift_of(fold(cleaned_name(name)), tags, place_among(tags))
    assert (found.minutes if found and found.confidence >= 0.6 else None) == minutes


def test_the_best_copy_comes_first_and_a_backup_last() -> None:
    names = (
        "ESPN 8K",
        "ESPN UHD",
        "ESPN FHD RAW",
        "ESPN FHD HEVC",
        "ESPN FHD",
        "ESPN HD",
        "ESPN",
        "ESPN SD",
        "ESPN 4K backup",
    )
    ranks = [channel_variant(name).rank for name in names]
    assert ranks == sorted(set(ranks))
    assert channel_variant("ESPN", ["4K"]).rank == channel_variant("ESPN ⁴ᴷ").rank == channel_variant("4K| ESPN").rank
    assert [quality_of(rank) for rank in ranks[4:8]] == ["FHD", "HD", None, "SD"]


def test_an_epg_id_helps_where_it_agrees_with_the_name_and_nowhere_else() -> None:
    plain = channel_variant("US: ESPN")
    assert same(channel_variant("ESPN HD", epg_id="ESPN.us")) == same(plain)
    assert same(channel_variant("ESPN", epg_id="ESPNHD.us")) == same(plain)
    assert same(channel_variant("FS1", epg_id="FS1.us")) == same(channel_variant("Fox Sports 1", epg_id="fs1.us"))
    assert channel_variant("ESPN", epg_id="ESPN.br").place == "br"
    for wrong in ("4711", "espn", "cnn.us", "", ".us", "espn.com", None):
        assert same(channel_variant("ESPN", epg_id=wrong)) == ("espn", "", 0)
    london = channel_variant("BBC One London", epg_id="BBC1.uk")
    assert london.base != channel_variant("BBC One", epg_id="BBC1.uk").base
    assert channel_variant("UK: ESPN", epg_id="ESPN.us").place == "uk"


def test_a_tag_tells_what_the_name_lost() -> None:
    assert same(channel_variant("US ★ ESPN", ["US"])) == same(channel_variant("US: ESPN"))
    assert same(channel_variant("ESPN", ["HD", "US"])) == same(channel_variant("US: ESPN"))
    assert same(channel_variant("EX-YU: Nova", ["EX-YU"])) == same(channel_variant("EXYU | Nova HD"))


@settings(deadline=None)  # the first name compiles patterns
@given(
    st.sampled_from(["US: ", "UK | ", "DE - ", "[FR] ", "|IT| ", ""]),
    st.sampled_from(STATIONS),
    st.lists(st.sampled_from(QUALITIES), max_size=2),
    st.sampled_from(["", " +1", " Backup"]),
)
def test_the_built_in_rules_change_nothing(front: str, station: str, qualities: list[str], behind: str) -> None:
    name = f"{front}{station} {' '.join(qualities)}{behind}"
    tagged = TAGGER.apply(name)
    assert channel_variant(name, tagged.tags)._replace(rank=0) == channel_variant(name)._replace(rank=0)
    assert same(channel_variant(tagged.cleaned_name, tagged.tags)) == same(channel_variant(name))


def test_an_unknown_country_is_the_only_known_one() -> None:
    assert settled_place(["", "us"], "") == "us"
    assert settled_place(["", "us", "uk"], "") == ""
    assert settled_place(["", "us", "uk"], "uk") == "uk"


def test_a_direction_is_believed_where_both_coasts_are_there() -> None:
    west, east = channel_variant("HBO West"), channel_variant("HBO East")
    assert (west.base, east.base, west.mark, east.mark) == ("hbo", "hbo", 180, EAST_MARK)
    assert link_confidence(west.mark, west.confidence, [east.mark]) > link_confidence(west.mark, west.confidence, [0])


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (("Heat (1995)", None), ("EN - Heat [4K]", 1995), True),
        (("Heat (1995)", 1996), ("Heat 1995", 1995), True),
        (("Heat (Multi-Sub) (1995)", None), ("|FR| Heat (1995) VOSTFR", None), False),
        (("Heat", 1995), ("Heat", 1986), False),
        (("Heat", 1995), ("Heat", None), False),
        (("Heat", 1995), ("The Heat", 1995), False),
        (("Blade Runner 2049", 2017), ("Blade Runner (2017)", None), False),
        (("2012", 2012), ("2012 (2009)", None), False),
        (("Dark (2017-2020)", None), ("DE: Dark", 2017), True),
        (("Lost", 2004), ("Lost [SD]", 2004), True),
    ],
)
def test_titles_are_the_same_by_name_and_year(
    one: tuple[str, int | None], other: tuple[str, int | None], *, alike: bool
) -> None:
    first, second = (title_variant(name, year=year) for name, year in (one, other))
    assert (same(first) == same(second)) is alike, (first, second)


@given(st.sampled_from(STATIONS), st.lists(st.sampled_from(QUALITIES), max_size=3), st.sampled_from(["", "+1", "(+2)"]))
def test_quality_never_changes_what_a_channel_is(station: str, qualities: list[str], mark: str) -> None:
    bare = f"UK: {station} {mark}"
    assert same(channel_variant(" ".join([bare, *qualities]))) == same(channel_variant(bare))


@given(st.text(max_size=60), st.lists(st.sampled_from(["US", "HD", "+1", "WEST", "BACKUP", "XX"]), max_size=3))
def test_any_name_has_a_variant_and_the_tidy_name_the_same(name: str, tags: list[str]) -> None:
    found = channel_variant(name, tags)
    assert 0 <= found.rank <= 199
    assert same(channel_variant(cleaned_name(name), tags)) == same(found)
    assert title_variant(name, tags, year=1999).mark == 0


@given(st.sampled_from(STATIONS), st.sampled_from(["US: ", "DE| ", ""]), st.sampled_from([" HD", " [FHD]", " +1", ""]))
def test_the_key_by_which_lists_sort_tells_the_same(station: str, front: str, behind: str) -> None:
    name = f"{front}{station}{behind}"
    assert same(channel_variant(sort_key(cleaned_name(name)))) == same(channel_variant(name))
