from sqlalchemy import update

from app.access.audit import DAY_MS, Audit, Change
from app.core.clock import now_ms
from app.db.engine import Database
from app.db.tables import AuditEntry


def change(who: str, path: str = "/api/providers") -> Change:
    return Change(who=who, action="add_provider", method="POST", path=path, status=201, request_id="r1")


async def test_entries_are_paged_newest_first(database: Database) -> None:
    audit = Audit(database)
    for number in range(5):
        await audit.note(change("even" if number % 2 == 0 else "odd", f"/{number}"))
    found, total = await audit.page(page=2, limit=2)
    assert (total, [one.path for one in found]) == (5, ["/2", "/1"])
    found, total = await audit.page(who="odd")
    assert (total, [one.path for one in found]) == (2, ["/3", "/1"])
    assert found[0].request_id == "r1"


async def test_a_path_without_end_is_cut(database: Database) -> None:
    audit = Audit(database)
    await audit.note(change("x", "/" + "a" * 10_000))
    assert len((await audit.page())[0][0].path) == 500


async def test_what_is_older_than_the_history_is_forgotten(database: Database) -> None:
    audit = Audit(database)
    await audit.note(change("old"))
    async with database.writer() as writer:
        await writer.execute(update(AuditEntry).values(at=now_ms() - 3 * DAY_MS))
    await audit.note(change("new"))
    assert await audit.prune(days=4) == 0
    assert await audit.prune(days=2) == 1
    assert [one.who for one in (await audit.page())[0]] == ["new"]
