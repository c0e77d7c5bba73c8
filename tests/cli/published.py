"""Versions for clients to fetch, published beside a server as a worker does."""

import asyncio
import random

import httpx

from app.domain.kinds import Kind
from tests.cli.installation import Installation
from tests.snapshots.catalogue import PROVIDER, Catalogue, Item, simple
from tests.snapshots.conftest import open_stand

TRICKY = "}],},{"  # with the quote behind it, it looks like the end of an item


def large() -> Catalogue:
    """Titles that do not compress away."""
    dice = random.Random(5)
    made = simple(30, 1200, 40)
    for item in made.items:
        if item.kind is Kind.MOVIE:
            item.name += f"{dice.randbytes(2000).hex()} {TRICKY}"
    return made


def publish(installation: Installation, catalogue: Catalogue) -> str | None:
    """Publishes a version beside the server, as a worker does."""

    async def work() -> str | None:
        made = await open_stand(f"sqlite:///{installation.data / 'lineup.db'}", installation.data / "artifacts")
        try:
            return await made.publish(catalogue)
        finally:
            await made.database.close()

    return asyncio.run(work())


def changed(catalogue: Catalogue, seed: int) -> Catalogue:
    """Some items changed, gone, come back in the middle, and new; a category gone, another one new."""
    dice = random.Random(seed)
    items: list[Item] = []
    for item in catalogue.items:
        dealt = dice.random()
        if dealt < 0.02:
            continue
        items.append(Item(item.kind, item.ordinal, f"changed {seed}", item.categories) if dealt < 0.04 else item)
    for kind in Kind:
        have = {item.ordinal for item in items if item.kind is kind}
        back = [place for place in range(max(have)) if place not in have and dice.random() < 0.3]
        fresh = (*back, max(have) + 1, max(have) + 2)
        items += [Item(kind, place, f"new {seed} {TRICKY}", (f"a{kind.value}",)) for place in fresh]
    items.sort(key=lambda one: (one.kind.number, one.ordinal))
    return Catalogue(items, {**catalogue.categories, f"c{seed}": Kind.MOVIE}, {"bmovie"} if seed % 2 else set())


def sent(url: str, path: str) -> bytes:
    return httpx.get(f"{url}/api/providers/{PROVIDER}/{path}", timeout=60).raise_for_status().content
