"""What is known of one item before a dialect spells it: pure functions of (spec, kind, number, revision)."""

from typing import Final

from msgspec import Struct

from app.domain.kinds import Kind
from app.simulator.draw import RANGE, below, draws, pick
from app.simulator.spec import CatalogueSpec
from app.simulator.words import (
    ADJECTIVES,
    CLOSERS,
    COUNTRIES,
    EDITIONS,
    EVENTS,
    FIRST_NAMES,
    FOREIGN_TITLES,
    GENRES,
    HEROES,
    LAST_NAMES,
    NETWORKS,
    NOUNS,
    PLACES,
    QUALITIES,
    REGION_NAMES,
    REGIONS,
    SUFFIXES,
    TURNS,
    VOD_PREFIXES,
)

NEWEST: Final = 1_760_000_000  # when the last item of version 1 was added (2025-10-09)
SPAN: Final = 200_000_000  # seconds over which the items of version 1 were added
DAY: Final = 86_400
Draws = tuple[int, ...]
SEPARATOR_EVERY: Final = 97
NO_CATEGORY: Final = -1
RENAME, REWRITE, MOVE, UNCHANGED = 0, 1, 2, -1
FEWEST_TO_MOVE: Final = 10  # with fewer categories a move could end where it began


class Channel(Struct, frozen=True, gc=False):
    """A live channel; `category` is an index into the kind's categories or NO_CATEGORY."""

    number: int
    name: str
    category: int
    censored: bool
    added: int
    hd: bool
    archive_days: int
    d: Draws
    revision: int


class Title(Struct, frozen=True, gc=False):
    """A movie or a series; ratings in tenths, 0 = none; `second` is a further category or NO_CATEGORY."""

    number: int
    name: str
    original: str
    plot: str
    director: str
    actors: str
    genres: str
    country: str
    year: int
    minutes: int
    imdb: int
    kinopoisk: int
    category: int
    second: int
    censored: bool
    added: int
    modified: int
    hd: bool
    d: Draws
    revision: int


