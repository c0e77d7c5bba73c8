"""What a mirrored table looks like: names and kinds of its columns, by their places in the portal's `*`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from app.core.errors import Invalid
from app.domain.jsonsql.words import NAME
from app.domain.schemas import ID, TableSchema, unique, unnamed
from app.mirror.values import Kind, Unfit, Values, fitted, natural_kind, told_kind

LONGEST: Final = 48  # letters of a table's name: Postgres has 63, and staging tables and indexes add some
VIEW: Final = "_view"
KEPT: Final = ("_", "pg_", "sqlite_")  # beginnings of names that are the mirror's own, or its database's


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """`name` in the table, as the portal has it; `shown` in the view; `kind` None while only nulls came."""

    position: int
    name: str
    shown: str
    kind: Kind | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """All columns of a table in the order of the portal's `*`; `key` is the place of its id, None where it has none."""

    table: str
    columns: tuple[Column, ...]
    key: int | None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.columns)

    @property
    def view(self) -> str:
        return f"{self.table}{VIEW}"

    @property
    def staging(self) -> str:
        return f"_stage_{self.table}"

    @property
    def seen(self) -> str:
        """Ids that the portal has, while they are compared."""
        return f"_ids_{self.table}"

    @property
    def key_name(self) -> str | None:
        return None if self.key is None else self.columns[self.key].name

    @property
    def id_kind(self) -> Kind | None:
        return None if self.key is None else self.columns[self.key].kind

    def kinds(self) -> list[str | None]:
        """For the mirror's records."""
        return [one.kind and one.kind.value for one in self.columns]


def checked_table(name: str) -> str:
    """A table's name as the mirror can keep it; `Invalid` for all others."""
    plain = NAME.fullmatch(name) and name.isascii() and len(name) <= LONGEST and "$" not in name
    if not plain or name.startswith(KEPT) or name.endswith(VIEW) or name != name.lower():
        rule = f"A table's name has up to {LONGEST} small letters, digits and _. It does not begin with"
        raise Invalid([("table", f"{rule} {', '.join(KEPT)} or end in {VIEW}.")])
    return name


def laid_out(schema: TableSchema, width: int, *, key: int | None, kinds: Sequence[Kind | None] = ()) -> Layout:
    """The table of a schema, `width` columns wide; `kinds`, where they are known, are those that it has by now."""
    fields = {one.position: one for one in schema.fields}
    wanted = [fields[at].remote if at in fields else unnamed(at) for at in range(width)]
    if key is not None:
        wanted[key] = ID
    friendly = list(schema.columns(width))
    if key is not None and friendly[key] == unnamed(key):
        friendly[key] = ID
    names, shown = unique(wanted), unique(friendly)
    columns = tuple(
        Column(
            position=at,
            name=names[at],
            shown=shown[at],
            kind=(kinds[at] if at < len(kinds) else None) or told_kind(fields.get(at)),
            description=fields[at].description if at in fields else None,
        )
        for at in range(width)
    )
    return Layout(table=schema.name, columns=columns, key=key)


def wider(layout: Layout, schema: TableSchema, width: int) -> Layout:
    """The same table with the columns that came to it; the others stay as they are."""
    grown = laid_out(schema, width, key=layout.key, kinds=[one.kind for one in layout.columns])
    return replace(grown, columns=(*layout.columns, *grown.columns[len(layout.columns) :]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """Rows as a database takes them, the layout that they made, and how many were none."""

    layout: Layout
    rows: Sequence[tuple[Any, ...]]
    refused: int = 0


def fit(layout: Layout, schema: TableSchema, rows: Sequence[Any]) -> Fitted:
    """Rows of any width and of any values, made rows of the table; what is no row, or has no id, is refused."""
    known = [row for row in rows if isinstance(row, list) and row]
    if layout.key is not None:
        known = [row for row in known if len(row) > layout.key and _is_id(row[layout.key])]
    refused = len(rows) - len(known)
    if not known:
        return Fitted(layout=layout, rows=(), refused=refused)
    widths = set(map(len, known))
    if max(widths) > len(layout.columns):
        layout = wider(layout, schema, max(widths))
    width = len(layout.columns)
    if widths != {width}:  # a portal may leave out what is null at the end
        known = [row if len(row) == width else [*row, *[None] * (width - len(row))] for row in known]
    columns, values = [], []
    for column, given in zip(layout.columns, zip(*known, strict=True), strict=True):
        kind, made = _fitted(column, given)
        columns.append(column if kind is column.kind else replace(column, kind=kind))
        values.append(made)
    made_rows = list(zip(*values, strict=True))
    return Fitted(layout=replace(layout, columns=tuple(columns)), rows=made_rows, refused=refused)


def _fitted(column: Column, given: Values) -> tuple[Kind | None, Values]:
    kind = column.kind or natural_kind(given)
    if kind is None:
        return None, given
    try:
        return kind, fitted(given, kind)
    except Unfit:
        if kind is Kind.INTEGER and natural_kind(given) is Kind.FLOAT:
            return Kind.FLOAT, fitted(given, Kind.FLOAT)
        return Kind.TEXT, fitted(given, Kind.TEXT)


def _is_id(value: Any) -> bool:
    return isinstance(value, int | str) and not isinstance(value, bool) and value != ""
