"""Classes and documents that are written of schemas."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from sqlmodel import Session, SQLModel, create_engine, text

from app.domain.schema_files import parsed
from app.domain.schema_models import Models, generated

ODD = """
schemas:
  tv_channel:
    total_fields: 8
    fields:
      0: {name: id, type: integer, description: 'the "key"'}
      1: {name: title, remote_name: name, type: string}
      2: {name: class, type: boolean}
      3: {name: model_x, type: datetime}
      4: {name: json, type: json}
      5: {name: 2nd place, type: float}
      6: {name: metadata, type: date}
      7: {name: code, type: string, transformer: int}
  tv_program_category:
    fields: {0: {name: program_id, type: integer}}
"""

LONG = """
schemas:
  media:
    fields:
      0: {name: a_rather_long_name_of_a_column, remote_name: another, description: so long that a line is not enough}
      1: {name: empty_of_words, type: json, description: "it's \\"so\\" \\\\ and "}
  empty: {fields: {}}
"""


def made(kind: Models) -> dict[str, Any]:
    source = generated(parsed({"a": ODD}).tables.values(), kind)
    assert max(map(len, source.splitlines())) <= 120
    names: dict[str, Any] = {"__name__": "generated_models"}
    sys.modules.pop("generated_models", None)
    exec(compile(source, "models.py", "exec"), names)
    return names


def test_models_of_pydantic_take_rows_by_the_portals_names_and_by_the_schemas() -> None:
    channel = made(Models.PYDANTIC)["TvChannel"]
    assert issubclass(channel, BaseModel)
    row = {"id": "5", "name": "News", "class": 1, "model_x": "2024-01-31 10:00:00", "json": {"a": 1}, "2nd place": 2}
    found = channel.model_validate(row)
    assert (found.id, found.title, found.class_, found.model_x_.year, found.json_, found.field_2nd_place) == (
        (5, "News", True, 2024, {"a": 1}, 2.0)
    )
    assert channel.model_validate({"title": "News", "code": "7"}).code == 7
    assert channel.model_fields["id"].description == 'the "key"'
    with pytest.raises(ValueError, match="id"):
        channel.model_validate({"id": "five"})


def test_models_of_sqlmodel_read_the_mirrors_views() -> None:
    names = made(Models.SQLMODEL)
    try:
        channel = names["TvChannel"]
        engine = create_engine("sqlite://")
        with Session(engine) as session:
            session.connection().execute(
                text(
                    "CREATE TABLE tv_channel_view AS SELECT 5 AS id, 'News' AS title, 1 AS class,"
                    " '2024-01-31 10:00:00' AS model_x, '{\"a\": 1}' AS json, 2.0 AS \"2nd place\","
                    " NULL AS metadata, 7 AS code"
                )
            )
            found = session.get(channel, 5)
            assert found is not None
            assert (found.title, found.class_, found.model_x_, found.json_) == (
                ("News", True, "2024-01-31 10:00:00", {"a": 1})
            )
            assert (found.field_2nd_place, found.metadata_, found.code) == (2.0, None, 7)
        engine.dispose()
        assert not hasattr(names["TvProgramCategory"], "__table__")
    finally:
        SQLModel.metadata.remove(names["TvChannel"].__table__)


@pytest.mark.parametrize("kind", [Models.PYDANTIC, Models.SQLMODEL])
def test_classes_are_laid_out_as_ruff_does(kind: Models, tmp_path: Path) -> None:
    file = tmp_path / "models.py"
    file.write_text(generated(parsed({"a": ODD, "b": LONG}).tables.values(), kind))
    words = ["ruff", "format", "--isolated", "--line-length", "120", "--diff", str(file)]
    done = subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_json_schema_tells_the_same_to_other_generators() -> None:
    document = json.loads(generated(parsed({"a": ODD}).tables.values(), Models.JSONSCHEMA))
    channel = document["$defs"]["TvChannel"]["properties"]
    assert list(channel) == ["id", "title", "class", "model_x", "json", "2nd place", "metadata", "code"]
    assert channel["id"] == {
        "anyOf": [{"type": "integer"}, {"type": "null"}],
        "default": None,
        "description": 'the "key"',
    }
    assert channel["code"]["anyOf"][0] == {"type": "integer"}
    assert channel["json"] == {"default": None}
    # Its times have no offset, and `date-time` would refuse them.
    assert channel["model_x"]["anyOf"][0] == {"type": "string"}


def test_the_same_schemas_make_the_same_text() -> None:
    tables = list(parsed({"a": ODD}).tables.values())
    assert generated(tables, Models.PYDANTIC) == generated(tables, Models.PYDANTIC)
