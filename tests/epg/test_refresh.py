"""A guide is shown whole or not at all, and whatever breaks leaves the one before."""

import gzip
from typing import Any

import pytest
from sqlalchemy import select

from app.core.errors import Unavailable
from app.db import guide_rows
from app.domain.kinds import StepStatus
from app.domain.programmes import ProgrammeRecord, document
from tests.epg.conftest import HOUR, NOW, Home, T, guide, shows, stamp
from tests.support.scripted import add_provider

AT = int(NOW.timestamp() * 1000)
CHANNELS = ("one", "two", "three")


async def test_a_guide_is_read_matched_and_shown(home: Home) -> None:
    home.server.files["/guide.xml"] = gzip.compress(guide(*CHANNELS, "four"))
    step = await home.refresh()
    assert (step.status, step.error, step.fetched, step.added) == (StepStatus.COMPLETED, None, 200, 200)
    assert step.pages_done == step.pages_total == 1 or step.pages_total == 1
    assert (await home.titles(1))[:2] == ["Show -2", "Show -1"]
    (row,) = await home.guide_rows()
    assert (row.channels, row.programmes, row.origin, row.error) == (4, 200, "xtream", None)
    assert (row.first_ms, row.last_ms) == (AT - 2 * HOUR, AT + 48 * HOUR)
    found = await home.matches()
    assert {place: (one.channel_id, one.method, one.score) for place, one in found.items()} == {
        place: (name, "id", 1.0) for place, name in enumerate(CHANNELS)
    }


CUT = guide(*CHANNELS, title="New")[:-400]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (CUT, 200, "cut"),
        (gzip.compress(guide(*CHANNELS, title="New"))[:-50], 200, "cut"),
        (b"", 200, "nothing"),
        (b"<tv/>", 200, "no programmes"),
        (b"<html><body>Blocked</body></html>", 200, "no XMLTV"),
        (guide(*CHANNELS, title="New") + b"", 503, "503"),
        (guide(*CHANNELS, title="New").replace(b"</tv>", b"</tvv>"), 200, "damaged"),
        (b'<!DOCTYPE tv [<!ENTITY a "b">]>' + guide(*CHANNELS, title="New"), 200, "entities"),
        (guide("one", title="New"), 200, "lost"),
        (guide(*CHANNELS, title="New", hours=range(3)), 200, "lost"),
        (guide(*CHANNELS, title="New", hours=range(-20, -2)), 200, "lost"),
    ],
)
async def test_a_broken_guide_keeps_the_old_one(home: Home, body: bytes, status: int, said: str) -> None:
    home.server.files["/guide.xml"] = guide(*CHANNELS, title="Old")
    assert (await home.refresh()).status is StepStatus.COMPLETED
    before = [await home.shown(place) for place in range(3)], await home.matches()
    home.server.files["/guide.xml"], home.server.status = body, status
    step = await home.refresh()
    assert step.status is StepStatus.FAILED
    assert said in (step.error or "")
    assert ([await home.shown(place) for place in range(3)], await home.matches()) == before
    assert await home.count("programme") == 150
    assert await home.count("guide_generation") == 1
    (row,) = await home.guide_rows()
    assert row.error == step.error
    home.server.files["/guide.xml"], home.server.status = guide(*CHANNELS, title="Better"), 200
    assert (await home.refresh()).status is StepStatus.COMPLETED
    assert (await home.titles())[0].startswith("Better")
    assert (await home.guide_rows())[0].error is None


async def test_a_guide_that_shrank_twice_alike_is_believed(home: Home) -> None:
    home.server.files["/guide.xml"] = guide(*CHANNELS)
    await home.refresh()
    home.server.files["/guide.xml"] = guide("one", title="New")
    assert (await home.refresh()).status is StepStatus.FAILED
    assert (await home.refresh()).status is StepStatus.COMPLETED
    assert (await home.titles())[0].startswith("New")
    assert await home.titles(1) == []


async def test_force_shows_what_is_held_back(home: Home) -> None:
    home.server.files["/guide.xml"] = guide(*CHANNELS)
    await home.refresh()
    home.server.files["/guide.xml"] = guide("one", title="New")
    assert (await home.refresh(force=True)).status is StepStatus.COMPLETED
    assert (await home.titles())[0].startswith("New")


async def test_an_unchanged_guide_costs_a_question(home: Home) -> None:
    home.server.files["/guide.xml"] = guide(*CHANNELS)
    home.server.headers["ETag"] = '"a"'
    await home.refresh()
    (before,) = await home.guide_rows()
    step = await home.refresh()
    assert (step.status, step.fetched, step.unchanged) == (StepStatus.COMPLETED, 0, 150)
    (after,) = await home.guide_rows()
    assert (after.generation, after.changed_at) == (before.generation, before.changed_at)
    assert after.checked_at >= before.checked_at
    # Another address is another file, whatever its tag.
    home.provider.guide_links = (home.link("/guide.xml?new=1"),)
    assert (await home.refresh()).fetched == 150
    assert len(await home.guide_rows()) == 1


