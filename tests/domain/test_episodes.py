"""Episodes are known by their names, in every way in which they are written; nothing else is."""

import pytest

from app.domain.episodes import episode_name, series_key, year_of

WRITTEN = {
    "Dark S01E02": ("Dark", 1, 2, None),
    "Dark S01 E02": ("Dark", 1, 2, None),
    "Dark s1.e2": ("Dark", 1, 2, None),
    "Dark - S01E02 - Lies": ("Dark", 1, 2, "Lies"),
    "Dark (2017) S01 - E02": ("Dark (2017)", 1, 2, None),
    "Dark_S01_EP02": ("Dark", 1, 2, None),
    "Dark 1x02": ("Dark", 1, 2, None),
    "Dark [1x02] Lies": ("Dark", 1, 2, "Lies"),
    "Dark Season 1 Episode 2": ("Dark", 1, 2, None),
    "Dark - Season 1, Episode 2: Lies": ("Dark", 1, 2, "Lies"),
    "Dark Staffel 1 Folge 2": ("Dark", 1, 2, None),
    "Dark Saison 1 Épisode 2": ("Dark", 1, 2, None),
    "Dark Temporada 1 Capítulo 2": ("Dark", 1, 2, None),
    "Dark 1. Sezon 2. Bölüm": ("Dark", 1, 2, None),
    "Dark Sezon 1 Odcinek 2": ("Dark", 1, 2, None),
    "Dark Seizoen 1 Aflevering 2": ("Dark", 1, 2, None),
    "Тьма Сезон 1 Серия 2": ("Тьма", 1, 2, None),
    "Тьма 1 сезон 2 серия": ("Тьма", 1, 2, None),
    "Dark Folge 12": ("Dark", 1, 12, None),
    "Dark Ep. 12": ("Dark", 1, 12, None),
    "Dark E12": ("Dark", 1, 12, None),
    "Dark S00E01": ("Dark", 0, 1, None),
    "Dark S2019E115": ("Dark", 2019, 115, None),
    "Dark S01E01-E02": ("Dark", 1, 1, None),
    "24 S01E02": ("24", 1, 2, None),
    "S01E02": ("", 1, 2, None),
}
NO_EPISODES = ["", "Dark", "4x4", "Blade Runner 2049", "1080p", "1920x1080", "Se7en", "Ocean's 11", "Apollo 13 (1995)",
               "X2", "MI6 S1", "Episode", "The 100", "Mission 3x3"]  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN)
def test_an_episode_is_found_in_every_spelling(name: str) -> None:
    found = episode_name(name)
    assert found is not None
    assert (found.title, found.season, found.number, found.name) == WRITTEN[name]


@pytest.mark.parametrize("name", NO_EPISODES)
def test_what_only_looks_like_one_is_none(name: str) -> None:
    assert episode_name(name) is None


def test_spellings_of_one_series_have_one_key() -> None:
    alike = ["EN - The Café (2017)", "|EN| The Cafe 2017", "[en] the café. (2017)", "4K - EN - The Cafe [2017]"]
    assert len({series_key(title) for title in alike}) == 1
    others = ["The Cafe (2017)", "EN - The Cafe (2018)", "EN - The Cafe", "DE - The Café (2017)"]
    others.append("EN - The Cafes (2017)")
    assert len({series_key(title) for title in [alike[0], *others]}) == 6


def test_titles_in_any_script_have_keys_of_their_own() -> None:
    assert len({series_key(title) for title in ("Тьма", "Свет", "暗黑", "", "!!!", "???")}) == 6
    assert len(series_key("Тьма")) == 16


@pytest.mark.parametrize(("title", "year"), [("Dark (2017)", 2017), ("Dark 2017", None), ("1917 (2019)", 2019),
                                             ("2012", None), ("Dark", None)])  # fmt: skip
def test_a_year_is_one_in_brackets(title: str, year: int | None) -> None:
    assert year_of(title) == year
