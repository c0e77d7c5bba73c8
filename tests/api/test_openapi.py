import json
import re
from typing import Any

import pytest

from app.config import Settings
from app.main import create_app
from tests.support.server import Served


@pytest.fixture(scope="module")
def schema() -> Any:
    return create_app(Settings(_env_file=None)).openapi()  # type: ignore[call-arg]


def operations(schema: Any) -> list[tuple[str, str, Any]]:
    return [(path, method, one) for path, methods in schema["paths"].items() for method, one in methods.items()]


def test_every_operation_says_what_it_does_under_a_name_of_its_own(schema: Any) -> None:
    found = operations(schema)
    names = [one["operationId"] for _, _, one in found]
    assert len(set(names)) == len(names) > 30
    assert all(one.get("description") or one.get("summary") for _, _, one in found)
    assert all(one["tags"] for _, _, one in found)


def test_errors_are_described_as_problems(schema: Any) -> None:
    for path, method, one in operations(schema):
        for status, answer in one["responses"].items():
            content = answer.get("content", {})
            assert int(status) < 400 or set(content) <= {"application/problem+json"}, (path, method, status)
    assert "HTTPValidationError" not in schema["components"]["schemas"]


async def test_whatever_a_route_refuses_it_tells_as_a_problem(served: Served, schema: Any) -> None:
    told = 0
    for path, method, one in operations(schema):
        if path in PLAYERS:
            continue
        body: Any = {} if "requestBody" in one else None
        answer = await served.client.request(method, re.sub(r"{\w+}", "nothing", path), json=body)
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json", (path, method, answer.text)
            problem = answer.json()
            assert {"type", "title", "status", "detail", "code"} <= set(problem), (path, method)
            assert problem["status"] == answer.status_code
            told += 1
    assert told > 60


def shown(schema: Any, model: Any, seen: frozenset[str] = frozenset()) -> bool:
    """Whether the documentation of a model says how it looks: by an example, or by one of its fields."""
    if isinstance(model, list):
        return any(shown(schema, one, seen) for one in model)
    if not isinstance(model, dict):
        return False
    if "example" in model or "examples" in model or "enum" in model or "const" in model:
        return True
    name = model.get("$ref", "").rpartition("/")[2]
    if name and name not in seen:
        return shown(schema, schema["components"]["schemas"][name], seen | {name})
    inner = [model.get(key) for key in ("items", "anyOf", "allOf", "oneOf", "additionalProperties")]
    return any(shown(schema, one, seen) for one in (*model.get("properties", {}).values(), *inner))


def test_what_is_sent_and_answered_has_examples(schema: Any) -> None:
    bare = [
        (path, method, status)
        for path, method, one in operations(schema)
        for status, told in {"body": one.get("requestBody", {}), **one["responses"]}.items()
        for media, content in told.get("content", {}).items()
        if media == "application/json" and "$ref" in str(content) and not shown(schema, content["schema"])
    ]
    assert bare == []


# What players ask for in their own ways, and answer in their own words.
PLAYERS = {
    "/player_api.php", "/get.php", "/xmltv.php", "/streaming/timeshift.php", "/live/{username}/{password}/{file}",
    "/movie/{username}/{password}/{file}", "/series/{username}/{password}/{file}", "/{username}/{password}/{file}",
    "/timeshift/{username}/{password}/{duration}/{start}/{file}",
}  # fmt: skip

# Names that stand in the interface as they are.
AS_THEY_ARE = {"collapse_duplicates", "account_ids", "account_id", "with_counts"}


def test_names_are_camel_case(schema: Any) -> None:
    allowed = {
        "SyncStatus": {"last_sync", "channel_count", "category_count", "movie_count", "series_count"},
        "ProcessAnswer": {"tags_created", "tags_updated", "tags_removed", "using_database"},
    }
    for name, model in schema["components"]["schemas"].items():
        fields = {field for field in model.get("properties", {}) if "_" in field}
        assert fields <= allowed.get(name, set()), name
    for path, _, one in operations(schema):
        queries = [field["name"] for field in one.get("parameters", []) if field["in"] == "query"]
        assert not [name for name in queries if "_" in name and name not in AS_THEY_ARE], path


async def test_the_pages_for_people_are_there(served: Served, schema: Any) -> None:
    assert (await served.json("GET", "/openapi.json"))["paths"] == json.loads(json.dumps(schema["paths"]))
    assert "swagger" in (await served.client.get("/docs")).text.lower()
