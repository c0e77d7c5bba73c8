from typing import Any

import pytest
from starlette.routing import Route

from app.core.errors import Unavailable
from tests.support.server import Served


def problem(answer: Any, status: int, code: str) -> Any:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"]
    body = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= set(body)
    assert (body["status"], body["code"]) == (status, code)
    assert "Traceback" not in answer.text
    return body


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/api/nowhere", 404, "not_found"),
        ("PUT", "/api/providers", 405, "method_not_allowed"),
        ("GET", "/api/providers/nobody", 404, "not_found"),
        ("GET", "/api/providers/nobody/movies", 404, "not_found"),
        ("GET", "/api/movies?providerId=nobody", 404, "not_found"),
        ("GET", "/api/movies/nothing", 404, "not_found"),
        ("GET", "/api/series/nothing/seasons", 404, "not_found"),
        ("GET", "/api/series/nothing/seasons/1/episodes", 404, "not_found"),
        ("GET", "/api/episodes/nothing/stream", 404, "not_found"),
        ("GET", "/api/jobs/nothing", 404, "not_found"),
        ("POST", "/api/providers/nobody/sync", 404, "not_found"),
    ],
)
async def test_an_error_is_a_problem_document(served: Served, method: str, path: str, status: int, code: str) -> None:
    problem(await served.client.request(method, path), status, code)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/api/movies?limit=0", "limit"),
        ("/api/movies?limit=1001", "limit"),
        ("/api/movies?limit=many", "limit"),
        ("/api/movies?page=0", "page"),
        ("/api/movies?page=99999999999", "page"),
        ("/api/movies?active=perhaps", "active"),
        ("/api/movies?sort=colour", "sort"),
        ("/api/movies?cursor=broken", "cursor"),
        ("/api/categories?kind=movie", "kind"),
        ("/api/categories?sort=year", "sort"),
        ("/api/jobs?status=odd", "status"),
        ("/api/providers?limit=-1", "limit"),
        ("/api/movies/%00", "url"),
        ("/api/movies?category=%00", "url"),
        ("/api/series/x/seasons/one/episodes", "number"),
        ("/api/movies/x/stream?redirect=perhaps", "redirect"),
    ],
)
async def test_a_wrong_parameter_is_named(served: Served, path: str, field: str) -> None:
    body = problem(await served.client.get(path), 422, "invalid")
    assert [error["field"] for error in body["errors"]] == [field]
    assert body["errors"][0]["message"]


@pytest.mark.parametrize("content", [b"{", b"", b"\xff\xfe", b"[1,", b"nonsense"])
async def test_a_body_that_is_no_json_is_a_problem(served: Served, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await served.client.post("/api/providers", content=content, headers=headers)
    body = problem(answer, 422, "malformed_json" if content else "invalid")
    assert body["errors"][0]["field"] == "body"


@pytest.mark.parametrize("content", [b"[]", b'"text"', b"5", b"null"])
async def test_a_body_that_is_no_object_is_a_problem(served: Served, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    body = problem(await served.client.post("/api/providers", content=content, headers=headers), 422, "invalid")
    assert body["errors"][0]["field"] == "body"


async def test_what_nobody_expected_is_a_plain_500(served: Served) -> None:
    async def broken(_request: Any) -> None:
        raise RuntimeError("a-secret-inside")

    served.app.router.routes.insert(0, Route("/broken", broken))
    answer = await served.client.get("/broken")
    problem(answer, 500, "internal_error")
    assert "a-secret-inside" not in answer.text


async def test_a_provider_in_trouble_is_a_bad_gateway_that_says_when_to_come_back(served: Served) -> None:
    async def busy(_request: Any) -> None:
        raise Unavailable("The portal is busy.", retry_after=7.4)

    served.app.router.routes.insert(0, Route("/busy", busy))
    answer = await served.client.get("/busy")
    problem(answer, 502, "provider_unavailable")
    assert answer.headers["retry-after"] == "7"


async def test_a_request_keeps_the_id_it_came_with(served: Served) -> None:
    assert (await served.client.get("/health", headers={"X-Request-ID": "abc-1"})).headers["x-request-id"] == "abc-1"
    forged = await served.client.get("/health", headers={"X-Request-ID": "a b\tc" * 40})
    assert len(forged.headers["x-request-id"]) == 20
    assert (await served.client.get("/health")).headers["x-request-id"] != forged.headers["x-request-id"]