def added_at(total: int, number: int) -> int:
    """When an item came: the higher its number the later, also beyond the first version's `total`."""
    step = min(DAY, max(1, SPAN // max(1, total)))
    return NEWEST - (total - number) * step


def change_of(spec: CatalogueSpec, kind: Kind, d: Draws, number: int, revision: int) -> int:
    """What a revision changed: RENAME, REWRITE or MOVE; UNCHANGED for the first one."""
    if not revision:
        return UNCHANGED
    change = draws(spec.seed, kind, number, revision)[0] % 3
    fixed = below(spec.unknown, d[0]) or below(spec.censored, d[1]) or spec.categories_of(kind) < FEWEST_TO_MOVE
    return RENAME if change == MOVE and fixed else change


def category_of(
    spec: CatalogueSpec, kind: Kind, counts: tuple[int, int], d: Draws, number: int, *, revision: int = 0
) -> int:
    """The index of an item's category; `counts` = (all, adult) categories of the kind. Sizes are skewed as in life."""
    total, adult = counts
    if below(spec.unknown, d[0]):
        return NO_CATEGORY
    if below(spec.censored, d[1]):
        return total - 1 - d[2] % adult
    ordinary = total - adult
    share = d[2] / RANGE
    index = int(ordinary * share * share)
    if change_of(spec, kind, d, number, revision) == MOVE:
        index = (index + 1 + revision % 5) % ordinary
    return index


def channel_name(spec: CatalogueSpec, d: Draws, number: int, revision: int = 0) -> str:
    """`US: ESPN 2 ᴴᴰ [EAST]`, and now and then a separator that providers put between groups."""
    if number % SEPARATOR_EVERY == 0 and not revision:
        return f"#### {pick(REGION_NAMES, d[8])} ####"
    if below(spec.dirt / 10, d[9]) and not revision:
        return ""
    digit = f" {1 + d[12] % 9}" if d[12] % 3 else ""
    name = f"{pick(REGIONS, d[8])}: {pick(NETWORKS, d[10])} {pick(NETWORKS, d[11])}{digit}{pick(QUALITIES, d[13])}"
    name += pick(SUFFIXES, d[14])
    if d[15] % 40 == 0:
        name = f"{name} &amp; Friends"
    return f"{name} v{revision}" if change_of(spec, Kind.CHANNEL, d, number, revision) == RENAME else name


def title_name(spec: CatalogueSpec, kind: Kind, d: Draws, number: int, revision: int = 0) -> str:
    """The title as shown, with the decorations of resellers."""
    if below(spec.dirt / 4, d[9]) and not revision:
        return ""
    name = f"{pick(VOD_PREFIXES, d[14])}{_plain_title(d)}"
    if d[15] % 4 == 0:
        name = f"{name} ({1950 + d[16] % 76})"
    return f"{name} [{pick(EDITIONS, revision)}]" if change_of(spec, kind, d, number, revision) == RENAME else name


def make_channel(spec: CatalogueSpec, counts: tuple[int, int], number: int, revision: int) -> Channel:
    """Everything about a channel."""
    d = draws(spec.seed, Kind.CHANNEL, number)
    category = category_of(spec, Kind.CHANNEL, counts, d, number, revision=revision)
    return Channel(
        number=number,
        name=channel_name(spec, d, number, revision),
        category=category,
        censored=category >= counts[0] - counts[1],
        added=added_at(spec.channels, number),
        hd=d[13] % len(QUALITIES) in (0, 1, 2, 5, 6),
        archive_days=(3, 7, 14)[d[16] % 3] if d[17] % 4 == 0 else 0,
        d=d,
        revision=revision,
    )


def make_title(spec: CatalogueSpec, kind: Kind, counts: tuple[int, int], number: int, revision: int) -> Title:
    """Everything about a movie or a series but its seasons."""
    d = draws(spec.seed, kind, number)
    category = category_of(spec, kind, counts, d, number, revision=revision)
    added = added_at(spec.items(kind), number)
    plain = _plain_title(d)
    rewritten = change_of(spec, kind, d, number, revision) == REWRITE
    plot_draw = d[22] + revision if rewritten else d[22]
    return Title(
        number=number,
        name=title_name(spec, kind, d, number, revision),
        original=pick(FOREIGN_TITLES, d[17]) if d[17] % 9 == 0 else plain,
        plot=_plot(d, plot_draw) if d[18] % 12 or rewritten else "",
        director=_person(d[19], d[20]) if d[19] % 6 else "",
        actors=_cast(d) if d[20] % 8 else "",
        genres=_genres(d[21]),
        country=pick(COUNTRIES, d[23]) if d[23] % 5 else "",
        year=1950 + d[16] % 76,
        minutes=(40 + d[24] % 120) if kind is Kind.MOVIE else 20 + d[24] % 45,
        imdb=(20 + (d[25] + 7 * revision) % 78) if d[26] % 7 or rewritten else 0,
        kinopoisk=(20 + d[26] % 78) if d[26] % 4 else 0,
        category=category,
        second=d[27] % (counts[0] - counts[1]) if d[27] % 31 == 0 else NO_CATEGORY,
        censored=category >= counts[0] - counts[1],
        added=added,
        modified=added + revision * DAY,
        hd=d[28] % 3 > 0,
        d=d,
        revision=revision,
    )


def seasons_of(spec: CatalogueSpec, number: int) -> tuple[tuple[int, int], ...]:
    """(season number, episodes) of a series in order; season 0 holds specials; one in fifty runs for decades."""
    d = draws(spec.seed, "seasons", number)
    count = 15 + d[0] % 9 if d[1] % 50 == 0 else 1 + min(d[2] % 4, d[3] % 7)
    first = 0 if d[4] % 9 == 0 else 1
    return tuple(
        (season, 16 + d[6] % 14 if d[(season + 7) % 32] % 8 == 0 else 4 + d[(season + 7) % 32] % 9)
        for season in range(first, count + 1)
    )


def _plain_title(d: Draws) -> str:
    adjective, noun = pick(ADJECTIVES, d[10]), pick(NOUNS, d[11])
    article = "An" if adjective[0] in "AEIOU" else "A"
    form = d[13] % 8
    if form < 3:  # noqa: PLR2004 - three of eight titles
        return f"The {adjective} {noun}"
    if form == 3:  # noqa: PLR2004 - the fourth form
        return f"{noun} of {pick(PLACES, d[12])}"
    if form == 4:  # noqa: PLR2004 - the fifth form
        return f"{pick(FIRST_NAMES, d[12])} &amp; the {noun}"
    if form == 5:  # noqa: PLR2004 - the sixth form
        return f"{adjective} {noun}: {pick(PLACES, d[12])}"
    return f"{adjective} {noun} {2 + d[12] % 3}" if d[12] % 6 == 0 else f"{article} {adjective} {noun}"


def _plot(d: Draws, draw: int) -> str:
    place = pick(PLACES, d[29])
    text = f"{pick(HEROES, draw)} from {place} {pick(EVENTS, d[30])}. {pick(TURNS, draw // 16)} {pick(CLOSERS, d[31])}"
    return f"{text} {pick(TURNS, draw // 16 + 1 + d[30] % 7)}" if draw % 2 else text


def _person(first: int, last: int) -> str:
    return f"{pick(FIRST_NAMES, first)} {pick(LAST_NAMES, last)}"


def _cast(d: Draws) -> str:
    return ", ".join(_person(d[i], d[i + 5]) for i in range(20 + d[18] % 2, 26))


def _genres(draw: int) -> str:
    first = pick(GENRES, draw)
    return f"{first}, {pick(GENRES, draw // 20)}" if draw % 3 else first
