"""Documents of chosen places, with what the rows beside them tell."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from app.core import jsonio
from app.db.engine import Reader
from app.db.marks import Marks, fetch
from app.domain.filters import Visibility
from app.domain.kinds import Kind

Where = tuple[int, int]  # provider_pk, ordinal


class Document(NamedTuple):
    """An active item: its public id, who is shown it, its stored document."""

    id: str
    visibility: Visibility
    body: bytes

    def with_more(self, **members: Any) -> bytes:
        """The document as JSON, with its visibility and `members` joined."""
        return joined(self.body, visibility=self.visibility.name.lower(), **members)


async def documents(reader: Reader, kind: Kind, places: Iterable[Where]) -> dict[Where, Document]:
    """The documents at these places; those that are no longer active are left out."""
    found: dict[Where, Document] = {}
    for provider_pk, group in groupby(sorted(set(places)), lambda place: place[0]):
        marks = Marks(sqlite=reader.sqlite)
        statement = (
            "SELECT m.ordinal, m.id, m.visibility, d.body "  # noqa: S608 - our names, marks
            f"FROM {kind.value} m JOIN document d "
            f"ON d.provider_pk = m.provider_pk AND d.kind = {kind.number} AND d.ordinal = m.ordinal "
            f"WHERE m.provider_pk = {provider_pk:d} AND m.is_active "
            f"AND m.ordinal {marks.one_of([ordinal for _, ordinal in group], 'int')}"
        )
        for ordinal, public, visibility, body in await fetch(reader, statement, marks):
            found[provider_pk, ordinal] = Document(public, Visibility(visibility), bytes(body))
    return found


def joined(body: bytes, **members: Any) -> bytes:
    """A JSON object that has members, with more of them behind its own."""
    return b"%b,%b" % (body[:-1], jsonio.dumps(members)[1:])


def answer(head: dict[str, Any], name: str, bodies: Sequence[bytes], tail: dict[str, Any] | None = None) -> bytes:
    """An object of `head`, then a list of JSON documents under `name`, then `tail`."""
    rest = b"," + jsonio.dumps(tail)[1:] if tail else b"}"
    return b"".join((jsonio.dumps(head)[:-1], b',"', name.encode(), b'":[', b",".join(bodies), b"]", rest))
