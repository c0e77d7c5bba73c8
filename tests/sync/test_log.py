"""The change log tells the whole truth: replayed over the items of a version it gives the present ones."""

from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from app.db.engine import Database, Reader
from app.db.tables import metadata
from app.domain.documents import category_document
from app.domain.kinds import Kind
from app.domain.ordinals import OrdinalSet
from app.domain.records import CategoryRecord
from tests.support.effort import examples
from tests.support.scripted import ScriptedProvider, active_ids, add_job, add_provider, record, run, sync

HEAD, CATEGORY, CHANGE, DOCUMENT, PROVIDER, JOB_CHANGE = (
    metadata.tables[name] for name in ("catalogue_head", "category", "change", "document", "provider", "job_change")
)
NUMBERS = count(1)
Catalogue = dict[tuple[str, str], bytes]

items = st.dictionaries(st.integers(0, 9), st.tuples(st.integers(0, 2), st.integers(0, 3)), max_size=10)
categories = st.dictionaries(st.integers(0, 3), st.integers(0, 1), max_size=4)
catalogues = st.fixed_dictionaries(
    {"channels": items, "movies": items, "channel_categories": categories, "movie_categories": categories}
)
states = st.tuples(
    catalogues, st.booleans(), st.booleans(), st.sampled_from([[], ["channels"], ["categories"], ["movies"]])
)


def provider_of(state: dict[str, Any]) -> ScriptedProvider:
    lists, listed = {}, {}
    for kind in (Kind.CHANNEL, Kind.MOVIE):
        lists[kind] = [
            record(kind, number, name=f"Item {name}", category_ids=(str(category),))
            for number, (name, category) in state[kind.plural].items()
        ]
        listed[kind] = [
            CategoryRecord(external_id=str(number), name=f"Category {name}", position=place)
            for place, (number, name) in enumerate(state[f"{kind.value}_categories"].items())
        ]
    return ScriptedProvider(lists=lists, categories_of=listed | {Kind.SERIES: []})


async def present(reader: Reader, pk: int) -> Catalogue:
    """All that a snapshot would carry now."""
    public = await reader.scalar(select(PROVIDER.c.id).where(PROVIDER.c.pk == pk))
    found: Catalogue = {}
    for kind in Kind:
        table = metadata.tables[kind.value]
        rows = await reader.rows(
            select(table.c.id, DOCUMENT.c.body)
            .join(DOCUMENT, (DOCUMENT.c.ordinal == table.c.ordinal) & (DOCUMENT.c.provider_pk == table.c.provider_pk))
            .where(table.c.provider_pk == pk, table.c.is_active, DOCUMENT.c.kind == kind.number)
        )
        found |= {(kind.value, row.id): row.body for row in rows}
    rows = await reader.rows(select(*CATEGORY.c).where(CATEGORY.c.provider_pk == pk, CATEGORY.c.is_active))
    return found | {("category", row.id): category_document(row._asdict(), public) for row in rows}


async def publish(database: Database, pk: int) -> tuple[int, int, Catalogue]:
    """Version, floor and catalogue after the next publish."""
    async with database.writer() as writer:
        mine = HEAD.c.provider_pk == pk
        await writer.execute(update(HEAD).where(mine, HEAD.c.pending).values(version=HEAD.c.version + 1, pending=False))
        row = await writer.row(select(HEAD.c.version, HEAD.c.floor).where(mine))
        assert row is not None
        return row.version, row.floor, await present(writer, pk)


async def replayed(reader: Reader, pk: int, base: Catalogue, since: int) -> Catalogue:
    query = select(*CHANGE.c).where(CHANGE.c.provider_pk == pk, CHANGE.c.version > since).order_by(CHANGE.c.pk)
    found = dict(base)
    for row in await reader.rows(query):
        key = (row.kind, row.item_id)
        assert (row.op == "removed") is (row.document is None)
        assert (row.op == "added") is (key not in found)
        if row.document is None:
            del found[key]
        else:
            found[key] = row.document
    return found


@settings(
    max_examples=examples(25, short=10), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(states, min_size=2, max_size=5))
async def test_the_log_replayed_over_any_version_gives_the_present_one(
    database: Database, steps: list[tuple[dict[str, Any], bool, bool, list[str]]]
) -> None:
    pk = await add_provider(database, f"p{next(NUMBERS)}")
    versions: dict[int, Catalogue] = {}
    floor = 0
    for state, force, published, only in steps:
        await sync(database, pk, provider_of(state), force=force, only=only)
        if published:
            version, floor, catalogue = await publish(database, pk)
            versions[version] = catalogue
    version, floor, catalogue = await publish(database, pk)
    async with database.reader() as reader:
        for since, base in versions.items():
            if since >= floor:
                assert await replayed(reader, pk, base, since) == catalogue


async def test_what_a_job_changed_is_kept_by_place_on_a_first_load_too(database: Database) -> None:
    pk = await add_provider(database)
    first, second = (await add_job(database, pk), None)
    provider = ScriptedProvider(lists={Kind.MOVIE: [record(Kind.MOVIE, number) for number in range(30)]})
    await run(database, pk, provider, first)
    provider.lists[Kind.MOVIE][4] = record(Kind.MOVIE, 4, name="Renamed")
    provider.lists[Kind.MOVIE] = [*provider.lists[Kind.MOVIE][2:], record(Kind.MOVIE, 99)]
    second = await add_job(database, pk)
    await run(database, pk, provider, second)
    async with database.reader() as reader:
        assert await told(reader, first) == {"added": list(range(30))}
        assert await told(reader, second) == {"added": [30], "updated": [4], "removed": [0, 1]}
        rows = await reader.rows(select(CHANGE.c.op).where(CHANGE.c.job_id == first, CHANGE.c.kind == "category"))
        assert {row.op for row in rows} == {"added", "updated"}  # listed, then counted


async def told(reader: Reader, job_id: str) -> dict[str, list[int]]:
    found: dict[str, OrdinalSet] = {}
    for row in await reader.rows(select(*JOB_CHANGE.c).where(JOB_CHANGE.c.job_id == job_id)):
        assert row.kind == Kind.MOVIE.number
        found.setdefault(row.op, OrdinalSet()).update(OrdinalSet.unpack(row.ordinals))
    return {op: list(places) for op, places in found.items()}


async def test_counts_and_search_follow_when_a_crash_came_before_them(database: Database) -> None:
    pk = await add_provider(database)
    job_id = await add_job(database, pk)
    provider = ScriptedProvider(lists={Kind.MOVIE: [record(Kind.MOVIE, number) for number in range(30)]})
    await run(database, pk, provider, job_id)
    async with database.writer() as writer:
        await writer.execute(update(CATEGORY).values(count=0))
        await writer.execute(update(metadata.tables["sync_job"]).values(status="queued", completed_at=None))
    await run(database, pk, provider, job_id)
    async with database.reader() as reader:
        assert await reader.scalar(select(CATEGORY.c.count).where(CATEGORY.c.kind == "movie")) == 30
    assert len(await active_ids(database, Kind.MOVIE, pk)) == 30
