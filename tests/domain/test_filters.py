import pytest

from app.domain.filters import Action, Filter, Sieve, Subject, Visibility, is_adult, is_adult_channel
from app.domain.kinds import Kind
from app.domain.marking import Marker, Policy, Seen

SHOWN, ADULT, FILTERED = Visibility.SHOWN, Visibility.ADULT, Visibility.FILTERED


def one(action: str, field: str, value: str, **more: object) -> Filter:
    return Filter(id=f"{action}-{value}", action=Action(action), field=Subject(field), value=value, **more)  # type: ignore[arg-type]


def test_the_first_filter_that_matches_decides() -> None:
    keep, drop = one("include", "name", "news"), one("exclude", "tag", "US")
    assert Sieve([keep, drop]).judge("Fox News", tags=("US",)) is SHOWN
    assert Sieve([drop, keep]).judge("Fox News", tags=("us",)) is FILTERED


def test_without_filters_that_include_what_nothing_matches_is_shown_with_them_it_is_out() -> None:
    assert Sieve([one("exclude", "name", "shop")]).judge("ESPN") is SHOWN
    assert Sieve([one("exclude", "name", "shop"), one("include", "tag", "US")]).judge("ESPN") is FILTERED
    assert Sieve([]).judge("ESPN") is SHOWN


@pytest.mark.parametrize(
    ("field", "value", "found"),
    [
        ("category", "UK | SPORTS", True),
        ("category", "cat-1", True),
        ("category", "sports", False),
        ("name", "sky ꜱports", True),
        ("regex", r"^sky\b.*\d$", True),
        ("regex", r"^sports", False),
        ("tag", "hd", True),
        ("tag", "h", False),
    ],
)
def test_each_field_is_looked_at_as_it_says(field: str, value: str, *, found: bool) -> None:
    verdict = Sieve([one("exclude", field, value)]).judge(
        "Sky Sports 1", categories=("UK | Sports",), category_ids=("cat-1",), tags=("HD",)
    )
    assert verdict is (FILTERED if found else SHOWN)


def test_what_is_for_adults_is_hidden_from_who_does_not_ask_and_what_is_filtered_from_all() -> None:
    assert Sieve([]).judge("x", adult=True) is ADULT
    assert Sieve([one("include", "name", "x")]).judge("x", adult=True) is ADULT
    assert Sieve([one("exclude", "name", "x")]).judge("x", adult=True) is FILTERED


def test_a_filter_that_hangs_is_left_out_and_told() -> None:
    sieve = Sieve([one("exclude", "regex", r"(a|aa)+$"), one("exclude", "name", "b")])
    assert sieve.judge("a" * 60 + "b") is FILTERED
    assert list(sieve.troubles) == ["exclude-(a|aa)+$"]


@pytest.mark.parametrize(
    "name", ["XXX", "For Adults", "ADULT", "18+", "DE | +18", "xxx | VOD", "Porn", "ＸＸＸ", "Взрослые"]
)
def test_categories_for_adults_are_known_by_their_names(name: str) -> None:
    assert is_adult(name)


@pytest.mark.parametrize("name", ["Adult Swim", "Young Adult", "Adult Animation", "Sports", "XX Century", "Essex"])
def test_categories_that_only_sound_like_it_are_not(name: str) -> None:
    assert not is_adult(name)


def test_channels_are_also_known_by_a_mark_and_films_never() -> None:
    assert is_adult_channel("XXX: Some channel")
    assert not is_adult_channel("xXx")
    for kind, visibility in ((Kind.CHANNEL, ADULT), (Kind.MOVIE, SHOWN)):
        assert Marker(kind, Policy(), {}).mark("XXX: Return of Xander", ()).visibility is visibility


def test_the_provider_the_category_and_its_name_each_can_say_that_it_is_for_adults() -> None:
    marker = Marker(Kind.MOVIE, Policy(), {"a": Seen("A", censored=True), "b": Seen("XXX", censored=False)})
    assert marker.mark("x", ("a",)).visibility is ADULT
    assert marker.mark("x", ("b",)).visibility is ADULT
    assert marker.mark("x", (), censored=True).visibility is ADULT
    assert marker.mark("x", (), censored=False).visibility is SHOWN


def test_rules_and_filters_of_other_kinds_do_not_concern_a_kind() -> None:
    only = Policy(filters=(one("include", "name", "x", kinds=(Kind.CHANNEL,)),))
    assert Marker(Kind.MOVIE, only, {}).mark("y", ()).visibility is SHOWN
    assert Marker(Kind.CHANNEL, only, {}).mark("y", ()).visibility is FILTERED
    assert Marker(Kind.MOVIE, only, {}).digest == Marker(Kind.MOVIE, Policy(), {}).digest