async def test_a_guide_that_is_longer_than_the_window_is_read_again(home: Home) -> None:
    home.server.files["/guide.xml"] = guide(*CHANNELS, hours=range(24 * 10))
    home.server.headers["ETag"] = '"a"'
    await home.refresh()
    assert max(row.start_ms for row in await home.shown()) < AT + 8 * 24 * HOUR + HOUR
    await home.change("guide", beyond_ms=AT + 7 * 24 * HOUR)  # some hours later the window has reached it
    assert (await home.refresh()).fetched > 0


async def test_untidy_schedules_are_put_in_order(home: Home) -> None:
    def at(hour: float, title: str, stop: str = "") -> str:
        return f'<programme start="{stamp(hour)}" {stop} channel="one"><title>{title}</title></programme>'

    ends = f'stop="{stamp(2.5)}"'
    parts = [at(3, "D"), at(0, "A"), at(1, "B", ends), at(2, "C"), at(1, "B again"), at(3, "D again")]
    home.server.files["/guide.xml"] = f"<tv>{''.join(parts)}</tv>".encode()
    assert (await home.refresh()).status is StepStatus.COMPLETED
    spans = [((row.start_ms - AT) / HOUR, (row.stop_ms - AT) / HOUR) for row in await home.shown()]
    assert spans == [(0, 1), (1, 2), (2, 3), (3, 4)]
    assert await home.titles() == ["A", "B", "C", "D"]
    assert (await home.guide_rows())[0].programmes == 4


async def test_what_was_over_is_kept_when_a_guide_begins_with_the_present(home: Home) -> None:
    home.server.files["/guide.xml"] = guide(*CHANNELS, title="Old", hours=range(-5, 48))
    await home.refresh()
    home.server.files["/guide.xml"] = guide(*CHANNELS, title="New", hours=range(48))
    await home.refresh()
    assert (await home.titles())[:7] == ["Old -5", "Old -4", "Old -3", "Old -2", "Old -1", "New 0", "New 1"]


async def test_several_guides_are_read_in_order(home: Home) -> None:
    home.server.files |= {"/a.xml": guide("one", title="First"), "/b.xml": guide("one", "two", title="Second")}
    home.provider.guide_links = (home.link("/a.xml"), home.link("/missing.xml"), home.link("/b.xml"))
    step = await home.refresh()
    assert step.status is StepStatus.PARTIAL
    assert "404" in (step.error or "")
    assert (await home.titles(0))[0].startswith("First")
    assert (await home.titles(1))[0].startswith("Second")
    assert [row.error is None for row in await home.guide_rows()] == [True, False, True]


async def test_a_chosen_guide_replaces_what_the_provider_names(home: Home) -> None:
    home.server.files |= {"/guide.xml": guide(*CHANNELS), "/mine.xml": guide("one", title="Mine")}
    await home.refresh()
    home.provider.guide_links = (home.link("/mine.xml", "option"),)
    await home.refresh()
    assert (await home.titles(0))[0].startswith("Mine")
    assert await home.titles(1) == []
    assert await home.count("programme") == 50


async def test_a_guide_that_is_not_named_for_once_stays(home: Home) -> None:
    home.server.files["/guide.xml"] = guide(*CHANNELS)
    await home.refresh()
    home.provider.guide_links = ()
    assert (await home.refresh()).status is StepStatus.SKIPPED
    assert len(await home.titles()) == 50
    assert not (await home.guide_rows())[0].named


async def test_the_providers_own_programmes_are_a_guide(home: Home) -> None:
    home.provider.guide_links = ()
    home.provider.own_guide = True
    hours = (-30, 0, 1, 2, 24 * 9)  # the first and the last are not in the window
    own = [ProgrammeRecord("1", AT + hour * HOUR, None, document({"title": f"Own {hour}"})) for hour in hours]
    home.provider.own_programmes = own
    assert (await home.refresh()).status is StepStatus.COMPLETED
    assert await home.titles(1) == ["Own 0", "Own 1", "Own 2"]
    assert [(one.method, one.score) for one in (await home.matches()).values()] == [("provider", 1.0)]
    home.provider.own_programmes = []
    assert (await home.refresh()).status is StepStatus.FAILED
    assert len(await home.titles(1)) == 3


async def test_a_provider_without_any_guide_is_no_failure(home: Home) -> None:
    home.provider.guide_links, home.provider.own_guide = (), True
    assert (await home.refresh()).error is None
    assert await home.titles() == []


async def test_addresses_of_guides_are_sealed_and_never_told(home: Home, caplog: Any) -> None:
    home.provider.guide_links = (home.link("/guide.xml?username=fake-user&password=fake-password"),)
    home.server.files["/guide.xml"] = b"<html/>"
    step = await home.refresh()
    (row,) = await home.guide_rows()
    told = repr([step, row, home.provider.guide_links, caplog.text])
    assert home.server.asked[0][0].endswith("password=fake-password")
    assert "fake" not in told.replace("fake-key", "")
    assert "guide.xml" not in told


