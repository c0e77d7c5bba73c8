import time

import pytest

from app.domain.kinds import Kind
from app.simulator.catalogue import Catalogue
from app.simulator.draw import draws
from app.simulator.facts import Channel, Title
from app.simulator.portal import Portal
from app.simulator.server import create_portal
from app.simulator.spec import CatalogueSpec
from app.simulator.stalker.portal import StalkerPortal
from app.simulator.xtream.portal import XtreamPortal

SPEC = CatalogueSpec(channels=500, movies=2000, series=800, categories=60)


def item(catalogue: Catalogue, kind: Kind, number: int) -> Channel | Title:
    return catalogue.channel(number) if kind is Kind.CHANNEL else catalogue.title(kind, number)


def spelled(portal: Portal, kind: Kind, number: int) -> bytes:
    if isinstance(portal, XtreamPortal):
        return portal._caches[kind].many([number])[0]
    assert isinstance(portal, StalkerPortal)
    return portal._pages._caches["series" if kind is Kind.SERIES else "vod"].many([number])[0]


@pytest.mark.parametrize("kind", Kind)
def test_equal_specs_make_equal_items_in_any_order(kind: Kind) -> None:
    first, second = Catalogue(SPEC), Catalogue(SPEC)
    forwards = [item(first, kind, number) for number in range(1, 200)]
    backwards = [item(second, kind, number) for number in range(199, 0, -1)]
    assert forwards == backwards[::-1]


def test_another_seed_makes_another_catalogue() -> None:
    other = Catalogue(CatalogueSpec(seed=2, channels=500, movies=2000, series=800, categories=60))
    assert other.channel(7) != Catalogue(SPEC).channel(7)


def test_the_default_has_the_promised_size() -> None:
    expected = Catalogue(CatalogueSpec()).expected()
    assert (expected.channels, expected.movies, expected.series) == (12_000, 64_106, 19_076)
    assert expected.channel_categories + expected.movie_categories + expected.series_categories == 350


@pytest.mark.parametrize("kind", Kind)
def test_the_next_version_changes_one_percent(kind: Kind) -> None:
    old = Catalogue(SPEC)
    new = old.next_version()
    changes = new.changes(kind)
    total = len(old.numbers(kind))
    changed = len(changes.added) + len(changes.updated) + len(changes.removed)
    assert changed == pytest.approx(total * 0.01, abs=1)
    assert set(new.numbers(kind)) == set(old.numbers(kind)) - changes.removed | changes.added
    assert min(changes.added) > max(old.numbers(kind))


@pytest.mark.parametrize("kind", Kind)
def test_exactly_the_updated_items_look_different(kind: Kind) -> None:
    old = Catalogue(SPEC).at(3)
    new = old.next_version()
    both = set(old.numbers(kind)) & set(new.numbers(kind))
    different = {n for n in both if item(old, kind, n) != item(new, kind, n)}
    assert different == new.changes(kind).updated


@pytest.mark.parametrize("kind", [Kind.MOVIE, Kind.SERIES])
@pytest.mark.parametrize("profile", ["stock", "panel", "xtream", "xtream_legacy", "xtream_php"])
def test_an_update_is_visible_in_every_dialect(kind: Kind, profile: str) -> None:
    old, new = (create_portal(SPEC, profile) for _ in range(2))
    new.set_version(2)
    numbers = new.catalogue.changes(kind).updated
    assert numbers
    assert all(spelled(old, kind, number) != spelled(new, kind, number) for number in numbers)


def test_a_later_version_does_not_depend_on_the_way_there() -> None:
    stepped = Catalogue(SPEC).next_version().next_version().next_version()
    direct = Catalogue(SPEC).at(4)
    assert [stepped.stock[kind] for kind in Kind] == [direct.stock[kind] for kind in Kind]


def test_each_version_renames_a_category() -> None:
    old, new = Catalogue(SPEC).categories[Kind.MOVIE], Catalogue(SPEC).at(2).categories[Kind.MOVIE]
    assert sum(a != b for a, b in zip(old, new, strict=True)) == 1


def test_names_are_as_untidy_as_in_life() -> None:
    catalogue = Catalogue(CatalogueSpec())
    channels = [catalogue.channel(number).name for number in range(1, 3000)]
    titles = [catalogue.title(Kind.MOVIE, number).name for number in range(1, 3000)]
    assert "" in channels
    assert "" in titles
    assert any(name.startswith("####") for name in channels)
    assert any("ᴴᴰ" in name for name in channels)
    assert any("&amp;" in name for name in titles)
    for kind in Kind:
        names = [category.title for category in catalogue.categories[kind]]
        assert len(set(names)) < len(names)


def test_categories_are_skewed_and_some_items_have_none() -> None:
    catalogue = Catalogue(CatalogueSpec())
    found = [catalogue.category_of(Kind.MOVIE, number) for number in range(1, 5000)]
    assert -1 in found
    assert found.count(0) > 10 * found.count(100)
    assert 0.01 < sum(catalogue.censored(Kind.MOVIE, n) for n in range(1, 5000)) / 5000 < 0.06


def test_series_have_seasons_with_specials_and_more_than_a_page_of_some() -> None:
    catalogue = Catalogue(CatalogueSpec())
    seasons = [catalogue.seasons(number) for number in range(1, 2000)]
    assert any(found[0][0] == 0 for found in seasons)
    assert max(len(found) for found in seasons) > 14
    assert any(count > 14 for found in seasons for _, count in found)


def test_draws_are_pure() -> None:
    assert draws(1, "movie", 5) == draws(1, "movie", 5) != draws(1, "movie", 6)


def test_a_million_items_cost_nothing_until_they_are_asked_for() -> None:
    start = time.perf_counter()
    catalogue = Catalogue(CatalogueSpec(movies=1_000_000))
    assert catalogue.title(Kind.MOVIE, 999_999).number == 999_999
    assert time.perf_counter() - start < 1
