"""Parts are of a size that a phone resumes by, and those without a change are named again."""

import random

from app.core.jsonio import loads
from app.domain.kinds import Kind
from app.snapshots.files import Encoding
from app.snapshots.makers import Role
from app.snapshots.views import View
from tests.snapshots.catalogue import PROVIDER, Catalogue, Item, simple, write
from tests.snapshots.conftest import Stand, content, named, stored
from tests.snapshots.test_files import joined_parts, same_in_all

MIB = 1 << 20


def wide(count: int, changed: frozenset[int] = frozenset()) -> Catalogue:
    """Movies of about 10 kB each, which hardly compress."""
    catalogue = simple(3, 0, 2)
    for number in range(count):
        chance = random.Random(number + 10_000 * (number in changed))
        catalogue.items.append(Item(Kind.MOVIE, number, chance.randbytes(5_000).hex(), ("amovie",)))
    catalogue.categories["amovie"] = Kind.MOVIE
    return catalogue


async def parts_of(stand: Stand, view: View = View.FULL) -> list[dict[str, int | str]]:
    manifest = loads(await content(await stand.snapshots.manifest(PROVIDER, None, view), gzip=False))
    found: list[dict[str, int | str]] = manifest["kinds"]["movie"]["parts"]
    return found


async def test_parts_have_their_size_and_hold_everything(stand: Stand) -> None:
    version = await stand.publish(wide(900))
    assert version is not None
    parts = await parts_of(stand)
    assert len(parts) > 3
    assert all(MIB <= int(part["bytes"]) <= 4 * MIB for part in parts)
    assert (await joined_parts(stand, version, View.FULL))[Kind.MOVIE] == wide(900).active(Kind.MOVIE)


async def test_a_change_in_one_place_leaves_the_other_parts_as_they_are(stand: Stand) -> None:
    await stand.publish(wide(900))
    before = {part["sha256"] for part in await parts_of(stand)}
    files = set(await named(stand, Role.PART))
    version = await stand.publish(wide(905, changed=frozenset({500, 501})))
    assert version is not None
    after = {part["sha256"] for part in await parts_of(stand)}
    assert len(before - after) == 1
    assert len(after - before) == 2  # the one with the change, and one of what was added
    assert len(set(await named(stand, Role.PART)) - files) <= 4
    assert (await joined_parts(stand, version, View.FULL))[Kind.MOVIE] == wide(905, frozenset({500, 501})).active(
        Kind.MOVIE
    )


async def test_parts_keep_their_size_over_many_versions(stand: Stand) -> None:
    gone: set[int] = set()
    for round_ in range(8):
        catalogue = wide(900 + round_, changed=frozenset(range(100 * round_, 100 * round_ + 3)))
        gone.update(range(round_ * 110, round_ * 110 + 105))  # little is left between parts that stay
        catalogue.items = [one for one in catalogue.items if one.kind is not Kind.MOVIE or one.ordinal not in gone]
        await write(stand.database, stand.pk, catalogue)
        assert await stand.publish() is not None
        sizes = [int(part["bytes"]) for part in await parts_of(stand)]
        assert all(MIB <= size <= 4 * MIB for size in sizes[:-1]), sizes
    assert (await joined_parts(stand, "k7f2.8", View.FULL))[Kind.MOVIE] == catalogue.active(Kind.MOVIE)


async def test_lines_that_were_published_before_keep_their_file(stand: Stand) -> None:
    """A state that comes back may be cut in another way: its parts are told by the files that were there first."""
    first, second = simple(0, 1200, 0), simple(0, 1200, 0)
    second.items.pop(1)
    await stand.publish(first)
    told = await parts_of(stand)
    await stand.publish(second)
    await stand.publish(first)
    assert await parts_of(stand) == told
    assert (await joined_parts(stand, "k7f2.3", View.FULL))[Kind.MOVIE] == first.active(Kind.MOVIE)


async def test_what_is_large_is_streamed_and_said_as_exactly(stand: Stand) -> None:
    version = await stand.publish(wide(900))
    for file in (
        await stand.snapshots.document(PROVIDER, version),
        await stand.snapshots.lines(PROVIDER, version, Kind.MOVIE, View.FULL),
    ):
        assert (await file.load(Encoding.GZIP)).stream is not None
        raw = await same_in_all(file)
        assert len(raw) > 8 * MIB
    assert len(await named(stand, Role.ZSTD)) == 2
    before = stored(stand)
    again = type(stand.snapshots)(stand.database, stand.artifacts)
    await same_in_all(await again.document(PROVIDER, version))
    assert stored(stand) == before  # zstd was made once


async def test_what_was_made_for_zstd_and_is_lost_is_made_again(stand: Stand) -> None:
    version = await stand.publish(wide(900))
    await same_in_all(await stand.snapshots.document(PROVIDER, version))
    for name in await named(stand, Role.ZSTD):
        await stand.artifacts.delete(name)
    assert await stand.publish() is None
    again = type(stand.snapshots)(stand.database, stand.artifacts)
    await same_in_all(await again.document(PROVIDER, version))
