"""Schemas as YAML: what is wrong is told with its path, all of it at once, and what has no effect is told as well."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import fields, replace
from typing import Any, Final

import yaml

from app.core.errors import Invalid
from app.domain.checks import COUNT, FLAG, INTEGER, NATURAL, STAMP, TEXT, Check, Checks, choice
from app.domain.jsonsql.errors import Inexpressible
from app.domain.jsonsql.language import to_sql, transpile
from app.domain.jsonsql.words import Method
from app.domain.schemas import FieldSpec, FieldType, Schemas, Strategy, SyncSpec, TableFacts, TableSchema, Transformer

# Other clients write them; they mean nothing to a mirror that knows ranges of ids and jobs.
_FIELD_NOTED: Final = frozenset({"constraints", "relationships", "remote_mapping"})
_SYNC_NOTED: Final = frozenset(
    """
    limit enable_chunking auto_sync sync_interval include_fields exclude_fields incremental_mode prefetch_relationships
    max_concurrent_chunks priority
    """.split()  # noqa: SIM905 - words
)
_FIELD: Final[Mapping[str, Check]] = {
    "name": TEXT,
    "type": choice(FieldType),
    "description": TEXT,
    "transformer": choice(Transformer),
    "alias": TEXT,
    "python_name": TEXT,
    "remote_name": TEXT,
}
SYNC: Final[Mapping[str, Check]] = {
    "strategy": choice(Strategy),
    "ttl": NATURAL,
    "chunk_size": COUNT,
    "incremental_field": TEXT,
    "disabled": FLAG,
    "order_by": TEXT,
    "overlap": NATURAL,
    "compare_every": NATURAL,
}
_SYNC_NAMES: Final = {"cache_strategy": "strategy"}
_FACTS: Final[Mapping[str, Check]] = {
    "row_count": NATURAL,
    "min_id": INTEGER,
    "max_id": INTEGER,
    "analyzed_at": STAMP,
}


def parsed(
    texts: Mapping[str, str], *, sync: Mapping[str, Any] | None = None, over: Mapping[str, Any] | None = None
) -> Schemas:
    """The tables of some files, each by its name; `Invalid` with every fault of them.

    `sync` is what holds for tables that say nothing of their own, `over` what holds whatever they say; both were
    checked by `checked_sync`.
    """
    reader = _Reader(dict(sync or {}), dict(over or {}))
    for name, text in texts.items():
        reader.read(name, text)
    return reader.finish()


def checked_sync(checks: Checks, path: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """What of a `sync` was given, `where` not yet read; what other clients know besides is noted."""
    known = {_SYNC_NAMES.get(key, key): value for key, value in raw.items() if key != "where"}
    return checks.some(path, known, SYNC, noted=_SYNC_NOTED)


class _Reader:
    """Gathers what the files say of each table, then makes it."""

    def __init__(self, sync: dict[str, Any], over: dict[str, Any]) -> None:
        self._sync = sync
        self._over = over
        self._checks = Checks()
        self._tables: dict[str, tuple[str, TableSchema]] = {}
        self._given: dict[str, dict[str, Any]] = {}
        self._where: dict[str, tuple[str, Any]] = {}
        self._file = ""
        self._places: dict[str, str] = {}  # where it is said how a table is kept
        self._sources: dict[str, dict[str, str]] = {}

    def read(self, file: str, text: str) -> None:
        self._file = file
        try:
            document = yaml.load(text, Loader=_Once)  # noqa: S506 - a SafeLoader
        except yaml.YAMLError as error:
            self._checks.wrong(file, " ".join(str(error).split()))
            return
        whole = self._checks.mapping(file, document or {})
        for key in whole.keys() - {"schemas", "sync"}:
            self._checks.wrong(f"{file}: {key}", "is neither schemas nor sync.")
        for name, raw in self._checks.mapping(f"{file}: schemas", whole.get("schemas") or {}).items():
            self._table(f"{file}: schemas.{name}", str(name), self._checks.mapping(f"{file}: schemas.{name}", raw))
        for name, raw in self._checks.mapping(f"{file}: sync", whole.get("sync") or {}).items():
            self._kept(f"{file}: sync.{name}", str(name), raw)

    def finish(self) -> Schemas:
        names = [*self._tables, *(name for name in self._given if name not in self._tables)]
        made = {name: self._made(name) for name in names}
        if self._checks.errors:
            raise Invalid(self._checks.errors)
        usual = SyncSpec(**self._sync | self._over)
        return Schemas(tables=made, notes=tuple(self._checks.notes), given=self._sources, usual=usual)

    def _table(self, path: str, name: str, raw: Mapping[str, Any]) -> None:
        checks = self._checks
        for key in raw.keys() - {"total_fields", "fields", "sync", "sync_config", "metadata", "description"}:
            checks.wrong(f"{path}.{key}", "is no key of a table.")
        if name in self._tables:
            checks.wrong(path, f"stands in {self._tables[name][0]} as well.")
            return
        width = checks.value(f"{path}.total_fields", raw.get("total_fields"), NATURAL)
        facts = checks.some(f"{path}.metadata", raw.get("metadata") or {}, _FACTS, others=True)
        table = TableSchema(
            name=name, fields=self._fields(path, raw.get("fields"), width), width=width, facts=TableFacts(**facts)
        )
        self._tables[name] = path, table
        for key in ("sync_config", "sync"):
            if raw.get(key) is not None:
                self._kept(f"{path}.{key}", name, raw[key])

    def _fields(self, path: str, raw: Any, width: int | None) -> tuple[FieldSpec, ...]:
        found: dict[int, FieldSpec] = {}
        remotes: dict[str, int] = {}
        for key, value in self._checks.mapping(f"{path}.fields", raw or {}).items():
            place = f"{path}.fields.{key}"
            position = _position(key)
            if position is None:
                self._checks.wrong(place, "is no position: they count from 0.")
            elif position in found:
                self._checks.wrong(place, f"is given twice: position {position}.")
            elif width is not None and position >= width:
                self._checks.wrong(place, f"is behind the last of {width} columns.")
            elif (spec := self._field(place, position, value)) is not None:
                found[position] = spec
                if (other := remotes.setdefault(spec.remote, position)) != position:
                    self._checks.wrong(place, f"has the name of position {other}: {spec.remote}.")
        return tuple(found[position] for position in sorted(found))

    def _field(self, path: str, position: int, raw: Any) -> FieldSpec | None:
        given = self._checks.some(path, raw, _FIELD, noted=_FIELD_NOTED)
        if "name" not in given:
            if isinstance(raw, Mapping) and "name" not in raw:
                self._checks.wrong(f"{path}.name", "is missing.")
            return None
        return FieldSpec(position=position, **given)

    def _kept(self, path: str, name: str, raw: Any) -> None:
        mapping = self._checks.mapping(path, raw)
        self._places[name] = path
        found = checked_sync(self._checks, path, mapping)
        self._given[name] = self._given.get(name, {}) | found
        sources = self._sources.setdefault(name, {})
        sources |= dict.fromkeys(found, self._file)
        if "where" in mapping:
            sources["where"] = self._file
            self._where[name] = f"{path}.where", mapping["where"]

    def _made(self, name: str) -> TableSchema:
        path, table = self._tables.get(name) or ("", TableSchema(name=name))
        place = self._places.get(name, f"{path}.sync")
        own = self._given.get(name, {})
        sync = SyncSpec(**(self._sync | own | self._over))
        if sync.strategy is Strategy.INCREMENTAL:
            sync = self._incremental(place, table, sync, chosen="strategy" in own or "strategy" in self._over)
        if name in self._where:
            sync = replace(sync, where=self._condition(table, *self._where[name]))
        return replace(table, sync=sync)

    def _incremental(self, path: str, table: TableSchema, sync: SyncSpec, *, chosen: bool) -> SyncSpec:
        name = sync.incremental_field
        if name is None and not chosen:
            self._checks.notes.append(f"{path}: kept in full, since no incremental_field is named.")
            return replace(sync, strategy=Strategy.FULL)
        if name is None:
            self._checks.wrong(f"{path}.incremental_field", "is missing: an incremental sync goes by it.")
        elif table.fields and table.field(name) is None:
            self._checks.wrong(f"{path}.incremental_field", f"{name} is none of the fields.")
        return sync

    def _condition(self, table: TableSchema, path: str, raw: Any) -> Any:
        try:
            return condition(table, raw)
        except Inexpressible as error:
            self._checks.wrong(path, f"{error.message}.")
            return None


def condition(table: TableSchema, raw: Any) -> Any:
    """A condition of SQL (`disabled = false`) or of JSONSQL as JSONSQL; `Inexpressible` for anything else."""
    if raw is None:
        return None
    known = {table.name: columns} if (columns := table.remote_columns) else None
    if not isinstance(raw, str):
        to_sql(Method.SELECT, {"data": ["*"], "from": table.name, "where": raw})
        return raw
    name = table.name.replace('"', '""')
    made = transpile(f'SELECT * FROM "{name}" WHERE {raw}', tables=known, order_by_id=False)  # noqa: S608 - it is parsed
    if made.params.keys() != {"data", "from", "where"}:
        raise Inexpressible("This is more than a condition")
    return made.params["where"]


def described(tables: Iterable[TableSchema]) -> dict[str, Any]:
    """The document that `parsed` makes the same of."""
    return {"schemas": {table.name: _plain(table) for table in tables}}


def dumped(tables: Iterable[TableSchema]) -> str:
    """The same as YAML."""
    return yaml.safe_dump(described(tables), sort_keys=False, allow_unicode=True, width=120)


def _plain(table: TableSchema) -> dict[str, Any]:
    found: dict[str, Any] = {} if table.width is None else {"total_fields": table.width}
    found["fields"] = {one.position: _given(one, FieldSpec(position=one.position, name="")) for one in table.fields}
    for name, value, usual in (("sync", table.sync, SyncSpec()), ("metadata", table.facts, TableFacts())):
        if given := _given(value, usual):
            found[name] = given
    return found


def _given(value: Any, usual: Any) -> dict[str, Any]:
    """What is not as usual, as YAML has it."""
    named = ((one.name, getattr(value, one.name)) for one in fields(value))
    return {name: _scalar(found) for name, found in named if found != getattr(usual, name)}


def _scalar(value: Any) -> Any:
    return str(value) if isinstance(value, str) else value


def _position(key: Any) -> int | None:
    if isinstance(key, str) and key.isascii() and key.isdecimal():
        return int(key)
    return key if isinstance(key, int) and not isinstance(key, bool) and key >= 0 else None


class _Once(yaml.SafeLoader):
    """YAML in which no key stands twice: the first one would be lost without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - PyYAML's
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if twice := next((key for at, key in enumerate(keys) if key in keys[:at]), None):
            raise yaml.constructor.ConstructorError(None, None, f"{twice} is given twice", node.start_mark)
        return super().construct_mapping(node, deep=deep)
