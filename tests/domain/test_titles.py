import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.titles import cleaned_name, display_name, fold, search_words, sort_key


@pytest.mark.parametrize(
    ("raw", "name"),
    [("  Law &amp; Order ", "Law & Order"), ("Ocean&#39;s 11", "Ocean's 11"), ("US: ESPN ᴴᴰ", "US: ESPN ᴴᴰ"), ("", "")],
)
def test_the_providers_name_is_decoded_and_trimmed_and_nothing_else(raw: str, name: str) -> None:
    assert display_name(raw) == name


@pytest.mark.parametrize(
    ("name", "tidy"),
    [
        ("US: ESPN ᴴᴰ [EAST]", "US: ESPN HD [EAST]"),
        ("#### UK ####", "UK"),
        ("★ Ｆｕｌｌ  ｗｉｄｔｈ ★", "Full width"),
        ("┃DE┃ Das Erste", "DE Das Erste"),
        ("####", "####"),
        ("Amélie", "Amélie"),
    ],
)
def test_the_tidy_name_has_no_ornaments(name: str, tidy: str) -> None:
    assert cleaned_name(name) == tidy


@given(st.text(max_size=60))
def test_a_tidy_name_is_never_lost_and_tidying_twice_changes_nothing(text: str) -> None:
    name = display_name(text)
    tidy = cleaned_name(name)
    assert bool(tidy) == bool(name)
    assert cleaned_name(tidy) == tidy


@pytest.mark.parametrize(
    ("name", "key"), [("The Matrix", "matrix"), ("Élan", "elan"), ("«Über» alles", "uber>> alles"), ("A", "a")]
)
def test_lists_sort_by_folded_names_without_articles(name: str, key: str) -> None:
    assert sort_key(name) == key


def test_search_words_are_folded_distinct_and_in_order() -> None:
    assert search_words("Le Fabuleux Destin", "le destin d'Amélie", None) == "le fabuleux destin d amelie"


@given(st.text(max_size=60))
def test_folding_leaves_lower_case_ascii(text: str) -> None:
    folded = fold(text)
    assert folded.isascii()
    assert folded == folded.lower()
