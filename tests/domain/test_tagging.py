import time

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain import patterns
from app.domain.gates import Index, gate_of
from app.domain.kinds import Kind
from app.domain.normal import fold_case, plain
from app.domain.patterns import BadPattern, Matcher, PatternType
from app.domain.tagging import CAPTURE, Cleanup, Rule, Source, Tagger, checked

HANGS = r"(a|aa)+$"  # exponential: 2⁶⁰ steps for sixty letters and another one
BAIT = "a" * 60 + "b"


def tagged(name: str, *rules: Rule, categories: tuple[str, ...] = ()) -> tuple[tuple[str, ...], str]:
    found = Tagger(rules).apply(name, categories)
    return found.tags, found.cleaned_name


def literal(pattern: str, tag: str, kind: PatternType = PatternType.CONTAINS, **more: object) -> Rule:
    return Rule(id=f"{kind}-{pattern}", pattern=pattern, tag=tag, pattern_type=kind, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "pattern", "name", "matches"),
    [
        (PatternType.PREFIX, "us:", "US: ESPN", True),
        (PatternType.PREFIX, "us:", "A US: ESPN", False),
        (PatternType.SUFFIX, "hd", "ESPN ᴴᴰ", True),
        (PatternType.SUFFIX, "hd", "HD ESPN", False),
        (PatternType.CONTAINS, "sport", "beIN SPORTS", True),
        (PatternType.CONTAINS, "a.c", "ABC", False),
        (PatternType.REGEX, r"^us\b", "ＵＳ ESPN", True),
        (PatternType.REGEX, r"^us\b", "USA ESPN", False),
    ],
)
def test_each_type_of_pattern_reads_as_it_says_in_any_case(
    kind: PatternType, pattern: str, name: str, *, matches: bool
) -> None:
    assert tagged(name, literal(pattern, "T", kind))[0] == (("T",) if matches else ())
    assert tagged(name, literal(pattern, "T", kind, case_sensitive=True))[0] == ()


def test_rules_run_in_their_order_each_on_what_the_one_before_left() -> None:
    cut = literal("US:", "US", PatternType.PREFIX, cleanup=Cleanup.REMOVE)
    behind = literal("VIP", "VIP", PatternType.PREFIX, cleanup=Cleanup.REMOVE)
    assert tagged("US: VIP ESPN", cut, behind) == (("US", "VIP"), "ESPN")
    assert tagged("US: VIP ESPN", behind, cut) == (("US",), "VIP ESPN")


def test_a_rule_that_stops_is_the_last_one() -> None:
    line = literal("###", "LINE", PatternType.PREFIX, stop=True)
    assert tagged("### US ###", line, literal("US", "US")) == (("LINE",), "US")
    by_category = Rule(id="c", pattern="ppv", tag="PPV", source=Source.CATEGORY, stop=True)
    assert tagged("US", by_category, literal("US", "US"), categories=("PPV",))[0] == ("PPV",)


def test_the_first_group_is_the_tag_tidied_and_every_match_counts() -> None:
    rule = Rule(id="c", pattern=r"\[([^\]]+)\]", tag=CAPTURE, cleanup=Cleanup.REMOVE)
    assert tagged("ESPN [ east ] [hd]", rule) == (("EAST", "HD"), "ESPN")
    assert tagged("ESPN [-]", rule) == ((), "ESPN [-]")


def test_a_rule_looks_where_it_is_told_to() -> None:
    for source, tags in ((Source.NAME, ()), (Source.CATEGORY, ("S",)), (Source.BOTH, ("S",))):
        rule = literal("sport", "S", source=source, cleanup=Cleanup.REMOVE)
        assert tagged("Eurosport" if source is Source.BOTH else "ESPN", rule, categories=("UK | Sports",))[0] == tags
    both = literal("sport", "S", source=Source.BOTH, cleanup=Cleanup.REMOVE)
    assert tagged("Sport One", both) == (("S",), "One")
    assert tagged("Sport One", literal("one", "1", source=Source.CATEGORY, cleanup=Cleanup.REMOVE))[1] == "Sport One"


