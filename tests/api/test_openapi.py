from typing import Any

import pytest

from tests.support.server import Served


@pytest.fixture
async def schema(served: Served) -> Any:
    return await served.json("GET", "/openapi.json")


def operations(schema: Any) -> list[tuple[str, str, Any]]:
    return [(path, method, one) for path, methods in schema["paths"].items() for method, one in methods.items()]


async def test_every_operation_says_what_it_does_under_a_name_of_its_own(schema: Any) -> None:
    found = operations(schema)
    names = [one["operationId"] for _, _, one in found]
    assert len(set(names)) == len(names) > 30
    assert all(one.get("description") or one.get("summary") for _, _, one in found)
    assert all(one["tags"] for _, _, one in found)


async def test_errors_are_described_as_problems(schema: Any) -> None:
    for path, method, one in operations(schema):
        for status, answer in one["responses"].items():
            content = answer.get("content", {})
            assert int(status) < 400 or set(content) <= {"application/problem+json"}, (path, method, status)
    assert "HTTPValidationError" not in schema["components"]["schemas"]


# Names that stand in the interface as they are.
AS_THEY_ARE = {"collapse_duplicates", "account_ids", "account_id", "with_counts"}


async def test_names_are_camel_case(schema: Any) -> None:
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


async def test_the_pages_for_people_are_there(served: Served) -> None:
    assert "swagger" in (await served.client.get("/docs")).text.lower()
