"""A first screen: what it shows, and that it stays small."""

import asyncio
import gzip
from typing import Any

from sqlalchemy import update

from app.core.jsonio import canonical, dumps, loads
from app.db.tables import Document, Movie
from app.domain.kinds import Kind
from app.snapshots.essentials import MOST_BYTES, write_essentials
from app.snapshots.versions import Version
from tests.snapshots.catalogue import PROVIDER, simple, write
from tests.snapshots.conftest import Stand, content

VERSION = Version("k7f2", 1)


async def essentials(stand: Stand) -> dict[str, Any]:
    file = await stand.snapshots.essentials(PROVIDER, None)
    found: dict[str, Any] = loads(await content(file, gzip=False))
    assert loads(gzip.decompress(await content(file, gzip=True))) == found
    return found


async def dress(stand: Stand) -> None:
    """Every third movie gets a poster; the later ones are the newer ones, the earlier ones the better ones."""
    async with stand.database.writer() as writer:
        await writer.execute(update(Movie).values(added_at=Movie.ordinal * 1000))
        driver = await writer.driver()
        rows = await writer.rows(Document.__table__.select().where(Document.kind == Kind.MOVIE.number))  # type: ignore[attr-defined]
        for row in rows:
            poster = "http://images.test/a.jpg" if row.ordinal % 3 == 0 else None
            body = canonical({**loads(row.body), "poster": poster, "rating": 10 - row.ordinal / 1000})
            where = (Document.kind == Kind.MOVIE.number, Document.ordinal == row.ordinal)
            await writer.execute(update(Document).where(*where).values(body=body))  # type: ignore[arg-type]
        del driver


async def test_the_newest_with_a_poster_are_shown_the_best_rated_first(stand: Stand) -> None:
    await write(stand.database, stand.pk, simple(3, 600, 4))
    await dress(stand)
    await stand.publish()
    found = await essentials(stand)
    assert list(found) == ["version", "stats", "categories", "featured"]
    assert found["version"] == "k7f2.1"
    assert found["stats"]["totalMovies"] == 600
    assert [one["id"] for one in found["categories"]] == list(simple(3, 600, 4).categories)
    assert found["categories"][2]["count"] == 300
    assert [one["id"] for one in found["featured"]] == [f"movie-{number}" for number in range(450, 600, 3)]


async def test_without_posters_nothing_is_shown(stand: Stand) -> None:
    await stand.publish(simple(3, 300, 4))
    assert (await essentials(stand))["featured"] == []


async def test_it_belongs_to_its_version(stand: Stand) -> None:
    first = await stand.publish(simple(1, 2, 3))
    before = await content(await stand.snapshots.essentials(PROVIDER, first), gzip=True)
    await stand.publish(simple(1, 2, 4))
    assert await content(await stand.snapshots.essentials(PROVIDER, first), gzip=True) == before
    assert (await essentials(stand))["version"] == "k7f2.2"


async def test_it_stays_small_whatever_there_is() -> None:
    names = [f"{number * 7919 % 100_003:x}{number * 104_729 % 99_991:x}" for number in range(30_000)]
    categories = [dumps({"count": number, "id": name, "name": name}) for number, name in enumerate(names)]
    titles = [dumps({"id": name, "kind": "movie", "name": name, "description": name * 500}) for name in names[:50]]
    made = await asyncio.to_thread(write_essentials, VERSION, {}, categories, titles)
    assert len(gzip.compress(made, 6)) <= MOST_BYTES * 1.02
    found = loads(made)
    assert len(found["featured"]) == 50
    assert "description" not in found["featured"][0]
    assert found["categories"] == [loads(one) for one in categories[-len(found["categories"]) :]]
