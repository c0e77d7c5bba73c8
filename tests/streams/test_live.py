import asyncio
from typing import Any

import pytest
from sqlalchemy import insert

from app.core.errors import Rejected, Unavailable
from app.db.tables import ProviderFilter, metadata
from app.domain.filters import Visibility
from app.domain.kinds import Kind
from app.domain.records import CategoryRecord, Record
from app.providers.base import Page, Scope, StepReport, Verdict
from app.streams import live, reading
from tests.streams.conftest import Desk
from tests.support.scripted import record


def channels(count: int, **fields: Any) -> list[Record]:
    return [record(Kind.CHANNEL, number, **fields) for number in range(1, count + 1)]


@pytest.fixture
def open_desk(desk: Desk) -> Desk:
    desk.provider.lists = {Kind.CHANNEL: channels(35)}
    desk.provider.asked.clear()
    return desk


async def names(desk: Desk) -> list[str]:
    return [one.name for one in await desk.streams.channels(desk.pk)]


async def test_all_pages_are_read_in_order(open_desk: Desk) -> None:
    assert await names(open_desk) == [f"Channel {number}" for number in range(1, 36)]
    assert [page for _, page in open_desk.provider.asked][:4] == [1, 2, 3, 4]
    (first, *_) = await open_desk.streams.channels(open_desk.pk)
    assert first.categories >= {"1", "one"}
    assert b'"cleanedName":"Channel 1"' in first.body


async def test_a_bulk_answer_is_read_too(open_desk: Desk) -> None:
    open_desk.provider.paged = False
    assert len(await names(open_desk)) == 35


async def test_who_types_asks_the_portal_once(open_desk: Desk) -> None:
    await asyncio.gather(*(names(open_desk) for _ in range(20)))
    asked = len(open_desk.provider.asked)
    assert len(set(open_desk.provider.asked)) == asked
    for _ in range(5):
        await names(open_desk)
    assert len(open_desk.provider.asked) == asked
    assert open_desk.provider.opened == 1


async def test_a_reading_is_kept_for_a_while(open_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "KEPT_SECONDS", 0.0)
    await names(open_desk)
    open_desk.provider.lists[Kind.CHANNEL] = channels(3)
    await asyncio.sleep(0.01)
    assert len(await names(open_desk)) == 3


async def test_another_account_is_another_reading(open_desk: Desk) -> None:
    await names(open_desk)
    open_desk.provider.lists[Kind.CHANNEL] = channels(3)
    assert len(await names(open_desk)) == 35
    open_desk.mac[0] = "00:1A:79:00:00:02"
    assert len(await names(open_desk)) == 3


async def test_a_portal_that_failed_is_left_alone_for_a_while(open_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0

    def refuse(scope: Scope, number: int) -> None:
        nonlocal calls
        calls += 1
        raise Unavailable("The portal is away.", retry_after=7)

    open_desk.provider.on_page = refuse
    for _ in range(5):
        with pytest.raises(Unavailable, match="away") as raised:
            await names(open_desk)
        assert raised.value.retry_after == 7
    assert calls == 1
    monkeypatch.setattr(live, "TROUBLE_SECONDS", 0.0)
    open_desk.mac[0] = "00:1A:79:00:00:02"
    with pytest.raises(Unavailable):
        await names(open_desk)
    open_desk.provider.on_page = None
    await asyncio.sleep(0.01)
    assert len(await names(open_desk)) == 35


async def test_pages_that_fail_together_fail_as_one(open_desk: Desk) -> None:
    def refuse(scope: Scope, number: int) -> None:
        if number > 1:
            raise Rejected("The account has expired.")

    open_desk.provider.on_page = refuse
    with pytest.raises(Rejected):
        await names(open_desk)


async def test_a_portal_that_ignores_page_numbers_ends(open_desk: Desk) -> None:
    first = Page(number=1, records=channels(10), total=1_000_000, size=10)
    open_desk.provider.on_page = lambda scope, number: first
    assert len(await names(open_desk)) == 10


async def test_the_review_tells_where_else_to_look(open_desk: Desk) -> None:
    def verdict(report: StepReport) -> Verdict:
        one = report.scopes[0]
        return Verdict(more=[Scope(step=one.scope.step, name="more", kinds=one.scope.kinds, paged=True)])

    def empty(scope: Scope, number: int) -> Page | None:
        return None if scope.name == "more" else Page(number=number, records=[], last=True)

    open_desk.provider.verdict, open_desk.provider.on_page = verdict, empty
    assert len(await names(open_desk)) == 35


async def test_a_reading_is_bounded(open_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_CHANNELS", 12)
    assert len(await names(open_desk)) == 12
    assert max(page for _, page in open_desk.provider.asked) < 10


async def test_what_came_in_time_counts(open_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def stuck(scope: Scope, number: int) -> None:
        if number > 1:
            await asyncio.sleep(60)

    monkeypatch.setattr(reading, "SECONDS", 0.1)
    open_desk.provider.on_page = stuck
    assert len(await names(open_desk)) == 10

    async def mute(scope: Scope, number: int) -> None:
        await asyncio.sleep(60)

    open_desk.provider.on_page = mute
    open_desk.mac[0] = "00:1A:79:00:00:02"
    with pytest.raises(Unavailable):
        await names(open_desk)


async def test_rules_and_filters_of_now_are_applied(open_desk: Desk) -> None:
    open_desk.provider.lists[Kind.CHANNEL] = [
        record(Kind.CHANNEL, 1, name="US: ESPN HD"),
        record(Kind.CHANNEL, 2, name="CNN", category_ids=("2",)),
    ]
    known = [CategoryRecord(external_id="1", name="Sport", position=0)]
    open_desk.provider.categories_of[Kind.CHANNEL] = [*known, CategoryRecord(external_id="2", name="XXX", position=1)]
    first, second = await open_desk.streams.channels(open_desk.pk)
    assert (first.visibility, second.visibility) == (Visibility.SHOWN, Visibility.ADULT)
    rows = {"provider_pk": open_desk.pk, "position": 1, "case_sensitive": False, "kinds": [], "enabled": True}
    rows |= {"id": "f1", "action": "exclude", "field": "category", "value": "sport"}
    rules = {"provider_pk": open_desk.pk, "ruleset_id": "default", "position": 1}
    async with open_desk.database.writer() as writer:
        await writer.execute(insert(ProviderFilter), [rows])
        await writer.execute(insert(metadata.tables["provider_ruleset"]), [rules])
    asked = len(open_desk.provider.asked)
    first, _ = await open_desk.streams.channels(open_desk.pk)
    assert (first.tags, first.visibility) == (("HD", "US"), Visibility.FILTERED)
    assert len(open_desk.provider.asked) == asked
