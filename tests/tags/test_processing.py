"""Marks follow rules, filters, categories and people, and nothing else; on both databases."""

import asyncio
import time

import orjson
import pytest
from sqlalchemy import insert

from app.core.errors import LeaseLost, NotFound
from app.domain import patterns
from app.domain.filters import Action, Subject
from app.domain.kinds import Kind
from app.domain.patterns import PatternType
from app.domain.tagging import Cleanup
from app.jobs import lease
from app.tags.views import FilterView, RuleView
from tests.tags.home import Home, T


async def test_items_are_marked_when_they_are_written_and_found_by_their_cleaned_names(home: Home) -> None:
    assert not await home.sync()
    assert await home.marks() == {
        "US: ESPN ᴴᴰ": (["HD", "US"], "ESPN"),
        "UK: Dave": (["UK"], "Dave"),
        "US: CNN [EAST]": (["EAST", "US"], "CNN"),
    }
    assert await home.marks(Kind.MOVIE) == {"EN - Dune (2021)": (["EN"], "Dune (2021)")}
    assert {(tag, place) for tag, place, _ in await home.rows()} == {
        *(("HD", 0), ("US", 0), ("UK", 1), ("EAST", 2), ("US", 2)),
    }
    rows = {name: row for name, (_, row) in (await home.documents()).items()}
    assert rows["US: ESPN ᴴᴰ"].sort_name == "espn"
    assert rows["US: ESPN ᴴᴰ"].search_text == "us espn hd"
    assert await home.tags.names(Kind.CHANNEL, counts=True) == {"EAST": 1, "HD": 1, "UK": 1, "US": 2}


async def test_an_unchanged_sync_writes_nothing_and_processing_it_again_neither(home: Home) -> None:
    await home.sync()
    before = await home.documents(), await home.rows(), len(await home.log())
    assert not await home.sync()
    done = await home.tags.process(home.pk)
    assert (done.tags_created, done.tags_updated, done.tags_removed, done.using_database) == (0, 6, 0, True)
    assert (await home.documents(), await home.rows(), len(await home.log())) == before
    assert home.published == [home.pk]


async def test_changed_rules_reach_what_is_stored_and_the_change_log_after_the_next_sync(home: Home) -> None:
    await home.sync()
    told = len(await home.log())
    await home.rule("Dave", "COMEDY", cleanup=Cleanup.REPLACE, replacement="Dave!")
    assert await home.sync()
    assert (await home.marks())["UK: Dave"] == (["COMEDY", "UK"], "Dave!")
    assert ("COMEDY", 1, False) in await home.rows()
    news = (await home.log())[told:]
    assert [(row.kind, row.op, orjson.loads(row.document)["tags"]) for row in news] == [
        ("channel", "updated", ["COMEDY", "UK"])
    ]
    assert not await home.sync()
    home.names[1] = "UK: Dave HD"  # a change at the provider meets the rules too
    assert not await home.sync()
    assert (await home.marks())["UK: Dave HD"] == (["COMEDY", "HD", "UK"], "Dave!")
    assert {tag for tag, place, _ in await home.rows() if place == 1} == {"COMEDY", "HD", "UK"}


async def test_processing_says_what_it_did_and_publishes(home: Home) -> None:
    await home.sync()
    rule = await home.rule("CNN", "NEWS")
    done = await home.tags.process(home.pk)
    assert (done.tags_created, done.tags_updated, done.tags_removed) == (1, 6, 0)
    assert home.published == [home.pk] * 2
    own = (await home.tags.rulesets.assigned(home.pk))[1]
    await home.tags.rulesets.remove_rule(own.id, rule.id)
    done = await home.tags.process(home.pk)
    assert (done.tags_created, done.tags_updated, done.tags_removed) == (0, 6, 1)


