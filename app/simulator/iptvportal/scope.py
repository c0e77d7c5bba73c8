"""Which columns a name can mean at a place of a statement."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Optional

from app.simulator.iptvportal.fragments import Fragment, QueryError, quoted


@dataclass(frozen=True, slots=True)
class Source:
    """A table or sub-select of a FROM; `columns` are name → type in the order of `*`."""

    alias: str
    columns: Mapping[str, str]

    def column(self, name: str) -> Fragment:
        return Fragment(f"{quoted(self.alias)}.{quoted(name)}", (), self.columns[name])


@dataclass(slots=True)
class Scope:
    """The sources of a select; inner ones see those of `outer`. `outputs` are the names that its data gives."""

    sources: list[Source] = field(default_factory=list)
    outer: Optional["Scope"] = None
    outputs: dict[str, str] = field(default_factory=dict)

    def add(self, source: Source) -> None:
        if any(one.alias == source.alias for one in self.sources):
            raise QueryError(f'table name "{source.alias}" specified more than once')
        self.sources.append(source)

    def source(self, alias: str) -> Source | None:
        found = next((one for one in self.sources if one.alias == alias), None)
        return found or (self.outer.source(alias) if self.outer else None)

    def find(self, name: str) -> Fragment | None:
        """A column by `name` or `table.name`; None when there is none."""
        alias, dot, column = name.rpartition(".")
        if dot:
            source = self.source(alias)
            return source.column(column) if source and column in source.columns else None
        found = [one.column(name) for one in self.sources if name in one.columns]
        if len(found) > 1:
            raise QueryError(f'column reference "{name}" is ambiguous')
        return found[0] if found else self.outer.find(name) if self.outer else None

    def column(self, name: str) -> Fragment:
        found = self.find(name)
        if found is None:
            raise QueryError(f'column "{name}" does not exist')
        return found

    def member(self, alias: str, name: str) -> Fragment:
        """`{"alias": "column"}`."""
        source = self.source(alias)
        if source is None:
            raise QueryError(f'missing FROM-clause entry for table "{alias}"')
        if name not in source.columns:
            raise QueryError(f"column {alias}.{name} does not exist")
        return source.column(name)

    def everything(self, alias: str | None = None) -> Iterator[tuple[str, Fragment]]:
        """All columns of all sources, or of one."""
        if alias is not None and all(one.alias != alias for one in self.sources):
            raise QueryError(f'missing FROM-clause entry for table "{alias}"')
        for source in self.sources:
            if alias in (None, source.alias):
                for name in source.columns:
                    yield name, source.column(name)
