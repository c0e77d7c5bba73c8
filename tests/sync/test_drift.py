"""Lists that move while they are walked, through real pages: no live row is ever removed, and what is gone goes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from app.db.engine import Database
from app.domain.kinds import Kind, StepName, StepStatus
from app.simulator.spec import CatalogueSpec
from tests.providers.contract import ADAPTERS, Adapter, Client, client_of
from tests.support.scripted import active_ids, add_provider, sync

SPEC = CatalogueSpec(channels=60, movies=420, series=120, categories=20, censored=0.05)
VOD = (Kind.MOVIE, Kind.SERIES)
STOCK, PANEL = ADAPTERS["stalker-stock"], ADAPTERS["stalker-panel"]


class Copy:
    """A catalogue in a database, and the portal that it comes from."""

    def __init__(self, database: Database, pk: int, client: Client) -> None:
        self._database = database
        self._pk = pk
        self._client = client
        self.portal = client.portal

    async def sync(self, **fields: Any) -> dict[StepName, StepStatus]:
        found = await sync(self._database, self._pk, self._client.open(), **fields)
        return {one.step: one.status for one in found}

    async def ids(self, kind: Kind) -> set[str]:
        return set(await active_ids(self._database, kind, self._pk))

    async def calls(self) -> int:
        """How many requests a full sync takes now."""
        before = self.portal.stats.calls
        await self.sync()
        return self.portal.stats.calls - before

    async def is_exact(self) -> bool:
        return all([await self.ids(kind) == self.portal.expected_ids(kind) for kind in Kind])


@asynccontextmanager
async def copy_of(
    database: Database, adapter: Adapter, spec: CatalogueSpec = SPEC, **switches: Any
) -> AsyncIterator[Copy]:
    async with client_of(adapter, spec, **switches) as client:
        yield Copy(database, await add_provider(database), client)


@pytest.mark.parametrize(("adapter", "every"), [(STOCK, 3), (PANEL, 7)], ids=["stock", "panel"])
@pytest.mark.parametrize("shift", ["insert", "both", "anywhere", "swap", "ties"])
async def test_no_live_row_is_removed_and_what_is_gone_goes_with_the_next_quiet_sync(
    database: Database, adapter: Adapter, shift: Any, every: int
) -> None:
    async with copy_of(database, adapter) as copy:
        await copy.sync()
        assert await copy.is_exact()
        copy.portal.set_version(3)
        stored = {kind: await copy.ids(kind) for kind in VOD}
        copy.portal.behave(shift=shift, shift_every=every)
        for _ in range(2):
            await copy.sync()
            for kind in VOD:
                live = copy.portal.expected_ids(kind) & stored[kind]
                assert live <= await copy.ids(kind)
        copy.portal.behave(shift_every=None)
        await copy.sync(force=True)  # the drop guard would keep the many that went
        assert await copy.is_exact()


async def test_a_row_is_missed_although_totals_and_the_first_page_agree_and_is_found_by_a_second_look(
    database: Database,
) -> None:
    async with copy_of(database, PANEL) as copy:
        await copy.sync()
        copy.portal.behave(shift="swap", shift_every=7)
        statuses = await copy.sync()
        copy.portal.behave(shift_every=None)
        assert statuses[StepName.MOVIES] is StepStatus.COMPLETED
        missed = copy.portal.stats.deleted
        assert missed
        assert copy.portal.expected_ids(Kind.MOVIE) - set(copy.portal.stats.inserted) <= await copy.ids(Kind.MOVIE)


async def test_without_anything_missing_nothing_is_asked_for_once_more(database: Database) -> None:
    async with copy_of(database, STOCK) as copy:
        await copy.sync()
        calls = [await copy.calls() for _ in range(2)]
        assert calls[0] == calls[1]
        copy.portal.lists.delete("vod", "newest", place=100)
        assert await copy.calls() - calls[0] <= 4
        assert await copy.is_exact()


async def test_channels_are_taken_from_one_answer_but_hidden_ones_are_looked_for_once_more(database: Database) -> None:
    async with copy_of(database, STOCK, CatalogueSpec(channels=300, movies=5, series=5, censored=0.2)) as copy:
        await copy.sync()
        copy.portal.set_version(2)
        calls = copy.portal.stats.actions["itv.get_ordered_list"]
        statuses = await copy.sync(only=["channels"])
        assert statuses[StepName.CHANNELS] is StepStatus.COMPLETED
        assert await copy.ids(Kind.CHANNEL) == copy.portal.expected_ids(Kind.CHANNEL)
        assert copy.portal.stats.actions["itv.get_ordered_list"] > calls


async def test_items_without_a_date_are_looked_for_in_their_categories(database: Database) -> None:
    async with copy_of(database, PANEL, replace(SPEC, dirt=5.0)) as copy:
        await copy.sync()
        copy.portal.lists.delete("vod", "newest", place=100)
        copy.portal.lists.delete("vod", "newest", place=200)
        await copy.sync()
        assert await copy.is_exact()


async def test_too_many_to_be_named_are_believed_after_the_whole_list_was_seen_twice(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.sync.missing.MOST_NAMED", 10)
    async with copy_of(database, STOCK) as copy:
        await copy.sync()
        for place in range(20):
            copy.portal.lists.delete("vod", "newest", place=100 + place)
        quiet = await copy.calls()
        assert await copy.is_exact()
        assert quiet < 200