async def test_names_and_shifts_find_a_guide_too(home: Home) -> None:
    await home.change("channel", epg_id=None)
    home.server.files["/guide.xml"] = guide(*CHANNELS)
    home.options = {"epgShiftHours": 1.5}
    await home.refresh()
    found = await home.matches()
    assert {(one.method, one.score, one.shift_ms) for one in found.values()} == {("name", 0.95, int(1.5 * HOUR))}
    first = (await home.shown())[0]
    assert first.start_ms == AT - 2 * HOUR + int(1.5 * HOUR)


async def test_numbers_of_guide_channels_never_change(home: Home) -> None:
    """Matches hold while a generation replaces another, whatever the order of the file."""
    home.server.files["/guide.xml"] = guide(*CHANNELS)
    await home.refresh()
    home.server.files["/guide.xml"] = guide("zero", "three", "two", "one", title="New")
    await home.refresh()
    async with home.database.reader() as reader:
        table = T["guide_channel"].c
        rows = await reader.rows(select(table.channel_id, table.number))
    assert dict(tuple(row) for row in rows) == {"one": 0, "two": 1, "three": 2, "zero": 3}


async def test_a_refresh_that_dies_leaves_nothing_behind(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.server.files["/guide.xml"] = guide(*CHANNELS)
    await home.refresh()

    async def die(*_: object) -> None:
        raise Unavailable("The database went away.")

    with monkeypatch.context() as patched:
        patched.setattr("app.epg.refresh.Refresh._show", die)
        assert (await home.refresh()).status is StepStatus.FAILED
    assert await home.count("programme") == 150
    assert len(await home.titles()) == 50


async def test_a_crash_between_two_batches_is_never_seen(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.server.files["/guide.xml"] = guide(*CHANNELS, title="Old")
    await home.refresh()
    before = [await home.shown(place) for place in range(3)], await home.matches()
    seen = []
    insert = guide_rows.insert_programmes

    async def watched(writer: Any, rows: Any) -> None:
        await insert(writer, rows)
        seen.append([await home.shown(place) for place in range(3)] == before[0])
        if len(seen) == 3:
            raise RuntimeError("The worker fell over.")

    home.server.files["/guide.xml"] = guide(*CHANNELS, title="New")
    with monkeypatch.context() as patched:
        patched.setattr("app.epg.xmltv.BATCH", 20)
        patched.setattr("app.epg.mending.PIECE", 2_000)
        patched.setattr("app.epg.mending.HEAD", 2_000)
        patched.setattr(guide_rows, "insert_programmes", watched)
        with pytest.raises(RuntimeError):
            await home.refresh()
    assert seen == [True, True, True]
    assert ([await home.shown(place) for place in range(3)], await home.matches()) == before
    assert await home.count("guide_generation") == 2
    assert (await home.refresh()).status is StepStatus.COMPLETED
    assert (await home.titles())[0].startswith("New")
    assert (await home.count("programme"), await home.count("guide_generation")) == (150, 1)


async def test_what_has_left_the_window_is_forgotten_at_night(home: Home) -> None:
    home.server.files["/guide.xml"] = guide(*CHANNELS, hours=range(-20, 20))
    await home.refresh()
    first = (await home.shown())[0].start_ms
    await home.change("programme", start_ms=T["programme"].c.start_ms - 10 * 24 * HOUR)
    await home.change("programme", stop_ms=T["programme"].c.stop_ms - 10 * 24 * HOUR)
    await add_provider(home.database, "two")
    assert await home.guides.tidy() == 120
    assert await home.count("programme") == 0
    assert first < AT


async def test_a_guide_nobody_names_goes_when_it_is_over(home: Home) -> None:
    home.server.files["/guide.xml"] = guide(*CHANNELS)
    await home.refresh()
    await home.change("guide", named=False)
    await home.guides.tidy()
    assert len(await home.guide_rows()) == 1
    await home.change("guide", last_ms=AT - 48 * HOUR)
    await home.guides.tidy()
    assert [await home.count(table) for table in ("guide", "guide_channel", "programme", "epg_match")] == [0, 0, 0, 0]


async def test_a_long_feed_is_cut_into_batches_that_lose_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.epg.xmltv.BATCH", 20)
    monkeypatch.setattr("app.epg.mending.PIECE", 500)
    monkeypatch.setattr("app.epg.mending.HEAD", 500)
    monkeypatch.setattr("app.epg.staging.BITE", 7)
    monkeypatch.setattr("app.db.bulk.TOGETHER", 7)
    mixed = "".join(shows(name, [hour]) for hour in range(40) for name in CHANNELS)
    home.server.files["/guide.xml"] = f"<tv>{mixed}</tv>".encode()
    assert (await home.refresh()).added == 120
    assert [len(await home.titles(place)) for place in range(3)] == [40, 40, 40]
    assert (await home.refresh()).added == 120
    assert await home.count("programme") == 120
