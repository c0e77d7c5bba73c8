"""Schemas: what files say, what is wrong with them, and what a sample tells."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Invalid
from app.domain.schema_files import condition, dumped, parsed
from app.domain.schema_guess import fits, guessed, matched, placed, type_of
from app.domain.schemas import (
    FieldSpec,
    FieldType,
    Strategy,
    SyncSpec,
    TableFacts,
    TableSchema,
    Transformer,
    unique,
)

# As the reference shows it (protocols/iptvportal.md, 8).
REFERENCE = """
schemas:
  tv_channel:
    total_fields: 13
    fields:
      '0': {name: id, type: integer, description: key}
      '1': {name: name, type: string, alias: title, python_name: label, remote_name: name}
      2: {name: url, type: string, constraints: {unique: true}}
      '8': {name: Field_8, type: integer}
      '12': {name: updated_at, type: datetime, transformer: datetime}
    sync_config:
      where: "disabled = false"
      order_by: id
      chunk_size: 500
      ttl: 3600
      cache_strategy: on-demand
      disabled: false
      auto_sync: true
    metadata: {row_count: 7308, max_id: 9001, min_id: 1, analyzed_at: '2025-01-01T00:00:00'}
sync:
  subscriber: {strategy: incremental, incremental_field: updated_at, ttl: 1800, priority: 1}