async def test_only_tags_older_than_the_start_are_removed(home: Home) -> None:
    await home.sync()
    async with home.database.writer() as writer:
        later = {"provider_pk": home.pk, "kind": 0, "ordinal": 1, "by_user": False}
        await writer.execute(insert(T["item_tag"]).values(tag="OLD", processed_at=1, **later))
        await writer.execute(insert(T["item_tag"]).values(tag="NEW", processed_at=2**62, **later))
    await home.rule("Dave", "COMEDY")
    done = await home.tags.process(home.pk)
    assert done.tags_removed == 1
    assert {tag for tag, place, _ in await home.rows() if place == 1} == {"COMEDY", "NEW", "UK"}


async def test_a_renamed_category_reaches_the_items_in_it(home: Home) -> None:
    await home.rule("kids", "KIDS", source="category_name", pattern_type=PatternType.CONTAINS)
    await home.sync()
    assert (await home.marks())["UK: Dave"][0] == ["UK"]
    home.category = "For kids"
    assert await home.sync()
    assert (await home.marks())["UK: Dave"][0] == ["KIDS", "UK"]
    home.category = "XXX"
    assert await home.sync()
    assert {row.visibility for _, row in (await home.documents()).values()} == {1}


async def test_tags_that_people_set_survive_syncs_rules_and_cleans(home: Home) -> None:
    await home.sync()
    dave = (await home.documents())["UK: Dave"][0]["id"]
    found = await home.tags.own.set(Kind.CHANNEL, dave, "Mine")
    assert (list(found.tags), list(found.user_tags), found.pending) == (["Mine", "UK"], ["Mine"], False)
    assert ("Mine", 1, True) in await home.rows()
    home.names[1] = "UK: Dave 2"
    await home.sync()
    await home.tags.rulesets.assign(home.pk, [])
    done = await home.tags.process(home.pk)
    assert done.tags_created == 0
    assert await home.rows() == {("Mine", 1, True)}
    assert (await home.marks())["UK: Dave 2"] == (["Mine"], "UK: Dave 2")
    async with home.database.writer() as writer:  # what a clean takes away
        for table in ("channel", "movie", "document", "item_tag", "tag_state", "item_category"):
            await writer.execute(T[table].delete())
    await home.sync()
    assert (await home.marks())["UK: Dave 2"][0] == ["Mine"]
    with pytest.raises(NotFound):
        await home.tags.own.take_back(Kind.CHANNEL, dave, "other")
    found = await home.tags.own.take_back(Kind.CHANNEL, dave, "mine")
    assert list(found.tags) == []
    assert await home.rows() == set()


async def test_a_tag_set_during_a_sync_is_there_when_it_ends(home: Home) -> None:
    await home.sync()
    dave = (await home.documents())["UK: Dave"][0]["id"]
    async with lease.held(home.database, provider_pk=home.pk, job_id="job") as fence:
        found = await home.tags.own.set(Kind.CHANNEL, dave, "UK")
        assert found.pending
        assert not await home.tags.processing.settle(home.pk, fence, await home.job())  # nothing that clients see
        assert ("UK", 1, True) in await home.rows()
        await home.tags.own.take_back(Kind.CHANNEL, dave, "uk")
        assert not await home.tags.processing.settle(home.pk, fence, await home.job())
        assert ("UK", 1, False) in await home.rows()


async def test_a_rule_that_hangs_is_told_and_left_out_until_it_is_changed(home: Home) -> None:
    home.names = ["a" * 60 + "b", "ab"]
    await home.sync()
    rule = await home.rule(r"(a|aa)+$", "HANGS", pattern_type=PatternType.REGEX)
    own = (await home.tags.rulesets.assigned(home.pk))[1].id
    await home.rule("b", "B")
    assert await home.sync()
    assert {tags[0] for tags, _ in (await home.marks()).values()} == {"B"}
    stored = next(one for one in await home.tags.rulesets.rules(own) if one.id == rule.id)
    assert "0.1 s" in (stored.trouble or "")
    assert not await home.sync()
    changed = await home.tags.rulesets.change_rule(own, rule.id, {"pattern": "a"})
    assert changed.trouble is None
    assert await home.sync()
    assert (await home.marks())["ab"][0] == ["B", "HANGS"]


