from typing import Any

import pytest

from app.domain.kinds import Kind
from app.domain.records import RejectedRecord
from tests.support.scripted import ScriptedProvider, add_provider, record, sync
from tests.support.server import Served


async def synced(served: Served) -> str:
    """Three movies and a channel, one record refused; answers with the job's id."""
    lists = {Kind.MOVIE: [record(Kind.MOVIE, number) for number in (1, 2, 3)], Kind.CHANNEL: [record(Kind.CHANNEL, 7)]}
    refused = [RejectedRecord(kind=Kind.MOVIE, external_id="9", reason="it has no name", raw='{"id":"9"}')]
    provider_pk = await add_provider(served.context.database)
    await sync(served.context.database, provider_pk, ScriptedProvider(lists=lists, rejected=refused))
    jobs = await served.json("GET", "/api/jobs")
    return str(jobs["jobs"][0]["id"])


async def test_a_job_tells_what_it_changed(served: Served) -> None:
    path = f"/api/jobs/{await synced(served)}/changes"
    told = await served.json("GET", f"{path}?kind=movies&page=2&limit=2")
    changes = told.pop("changes")
    assert told == {"total": 3, "page": 2, "limit": 2, "hasMore": False}
    ((public, shown),) = [(one.pop("id"), one) for one in changes]
    assert shown == {"kind": "movie", "op": "added", "name": "Movie 3"}
    assert (await served.json("GET", f"/api/movies/{public}"))["name"] == "Movie 3"
    everything = await served.json("GET", path)
    kinds = [one["kind"] for one in everything["changes"]]
    assert kinds[:4] == ["channel", "movie", "movie", "movie"]
    assert set(kinds[4:]) == {"category"}
    assert (await served.json("GET", f"{path}?kind=categories"))["total"] == len(kinds) - 4 > 0
    assert (await served.json("GET", f"{path}?op=removed"))["changes"] == []
    assert (await served.json("GET", f"{path}?page=99"))["changes"] == []


async def test_a_job_tells_what_it_refused(served: Served) -> None:
    path = f"/api/jobs/{await synced(served)}/rejected"
    told = await served.json("GET", f"{path}?limit=1")
    assert told["rejected"] == [{"kind": "movie", "externalId": "9", "reason": "it has no name", "raw": '{"id":"9"}'}]
    assert {name: told[name] for name in ("page", "limit")} == {"page": 1, "limit": 1}
    assert told["hasMore"] is (told["total"] > 1)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("changes?kind=movie", "kind"),
        ("changes?op=new", "op"),
        ("changes?limit=1001", "limit"),
        ("rejected?page=0", "page"),
    ],
)
async def test_a_wrong_question_is_named(served: Served, query: str, field: str) -> None:
    problem = await served.json("GET", f"/api/jobs/nothing/{query}", 422)
    assert [error["field"] for error in problem["errors"]] == [field]


@pytest.mark.parametrize("part", ["changes", "rejected", "events"])
async def test_what_belongs_to_no_job_is_not_found(served: Served, part: str) -> None:
    assert (await served.json("GET", f"/api/jobs/nothing/{part}", 404))["code"] == "not_found"


async def test_streams_and_lists_of_jobs_are_described(served: Served) -> None:
    paths: dict[str, Any] = (await served.json("GET", "/openapi.json"))["paths"]
    for path in ("/api/jobs/{job_id}/events", "/api/providers/{provider_id}/sync/events"):
        responses = paths[path]["get"]["responses"]
        assert "event: progress" in responses["200"]["content"]["text/event-stream"]["example"]
        assert set(responses["404"]["content"]) == {"application/problem+json"}
    for part, name in (("changes", "ChangeList"), ("rejected", "RejectedList")):
        content = paths[f"/api/jobs/{{job_id}}/{part}"]["get"]["responses"]["200"]["content"]
        assert content["application/json"]["schema"]["$ref"].endswith(name)