"""


def faults(text: str, **layers: Any) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as told:
        parsed({"t.yaml": text}, **layers)
    return list(told.value.errors)


def table(fields: str, more: str = "") -> str:
    return f"schemas:\n  media:\n    fields: {{{fields}}}\n{more}"


def test_a_file_of_the_reference_is_read_and_what_has_no_effect_is_told() -> None:
    schemas = parsed({"a.yaml": REFERENCE})
    channel = schemas.table("tv_channel")
    assert channel.sync == SyncSpec(
        strategy=Strategy.ON_DEMAND, chunk_size=500, where={"eq": ["disabled", False]}, order_by="id"
    )
    assert channel.fields[0] == FieldSpec(position=0, name="id", type=FieldType.INTEGER, description="key")
    assert channel.columns(14)[:4] == ("id", "label", "url", "Field_3")
    assert channel.columns(14)[8:] == ("Field_8", "Field_9", "Field_10", "Field_11", "updated_at", "Field_13")
    assert channel.facts == TableFacts(row_count=7308, min_id=1, max_id=9001, analyzed_at="2025-01-01T00:00:00")
    assert schemas.table("subscriber").sync.incremental_field == "updated_at"
    assert schemas.notes == (
        "a.yaml: schemas.tv_channel.fields.2.constraints has no effect.",
        "a.yaml: schemas.tv_channel.sync_config.auto_sync has no effect.",
        "a.yaml: sync.subscriber.priority has no effect.",
    )
    assert schemas.given["tv_channel"]["ttl"] == "a.yaml"


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        (table("0: {name: id, typ: integer}"), "schemas.media.fields.0.typ", "is no key here; type may be meant."),
        (table("0: {name: id, type: number}"), "schemas.media.fields.0.type", "'number' is not one of integer, float,"),
        (table("0: {type: integer}"), "schemas.media.fields.0.name", "is missing."),
        (table("first: {name: id}"), "schemas.media.fields.first", "is no position: they count from 0."),
        (table("-1: {name: id}"), "schemas.media.fields.-1", "is no position: they count from 0."),
        (table("0: {name: id}, '0': {name: b}"), "t.yaml", "0 is given twice"),
        (table("0: {name: id}, '00': {name: b}"), "schemas.media.fields.00", "is given twice: position 0."),
        (table("0: {name: id}, 1: {name: id}"), "schemas.media.fields.1", "has the name of position 0: id."),
        (table("4: {name: id}", "    total_fields: 4\n"), "schemas.media.fields.4", "is behind the last of 4 columns."),
        (table("0: {name: id, transformer: x}"), "schemas.media.fields.0.transformer", "'x' is not one of int, float,"),
        (table("0: id"), "schemas.media.fields.0", "'id' is no mapping."),
        ("sync: {media: {ttl: soon}}", "sync.media.ttl", "'soon' is not a whole number from 0 on."),
        ("sync: {media: {ttl: true}}", "sync.media.ttl", "True is not a whole number from 0 on."),
        ("sync: {media: {chunk_size: 0}}", "sync.media.chunk_size", "0 is not a whole number from 1 on."),
        ("sync: {media: {strategy: often}}", "sync.media.strategy", "'often' is not one of full, incremental, on_"),
        ("sync: {media: {strategy: incremental}}", "sync.media.incremental_field", "is missing: an incremental"),
        ("sync: {media: {where: 'a = 1 ORDER BY b'}}", "sync.media.where", "This is more than a condition."),
        ("sync: {media: {where: 'a = CASE WHEN b THEN 1 END'}}", "sync.media.where", "JSONSQL cannot say CASE."),
        ("sync: {media: {where: {eq: [a]}}}", "sync.media.where", ""),
        (
            table("0: {name: id}", "    sync: {strategy: incremental, incremental_field: at}"),
            "schemas.media.sync.incremental_field",
            "at is none of the fields.",
        ),
        ("tables: {}", "tables", "is neither schemas nor sync."),
        ("schemas: [media]", "schemas", "['media'] is no mapping."),
        ("schemas: {", "t.yaml", ""),
    ],
)
def test_a_fault_is_told_with_its_path(text: str, path: str, message: str) -> None:
    [(told, said)] = faults(text)
    assert told == (path if path == "t.yaml" else f"t.yaml: {path}")
    assert message in said


def test_all_faults_are_told_at_once() -> None:
    text = table("0: {name: id, typ: integer}, x: {name: b}", "    sync: {ttl: -1}")
    assert [path.rpartition("media.")[2] for path, _ in faults(text)] == ["fields.0.typ", "fields.x", "sync.ttl"]


def test_a_table_stands_in_one_file_and_how_it_is_kept_may_stand_in_another() -> None:
    one = table("0: {name: id}")
    both = parsed({"a.yaml": one, "b.yaml": "sync: {media: {ttl: 5}}"})
    assert both.table("media").sync.ttl == 5
    assert both.table("media").fields
    assert both.given == {"media": {"ttl": "b.yaml"}}
    with pytest.raises(Invalid, match=r"b\.yaml: schemas\.media: stands in a\.yaml: schemas\.media as well"):
        parsed({"a.yaml": one, "b.yaml": one})


def test_what_tables_say_stands_between_what_holds_for_all_and_what_holds_anyhow() -> None:
    text = "sync: {media: {ttl: 5, chunk_size: 10}, package: {}}"
    found = parsed({"a": text}, sync={"ttl": 7, "chunk_size": 20}, over={"chunk_size": 30}).tables
    assert (found["media"].sync.ttl, found["media"].sync.chunk_size) == (5, 30)
    assert (found["package"].sync.ttl, found["package"].sync.chunk_size) == (7, 30)


def test_a_table_that_says_nothing_of_increments_is_kept_in_full_and_that_is_told() -> None:
    found = parsed({"a": "sync: {media: {ttl: 5}}"}, sync={"strategy": Strategy.INCREMENTAL})
    assert found.table("media").sync.strategy is Strategy.FULL
    assert "no incremental_field" in found.notes[0]
    assert "is missing" in faults("sync: {media: {}}", over={"strategy": Strategy.INCREMENTAL})[0][1]


def test_a_condition_is_sql_or_jsonsql() -> None:
    media = TableSchema(name="media")
    sql = condition(media, "is_tv AND name LIKE 'a%'")
    assert sql == {"and": ["is_tv", {"like": ["name", "a%"]}]}
    assert condition(media, sql) == sql
    assert condition(media, "port = year") == {"eq": ["port", {"media": "year"}]}


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1).filter(str.strip)


@given(
    st.dictionaries(st.integers(0, 300), st.tuples(st.sampled_from(FieldType), WORDS | st.none()), max_size=6),
    st.sampled_from([None, {"eq": ["disabled", False]}]),
    st.integers(0, 10**6),
    st.sampled_from([Strategy.FULL, Strategy.ON_DEMAND]),
)
def test_what_is_written_is_read_the_same(
    fields: dict[int, tuple[FieldType, str | None]], where: Any, ttl: int, strategy: Strategy
) -> None:
    table = TableSchema(
        name="media",
        fields=tuple(
            FieldSpec(position=place, name=f"c{place}", type=kind, description=text, transformer=Transformer.STR)
            for place, (kind, text) in sorted(fields.items())
        ),
        sync=SyncSpec(where=where, ttl=ttl, strategy=strategy),
        width=301,
        facts=TableFacts(row_count=ttl, analyzed_at="2026-01-01T00:00:00Z"),
    )
    assert parsed({"a": dumped([table])}).table("media") == table


def test_the_hash_follows_what_the_mirror_depends_on_and_nothing_else() -> None:
    one = TableSchema(name="media", fields=(FieldSpec(position=0, name="id"),))
    described = TableSchema(name="media", fields=(FieldSpec(position=0, name="id", description="key"),), width=3)
    assert one.hash == described.hash
    for other in (
        TableSchema(name="media", fields=(FieldSpec(position=1, name="id"),)),
        TableSchema(name="media", fields=(FieldSpec(position=0, name="key"),)),
        TableSchema(name="media", fields=(FieldSpec(position=0, name="id", type=FieldType.INTEGER),)),
        TableSchema(name="media", fields=one.fields, sync=SyncSpec(where={"eq": ["a", 1]})),
    ):
        assert other.hash != one.hash


def test_a_table_is_written_out_only_when_all_of_its_columns_are_known_by_name() -> None:
    two = "0: {name: id}, 1: {name: title, remote_name: name}"
    assert parsed({"a": table(two, "    total_fields: 2")}).columns == {"media": ("id", "name")}
    assert parsed({"a": table(two, "    total_fields: 3")}).columns == {}
    assert parsed({"a": table(two)}).columns == {}
    unnamed = "0: {name: id}, 1: {name: Field_1}"
    assert parsed({"a": table(unnamed, "    total_fields: 2")}).columns == {}


def test_no_name_is_given_twice_whatever_its_case() -> None:
    assert unique(["a", "A", "a_1", "b", "a"]) == ("a", "A_2", "a_1", "b", "a_3")


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, None, 2], (FieldType.INTEGER, None)),
        ([1, 2.5], (FieldType.FLOAT, None)),
        ([True, False], (FieldType.BOOLEAN, None)),
        ([1, "2"], (FieldType.INTEGER, Transformer.INT)),
        (["1.5", 2], (FieldType.FLOAT, Transformer.FLOAT)),
        (["1", "2"], (FieldType.STRING, None)),  # a postal code and a PIN look the same
        (["2024-01-31 10:00:00", "2024-01-31T10:00:00+02:00"], (FieldType.DATETIME, None)),
        (["2024-01-31"], (FieldType.DATE, None)),
        (["2024-13-31"], (FieldType.STRING, None)),
        ([{"a": 1}, [1]], (FieldType.JSON, None)),
        ([None], (FieldType.UNKNOWN, None)),
        ([1, {"a": 1}], (FieldType.UNKNOWN, None)),
    ],
)
def test_a_type_is_inferred_from_a_sample_and_fits_it(values: list[Any], kind: tuple[FieldType, Any]) -> None:
    assert type_of(values) == kind
    assert all(fits(value, *kind) for value in values if value is not None)


ROWS = [[1, "a", None, "x@y.org", 7], [2, "b", None, "z@y.org", 7], [3, "a", None, "q@y.org", 7]]


def test_a_place_has_the_name_under_which_the_portal_gives_its_values() -> None:
    named: dict[str, list[Any]] = {"name": ["a", "b", "a"], "logo": [None] * 3, "one": [7] * 3, "other": [9, 9, 9]}
    assert placed(ROWS, named) == {1: "name", 4: "one"}
    twice = [[*row, row[1]] for row in ROWS]
    assert placed(twice, {"name": ["a", "b", "a"]}) == {}
    assert placed([[1], [0]], {"flag": [True, False]}) == {}


def test_guesses_are_told_from_what_is_known() -> None:
    made = guessed("media", ROWS, names={1: "name"}, facts=TableFacts())
    assert [(one.name, one.named) for one in made.fields] == [
        ("id", False),
        ("name", True),
        ("Field_2", False),
        ("email", False),
        ("Field_4", False),
    ]
    assert made.remote_columns is None


def test_match_ratios_tell_types_and_places() -> None:
    fields = (
        FieldSpec(position=0, name="id", type=FieldType.INTEGER),
        FieldSpec(position=1, name="name", type=FieldType.INTEGER),
        FieldSpec(position=3, name="gone", type=FieldType.STRING),
        FieldSpec(position=9, name="Field_9"),
    )
    found = matched(TableSchema(name="media", fields=fields, width=4), ROWS, {"id": [1, 2, 9], "name": ["a", "b", "a"]})
    assert [(one.ratio, one.name_ratio) for one in found.fields] == [(1, 2 / 3), (0, 1), (1, None), (None, None)]
    assert found.fields[1].guess is FieldType.STRING
    assert found.faults == (
        "The portal gives 5 columns, the schema says 4.",
        "Field_9 is said to be at 9, behind the last of 5 columns.",
        "The portal knows no column gone.",
    )
    assert not found.good
    right = TableSchema(name="media", fields=fields[:1], width=5)
    assert matched(right, ROWS, {"id": [1, 2, 3]}).good
    assert not matched(right, ROWS, {"id": [1, 2, 9]}).good