def test_a_match_is_removed_or_replaced_and_what_is_left_is_tidy() -> None:
    assert tagged("ESPN (HD) | East", literal("HD", "HD", cleanup=Cleanup.REMOVE))[1] == "ESPN | East"
    swap = Rule(id="s", pattern=r"(\w+) vs (\w+)", tag="", cleanup=Cleanup.REPLACE, replacement=r"\2 – \1")
    assert tagged("Ajax vs PSV", swap) == ((), "PSV – Ajax")
    assert tagged("a.b", literal(".", "", cleanup=Cleanup.REPLACE, replacement=r"\1"))[1] == r"a\1b"


def test_what_a_replacement_brings_is_seen_by_later_rules() -> None:
    spell = literal("sprt", "", cleanup=Cleanup.REPLACE, replacement="Sports")
    assert tagged("Sky Sprt", spell, literal("sports", "SPORTS"))[0] == ("SPORTS",)
    cut = literal("[HD]", "", cleanup=Cleanup.REMOVE)
    assert tagged("Apple [HD] TV", cut, literal("apple tv", "APPLE"))[0] == ("APPLE",)


@settings(max_examples=300, deadline=None)
@given(
    st.text(min_size=1, max_size=40), st.lists(st.sampled_from([".", r"\w+", r"\W", "^.*$", "(?:)", "HD"]), max_size=3)
)
def test_the_cleaned_name_never_becomes_empty(name: str, patterns: list[str]) -> None:
    rules = [Rule(id=str(place), pattern=one, tag="T", cleanup=Cleanup.REMOVE) for place, one in enumerate(patterns)]
    assert Tagger(rules).apply(name).cleaned_name


def test_a_pattern_that_hangs_is_left_out_and_told_and_the_item_lives() -> None:
    tagger = Tagger([Rule(id="bad", pattern=HANGS, tag="BAD"), literal("a", "A")])
    began = time.thread_time()
    assert tagger.apply(BAIT).tags == ("A",)
    assert time.thread_time() - began < 2
    assert list(tagger.troubles) == ["bad"]
    assert "0.1 s" in tagger.troubles["bad"]
    began = time.thread_time()
    assert tagger.apply(BAIT).tags == ("A",)
    assert time.thread_time() - began < 0.05


@pytest.mark.parametrize("pattern", [HANGS, r"(a+)+$", r"(.*a){25}$"])
def test_no_classic_takes_long(pattern: str) -> None:
    tagger = Tagger([Rule(id="bad", pattern=pattern, tag="BAD"), literal("a", "A")])
    began = time.thread_time()
    assert tagger.apply(BAIT).tags == ("A",)
    assert time.thread_time() - began < 2


def test_many_patterns_that_hang_do_not_add_up() -> None:
    """Each is held to its limit; all of them together are held to one second for a name."""
    rules = [Rule(id=str(number), pattern=rf"(a|aa){{{number},}}$", tag="BAD") for number in range(1, 41)]
    tagger = Tagger([*rules, literal("a", "A")])
    began = time.thread_time()
    assert tagger.apply(BAIT).tags == ("A",)
    assert time.thread_time() - began < 3  # alone they would take eight
    assert 1 <= len(tagger.troubles) < 10


def test_patterns_that_are_slow_together_lose_the_slowest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "NAME_SECONDS", 1e-9)
    tagger = Tagger([Rule(id="one", pattern="a", tag="ONE"), Rule(id="two", pattern="a", tag="TWO")])
    assert tagger.apply("a").tags == ("ONE",)  # what it found before is true
    assert list(tagger.troubles) == ["one"]
    assert tagger.apply("a").tags == ("TWO",)


def test_the_pattern_of_that_test_would_hang() -> None:
    with pytest.raises(TimeoutError):
        regex.search(HANGS, BAIT, timeout=0.5)


