"""Schemas as the source of Pydantic's and SQLModel's classes: the same text for the same schemas."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from keyword import iskeyword
from typing import Any, Final

from app.domain.schemas import ID, FieldSpec, FieldType, TableSchema, Transformer, unique

LINE: Final = 120  # characters
_ANNOTATIONS: Final = {
    FieldType.INTEGER: "int",
    FieldType.FLOAT: "float",
    FieldType.BOOLEAN: "bool",
    FieldType.STRING: "str",
    FieldType.DATETIME: "datetime",
    FieldType.DATE: "date",
}  # the others may be anything
_MADE: Final = {
    Transformer.INT: FieldType.INTEGER,
    Transformer.FLOAT: FieldType.FLOAT,
    Transformer.BOOL: FieldType.BOOLEAN,
    Transformer.STR: FieldType.STRING,
    Transformer.DATETIME: FieldType.DATETIME,
    Transformer.DATE: FieldType.DATE,
    Transformer.JSON: FieldType.JSON,
}
# What a model has already: a field of that name would hide it, or be refused.
_TAKEN: Final = frozenset(
    """
    construct copy dict fields from_orm json metadata parse_file parse_obj parse_raw registry schema schema_json
    update_forward_refs validate
    """.split()  # noqa: SIM905 - words
)


_KINDS: Final[dict[FieldType, dict[str, str]]] = {
    FieldType.INTEGER: {"type": "integer"},
    FieldType.FLOAT: {"type": "number"},
    FieldType.BOOLEAN: {"type": "boolean"},
    FieldType.STRING: {"type": "string"},
    FieldType.DATETIME: {"type": "string"},  # `date-time` wants an offset, which portals leave out
    FieldType.DATE: {"type": "string", "format": "date"},
}


class Models(StrEnum):
    """Classes of Python, or JSON Schema, of which other generators make what they know."""

    PYDANTIC = "pydantic"
    SQLMODEL = "sqlmodel"
    JSONSCHEMA = "jsonschema"


def generated(tables: Iterable[TableSchema], kind: Models) -> str:
    """A module with a class for each table. All fields may be None, so that a SELECT of some columns fits as well."""
    chosen = list(tables)
    names = unique(_class_name(table.name) for table in chosen)
    if kind is Models.JSONSCHEMA:
        return _documented(dict(zip(names, chosen, strict=True)))
    made = _Pydantic() if kind is Models.PYDANTIC else _SqlModel()
    bodies = [made.written(name, table) for name, table in zip(names, chosen, strict=True)]
    return "\n\n\n".join([made.head(), *bodies]) + "\n"


class _Written:
    """What both kinds share; `used` are the names that have to be imported."""

    TITLE = ""

    def __init__(self) -> None:
        self.used: set[str] = set()

    def written(self, name: str, table: TableSchema) -> str:
        lines = self.begin(name, table)
        columns = unique(one.column for one in table.fields)
        attributes = unique(_attribute(column) for column in columns)
        for one, column, attribute in zip(table.fields, columns, attributes, strict=True):
            lines.append(_line(attribute, self._annotated(one), self.arguments(one, column, attribute, table)))
        return "\n".join(lines) if table.fields else "\n".join([*lines, "    # It has no fields."])

    def head(self) -> str:
        title = f'"""{self.TITLE} Made by `lineup portal schema generate`: what is changed here is lost."""'
        times = sorted(self.used & {"date", "datetime"})
        plain = [f"from datetime import {', '.join(times)}"] if times else []
        if "Any" in self.used:
            plain.append("from typing import Any")
        return "\n\n".join(part for part in (title, "\n".join(plain), "\n".join(self.imports())) if part)

    def begin(self, name: str, table: TableSchema) -> list[str]:
        raise NotImplementedError

    def arguments(self, one: FieldSpec, column: str, attribute: str, table: TableSchema) -> list[str]:
        raise NotImplementedError

    def imports(self) -> list[str]:
        raise NotImplementedError

    def annotation(self, kind: FieldType) -> str:
        return _ANNOTATIONS.get(kind, "Any")

    def _annotated(self, one: FieldSpec) -> str:
        found = self.annotation(_type(one))
        self.used.add(found)
        return found if found == "Any" else f"{found} | None"


class _Pydantic(_Written):
    TITLE = "Rows of an operator's portal."

    def begin(self, name: str, table: TableSchema) -> list[str]:
        self.used |= {"BaseModel", "ConfigDict"}
        config = (
            "    model_config = ConfigDict(populate_by_name=True, coerce_numbers_to_str=True, protected_namespaces=())"
        )
        return [f"class {name}(BaseModel):", f"    {_docstring(table)}", "", config, ""]

    def arguments(self, one: FieldSpec, column: str, attribute: str, table: TableSchema) -> list[str]:
        """A row names a column as the portal does, or, where it came by `*`, as the schema does."""
        del table
        found = ["default=None"]
        others = [name for name in dict.fromkeys([one.remote, column] if one.named else [column]) if name != attribute]
        if others:
            self.used.add("AliasChoices")
            found.append(f"validation_alias=AliasChoices({', '.join(map(_quoted, others))})")
        if one.description:
            found.append(f"description={_quoted(one.description)}")
        if len(found) > 1:
            self.used.add("Field")
        return found

    def imports(self) -> list[str]:
        names = sorted(self.used & {"AliasChoices", "BaseModel", "ConfigDict", "Field"})
        return [f"from pydantic import {', '.join(names)}"] if names else []


class _SqlModel(_Written):
    TITLE = "Rows of the mirror of an operator's portal."

    def begin(self, name: str, table: TableSchema) -> list[str]:
        if _has_id(table):
            head = [f"class {name}(SQLModel, table=True):", f"    {_docstring(table)}", ""]
            return [*head, f"    __tablename__ = {_quoted(f'{table.name}_view')}", ""]
        return [
            f"class {name}(SQLModel):",
            f"    {_docstring(table, ' It has no id, and so no class of a table.')}",
            "",
        ]

    def arguments(self, one: FieldSpec, column: str, attribute: str, table: TableSchema) -> list[str]:
        found = ["default=None"]
        if _has_id(table):
            found += self._stored(one, column, attribute)
        if one.description:
            found.append(f"description={_quoted(one.description)}")
        if len(found) > 1:
            self.used.add("Field")
        return found

    def annotation(self, kind: FieldType) -> str:
        """The mirror keeps times as the portal writes them."""
        return "str" if kind in (FieldType.DATETIME, FieldType.DATE) else super().annotation(kind)

    def imports(self) -> list[str]:
        found = (
            [f"from sqlalchemy import {', '.join(names)}"] if (names := sorted(self.used & {"JSON", "Text"})) else []
        )
        names = ["Field", "SQLModel"] if "Field" in self.used else ["SQLModel"]
        return [*found, f"from sqlmodel import {', '.join(names)}"]

    def _stored(self, one: FieldSpec, column: str, attribute: str) -> list[str]:
        found = ["primary_key=True"] if column == ID else []
        if _type(one) in (FieldType.JSON, FieldType.UNKNOWN):
            kind = "JSON" if _type(one) is FieldType.JSON else "Text"
            self.used.add(kind)
            found.append(f"sa_type={kind}")
        if attribute != column:
            found.append(f'sa_column_kwargs={{"name": {_quoted(column)}}}')
        return found


def _documented(tables: Mapping[str, TableSchema]) -> str:
    """JSON Schema with a definition for each table."""
    found = {
        name: {
            "type": "object",
            "description": f"A row of {table.name}.",
            "properties": dict(
                zip(unique(one.column for one in table.fields), map(_property, table.fields), strict=True)
            ),
        }
        for name, table in tables.items()
    }
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Tables", "$defs": found}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _property(one: FieldSpec) -> dict[str, Any]:
    kind = _KINDS.get(_type(one))
    said = {"description": one.description} if one.description else {}
    return ({} if kind is None else {"anyOf": [kind, {"type": "null"}]}) | {"default": None} | said


def _line(attribute: str, annotation: str, arguments: Sequence[str]) -> str:
    if len(arguments) == 1:
        return f"    {attribute}: {annotation} = None"
    line = f"    {attribute}: {annotation} = Field({', '.join(arguments)})"
    if len(line) <= LINE:
        return line
    return "\n".join([f"    {attribute}: {annotation} = Field(", *(f"        {one}," for one in arguments), "    )"])


def _type(one: FieldSpec) -> FieldType:
    return one.type if one.transformer is None else _MADE[one.transformer]


def _has_id(table: TableSchema) -> bool:
    return any(one.column == ID for one in table.fields)


def _docstring(table: TableSchema, more: str = "") -> str:
    name = re.sub(r"[^\w.$ -]", "_", table.name)
    return f'"""A row of `{name}`.{more}"""'


def _quoted(text: str) -> str:
    """A literal, in the quotes that need fewer escapes, as ruff has it."""
    found = json.dumps(text, ensure_ascii=False)
    if text.count('"') <= text.count("'"):
        return found
    inner = found[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"'{inner}'"


def _class_name(table: str) -> str:
    words = re.findall(r"[^\W_]+", table)
    found = "".join(word[0].upper() + word[1:] for word in words)
    return found if found and not found[0].isdigit() else f"Table{found}"


def _attribute(column: str) -> str:
    """An identifier that no model has yet."""
    found = re.sub(r"\W", "_", column).strip("_") or "field"
    if found[0].isdigit():
        found = f"field_{found}"
    return f"{found}_" if iskeyword(found) or found in _TAKEN or found.startswith("model_") else found
