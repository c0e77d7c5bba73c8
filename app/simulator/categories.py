"""The categories of a catalogue: decorated, sometimes twice under one title, some adult."""

from typing import Final

from msgspec import Struct

from app.domain.kinds import Kind
from app.simulator.draw import draws, pick
from app.simulator.spec import CatalogueSpec
from app.simulator.words import REGION_NAMES, REGIONS, THEMES, VOD_PREFIXES, VOD_THEMES

ADULT_SHARE: Final = 0.02
DUPLICATE_EVERY: Final = 23


class Category(Struct, frozen=True, kw_only=True):
    """A real category; `number` is the provider's own id within the kind's list."""

    number: int
    title: str
    censored: bool


def make_categories(spec: CatalogueSpec, kind: Kind) -> tuple[Category, ...]:
    """All categories of a kind in their order; the adult ones come last. Each version renames one."""
    count = spec.categories_of(kind)
    ordinary = count - max(1, round(count * ADULT_SHARE))
    # Series follow the movies: on stock portals both are rows of one VOD list.
    first = 1 + (spec.categories_of(Kind.MOVIE) if kind is Kind.SERIES else 0)
    titles = [_title(spec, kind, index, adult=index >= ordinary) for index in range(count)]
    for version in range(2, spec.version + 1):
        renamed = pick(range(ordinary), draws(spec.seed, f"category-{kind}", 0, version)[0])
        titles[renamed] = f"{_title(spec, kind, renamed, adult=False)} {version}"
    return tuple(
        Category(number=first + index, title=title, censored=index >= ordinary) for index, title in enumerate(titles)
    )


def _title(spec: CatalogueSpec, kind: Kind, index: int, *, adult: bool) -> str:
    if adult:
        return f"XXX | Adults {index}" if index % 2 else f"FOR ADULTS {index}"
    if index and index % DUPLICATE_EVERY == 0:
        return _title(spec, kind, index - 1, adult=False)
    d = draws(spec.seed, f"category-{kind}", index)
    region = d[0] % len(REGIONS)
    if kind is Kind.CHANNEL:
        forms = (
            f"{REGIONS[region]}| {pick(THEMES, d[1])}",
            f"{REGION_NAMES[region]} {pick(THEMES, d[1])}",
            f"✦ {REGION_NAMES[region]} ✦ {pick(THEMES, d[1]).upper()}",
            f"{pick(THEMES, d[1])} &amp; {pick(THEMES, d[3])}",
        )
        return pick(forms, d[2])
    theme = pick(VOD_THEMES, d[1])
    noun = "Series" if kind is Kind.SERIES else "Movies"
    return f"{pick(VOD_PREFIXES, d[2])}{theme} {noun}" if d[3] % 3 else f"{REGION_NAMES[region]} | {theme} {noun}"