def test_a_pattern_that_is_slow_throughout_is_left_out_too() -> None:
    tagger = Tagger([Rule(id="slow", pattern=r"(?:x+x+)+y|(a|aa)+$", tag="SLOW")])
    name = "a" * 24 + "b"  # below the limit each time
    began = time.thread_time()
    for number in range(2_000):
        tagger.apply(f"{name}{number}")
        if tagger.troubles:
            break
    assert "names" in tagger.troubles["slow"]
    assert time.thread_time() - began < 20


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (Rule(id="r", pattern="(", tag="T"), "regular expression"),
        (Rule(id="r", pattern="", tag="T"), "1 to"),
        (Rule(id="r", pattern="x" * 2_000, tag="T"), "1 to"),
        (Rule(id="r", pattern="x", tag=CAPTURE), "group"),
        (Rule(id="r", pattern="x", tag="T", cleanup=Cleanup.REPLACE, replacement=r"\1"), "group 1"),
        (Rule(id="r", pattern="x", tag="T", cleanup=Cleanup.REPLACE, replacement=r"\q"), "replacement"),
    ],
)
def test_a_rule_that_cannot_work_says_why_and_stops_no_other(rule: Rule, said: str) -> None:
    with pytest.raises(BadPattern, match=said):
        checked(rule)
    tagger = Tagger([rule, literal("x", "X")])
    assert tagger.apply("x").tags == ("X",)
    assert said in tagger.troubles["r"]


PIECES = st.sampled_from(
    [
        "HD",
        "fhd",
        "İ",
        "ı",
        "K",
        "ſ",
        "a",
        "B",
        "[",
        "]",
        "(?:US|UK)",
        "(east|west)",
        r"\d",
        r"\s*",
        "x?",
        "(?:foo)+",
        ".",
    ]
)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(PIECES, min_size=1, max_size=4).map("".join),
    st.lists(
        st.sampled_from(["HD", "hd", "FHD", "us", "UK", "East", "İ", "i", "ı", "K", "s", "foo", "1", " ", "["]),
        max_size=8,
    ),
)
def test_a_gate_never_shuts_out_what_the_pattern_finds(pattern: str, words: list[str]) -> None:
    text = plain("".join(words))
    try:
        matcher = Matcher(PatternType.REGEX, pattern)
    except BadPattern:
        return
    if matcher.found(text):
        assert matcher.may_be_in(fold_case(text))
        assert Index({0: matcher.gate}).places(fold_case(text)) == [0]


def test_gates_are_found_where_they_pay() -> None:
    assert gate_of(r"(?<!\w)(?:UHD|4K|2160p)(?!\w)") == ("uhd", "4k", "2160p")
    assert gate_of(r"^\s*PPV\s+\d+") == ("ppv",)
    assert gate_of(r"(?:foo){e<=1}") == ()  # fuzzy: any letter may differ
    assert gate_of(r"\p{Lu}HD") == ()
    assert gate_of(r"HD|\d+") == ()


def test_names_in_fancy_letters_are_plain() -> None:
    for fancy, simple in (
        ("ESPN ᴴᴰ", "ESPN HD"),
        ("Sky ᵁᴴᴰ ³⁸⁴⁰ᴾ ⁶⁰ᶠᵖˢ", "Sky UHD 3840P 60fps"),
        ("ＢＢＣ　Ｏｎｅ", "BBC One"),
        ("𝐇𝐁𝐎 𝟐", "HBO 2"),
        ("ʀᴀᴡ", "RAW"),
        ("🅷🅳", "HD"),
        ("🇫🇷 TF1", "[FR] TF1"),
        ("Canal\u200b+\ufe0f", "Canal+"),
        ("NBC™", "NBC"),
        ("Téléfoot  Ünlü", "Téléfoot Ünlü"),
    ):
        assert plain(fancy) == simple


def test_kinds_are_words_of_the_catalogue() -> None:
    assert Rule(id="r", pattern="x", tag="T", kinds=(Kind.MOVIE,)).kinds == (Kind.MOVIE,)
