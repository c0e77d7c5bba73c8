"""What the tables of an operator's portal look like, and how each is kept (protocols/iptvportal.md, 8).

A portal answers `*` with rows and no names: a field is known by its position in the row.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Final

import xxhash

from app.core import jsonio
from app.core.errors import NotFound
from app.domain.jsonsql.words import Json, Tables

HOUR: Final = 3600
DAY: Final = 24 * HOUR
ID: Final = "id"


class FieldType(StrEnum):
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    STRING = "string"
    DATETIME = "datetime"
    DATE = "date"
    JSON = "json"
    UNKNOWN = "unknown"


class Transformer(StrEnum):
    """What a value is made into where the portal sends another kind of it: numbers as texts, dates with a time."""

    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    STR = "str"
    DATETIME = "datetime"
    DATE = "date"
    JSON = "json"


class Strategy(StrEnum):
    """`full`: all rows each time; `incremental`: those that changed; `on_demand`: those that were asked for."""

    FULL = "full"
    INCREMENTAL = "incremental"
    ON_DEMAND = "on_demand"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """One column: `position` in the row of `*`, from 0.

    `column`, what it is called in the mirror and in models, is `python_name`, else `alias`, else `name`; `remote`, what
    the portal calls it, is `remote_name`, else `name`.
    """

    position: int
    name: str
    type: FieldType = FieldType.UNKNOWN
    description: str | None = None
    transformer: Transformer | None = None
    alias: str | None = None
    python_name: str | None = None
    remote_name: str | None = None

    @property
    def column(self) -> str:
        return self.python_name or self.alias or self.name

    @property
    def remote(self) -> str:
        return self.remote_name or self.name

    @property
    def named(self) -> bool:
        """Whether the portal is thought to know `remote`: a place that nobody named is no name of it."""
        return self.remote != unnamed(self.position)


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncSpec:
    """How a table is kept. `ttl`: seconds after which rows are stale; `chunk_size`: rows of one request.

    `where` is a condition of JSONSQL, None = all rows. `overlap`: seconds that an incremental sync goes back behind its
    checkpoint; `compare_every`: seconds between two comparisons of ids, which find what was deleted.
    """

    strategy: Strategy = Strategy.FULL
    ttl: int = HOUR
    chunk_size: int = 1000
    incremental_field: str | None = None
    disabled: bool = False
    order_by: str = ID
    where: Json = None
    overlap: int = 60
    compare_every: int = DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFacts:
    """What the portal said of the table at `analyzed_at` (ISO 8601); None = it was not asked, or did not say."""

    row_count: int | None = None
    min_id: int | None = None
    max_id: int | None = None
    analyzed_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSchema:
    """`fields` by position, each once, gaps allowed; `width`: columns of a row of `*`, None when it is not known."""

    name: str
    fields: tuple[FieldSpec, ...] = ()
    sync: SyncSpec = field(default_factory=SyncSpec)
    width: int | None = None
    facts: TableFacts = field(default_factory=TableFacts)

    def columns(self, width: int) -> tuple[str, ...]:
        """The column of each place in a row of `width`: as configured, `Field_N` for the others, no name twice."""
        known = {one.position: one.column for one in self.fields}
        return unique(known.get(place, unnamed(place)) for place in range(width))

    def field(self, name: str) -> FieldSpec | None:
        """The field of that name, whichever of its names it is."""
        return next((one for one in self.fields if name in (one.column, one.remote, one.name)), None)

    @property
    def remote_columns(self) -> tuple[str, ...] | None:
        """What the portal calls all of its columns, in order; None unless each is known."""
        named = tuple(one.remote for one in self.fields if one.named)
        return named if self.width is not None and len(named) == self.width else None

    @property
    def hash(self) -> str:
        """Changes with the names, types and places of fields and with how the table is kept, and with nothing else."""
        fields = [(one.position, one.column, one.remote, one.type, one.transformer) for one in self.fields]
        return xxhash.xxh3_128_hexdigest(jsonio.canonical([self.name, fields, asdict(self.sync)]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Schemas:
    """All tables that are described; `notes` say what of a file has no effect here.

    `given`: of each table, what of its `sync` its files say, and which of them. `usual`: how a table is kept that no
    file describes.
    """

    tables: Mapping[str, TableSchema] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    given: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    usual: SyncSpec = field(default_factory=SyncSpec)

    def table(self, name: str) -> TableSchema:
        if name not in self.tables:
            raise NotFound(f"There is no schema of {name}.")
        return self.tables[name]

    @property
    def columns(self) -> Tables:
        """All columns of the tables that are known in full, for `transpile`."""
        found = ((name, one.remote_columns) for name, one in self.tables.items())
        return {name: columns for name, columns in found if columns is not None}


def unnamed(position: int) -> str:
    """What a place is called that nobody named."""
    return f"Field_{position}"


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """The names, each once whatever its case: databases do not tell `Name` from `name`; others get `_1`, `_2`."""
    wanted = tuple(names)
    taken = {name.lower() for name in wanted}
    seen: set[str] = set()
    found = []
    for name in wanted:
        chosen, number = name, 0
        while chosen.lower() in seen or (number and chosen.lower() in taken):
            number += 1
            chosen = f"{name}_{number}"
        seen.add(chosen.lower())
        found.append(chosen)
    return tuple(found)