async def test_rules_that_hang_hold_up_nobody_else(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker has leases to renew and other syncs to run: the loop goes on between names, and all of it ends."""
    monkeypatch.setattr(patterns, "LIMIT_SECONDS", 0.02)
    monkeypatch.setattr(patterns, "NAME_SECONDS", 0.1)
    home.names = ["aaaa", "a" * 60 + "b", "ab"]  # the first gets tags of rules that are left out at the second
    await home.sync()
    for number in range(12):
        await home.rule(rf"(a|aa){{{number + 1},}}$", "HANGS", pattern_type=PatternType.REGEX)
    await home.rule("b", "B")
    gaps, running = [], True

    async def tick() -> None:
        while running:
            began = time.perf_counter()
            await asyncio.sleep(0.005)
            gaps.append(time.perf_counter() - began)

    ticking = asyncio.create_task(tick())
    done = await home.tags.process(home.pk)
    running = False
    await ticking
    assert max(gaps) < 1
    assert done.tags_created - done.tags_removed == 2
    assert await home.rows() == {("B", 1, False), ("B", 2, False)}
    own = (await home.tags.rulesets.assigned(home.pk))[1].id
    assert [bool(one.trouble) for one in await home.tags.rulesets.rules(own)] == [True] * 12 + [False]


async def test_filters_are_computed_into_rows_and_tell_nobody(home: Home) -> None:
    await home.sync()
    told = len(await home.log())
    await home.tags.filters.add(home.pk, FilterView(action=Action.INCLUDE, field=Subject.TAG, value="us"))
    trial = await home.tags.try_filters(home.pk, "one")
    assert [(one.name, one.before, one.after) for one in trial.visibility] == [("filtered", 0, 2), ("shown", 4, 2)]
    assert not await home.sync()
    shown = {name: row.visibility for name, (_, row) in (await home.documents()).items()}
    assert shown == {"US: ESPN ᴴᴰ": 0, "UK: Dave": 2, "US: CNN [EAST]": 0}
    assert len(await home.log()) == told


async def test_a_dry_run_tells_what_would_happen_and_stores_nothing(home: Home) -> None:
    await home.sync()
    rule = await home.rule("CNN", "NEWS")
    own = (await home.tags.rulesets.assigned(home.pk))[1].id
    before = await home.documents(), await home.tags.rulesets.rules(own)
    trial = await home.tags.try_rules(own, rule=RuleView(pattern="Dave", tag="COMEDY", cleanup=Cleanup.REMOVE))
    assert (trial.items, trial.changed, trial.tags_added, trial.tags_removed, trial.renamed) == (4, 2, 2, 0, 0)
    assert [(one.name, one.after.tags) for one in trial.samples] == [
        ("UK: Dave", ("COMEDY", "UK")),
        ("US: CNN [EAST]", ("EAST", "NEWS", "US")),
    ]
    instead = RuleView(id=rule.id, pattern="CNN", tag="TALK")
    trial = await home.tags.try_rules(own, rule=instead, samples=0)
    assert ("TALK", 0, 1) in [(one.name, one.before, one.after) for one in trial.tags]
    assert ("NEWS", 0, 1) not in [(one.name, one.before, one.after) for one in trial.tags]
    assert (await home.documents(), await home.tags.rulesets.rules(own)) == before


async def test_who_lost_the_catalogue_marks_nothing(home: Home) -> None:
    await home.sync()
    await home.rule("Dave", "COMEDY")
    with pytest.raises(LeaseLost):
        await home.tags.processing.whole(home.pk, fence=-1)
    assert (await home.marks())["UK: Dave"][0] == ["UK"]
