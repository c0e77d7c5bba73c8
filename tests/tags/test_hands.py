"""Whoever marks, the marking is the same; and a process beside that is lost takes nothing with it."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app.domain.default_rules import DEFAULT_RULES
from app.domain.documents import encode
from app.domain.kinds import Kind
from app.domain.marking import Marker, Policy, Seen
from app.domain.stretches import Found, Marked, StoredItem
from app.domain.tagging import Rule
from app.sync.normalise import draft
from app.tags import hands, processing
from app.tags.hands import Beside, Here, hand
from tests.support.scripted import record
from tests.tags.home import Home

HANGING = Rule(id="hangs", pattern=r"(a|aa)+$", tag="NEVER")
CATEGORIES = {"a": Seen("UK | Sport", censored=False), "b": Seen("XXX", censored=True)}
NAMES = ("US: ESPN ᴴᴰ", "UK| Dave +1", "Naïve «FR» 4K", "Plain", "|DE| ARD (BACKUP)")


def marker(*rules: Rule) -> Marker:
    return Marker(Kind.CHANNEL, Policy(rules=(*DEFAULT_RULES, *rules)), CATEGORIES)


def stretch(first: int, *, every: bool = False, name: str = "") -> Found:
    """Forty items as SQLite has them: 0 and 1 for no and yes."""
    items = []
    for place in range(first, first + 40):
        made = draft(record(Kind.CHANNEL, place, name=f"{NAMES[place % 5]} {place} {name}".strip()), "p", {})
        made.document.category_ids = ("ab"[place % 2],)
        censored, is_active = (None, 0, 1)[place % 3], int(place % 7 != 0)
        items.append(StoredItem(place, f"id{place}", censored, 0, is_active, encode(made.document)))  # type: ignore[arg-type]
    return Found(items, {"id3": ("Mine",)}, every=every)


def alike(marked: Marked) -> bytes:
    """All but the moment."""
    said = repr((marked.given, marked.shown, marked.documents, marked.renamed, marked.kept)).encode()
    return (
        said.replace(str(marked.moment[1]).encode(), b"now")
        + repr([(*row[:3], row[4]) for row in marked.rows]).encode()
    )


@asynccontextmanager
async def beside(by: Marker) -> AsyncIterator[Beside]:
    async with hand(by, hands.APART) as chosen:
        assert isinstance(chosen, Beside)
        yield chosen


async def test_few_items_need_no_process() -> None:
    async with hand(marker(), hands.APART - 1) as chosen:
        assert isinstance(chosen, Here)


async def test_a_process_beside_marks_as_this_one_does() -> None:
    here = Here(marker())
    async with beside(marker()) as there:
        for found in (stretch(0), stretch(40, every=True), Found(), stretch(80, name="+18")):
            await here.give(found)
            await there.give(found)
            mine = await here.take()
            assert alike(await there.take()) == alike(mine)
            assert bool(mine.given) is bool(found.items)
        assert not there.lost


async def test_a_rule_that_hangs_is_told_by_the_process_that_met_it() -> None:
    async with beside(marker(HANGING)) as there:
        await there.give(stretch(0, every=True, name="a" * 40 + "!"))
        marked = await there.take()
        assert list(there.troubles) == ["hangs"]
        assert len(marked.given) == 40
        assert not there.lost


@pytest.mark.parametrize("when", ["before it is given", "before it is taken"])
async def test_a_process_that_is_lost_takes_nothing_with_it(when: str) -> None:
    here, found = Here(marker()), stretch(0)
    async with beside(marker()) as there:
        os.kill(there.pid, signal.SIGSTOP)  # it has answered nothing
        if when == "before it is given":
            os.kill(there.pid, signal.SIGKILL)
        await there.give(found)
        if when == "before it is taken":
            os.kill(there.pid, signal.SIGKILL)
        for _ in range(2):
            await here.give(found)
            assert alike(await there.take()) == alike(await here.take())
            await there.give(found)
        assert there.lost


async def test_the_process_ends_with_the_work_that_needed_it() -> None:
    async def work() -> None:
        async with beside(marker()) as there:
            started.set_result(there.pid)
            await asyncio.sleep(60)

    started = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(work())
    pid = await started
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_what_was_marked_beside_is_stored(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.names = [f"{NAMES[number % 5]} {number}" for number in range(60)]
    await home.sync()
    monkeypatch.setattr(processing, "STRETCH", 25)
    await home.rule("Dave", "SITCOM")
    await home.tags.process(home.pk)
    expected, log = await home.marks(), len(await home.log())
    await home.rule("ARD", "ERSTES")
    await home.rule("Dave", "COMEDY")
    monkeypatch.setattr(hands, "APART", 60)
    done = await home.tags.process(home.pk)
    found = await home.marks()
    assert done.tags_created == 24
    assert len(await home.log()) == log + 24
    for name, (had, cleaned) in expected.items():
        more = [*(["ERSTES"] if "ARD" in name else []), *(["COMEDY"] if "Dave" in name else [])]
        assert found[name] == (sorted([*had, *more]), cleaned)
