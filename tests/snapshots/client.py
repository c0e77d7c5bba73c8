"""What a client does with deltas, as docs/clients.md tells it: it takes rows out of its lists and puts rows in."""

from typing import Any

from app.domain.kinds import Kind


class Copy:
    """A client's copy of a catalogue."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.version = document["version"]
        self.items = {kind.value: list(document[kind.plural]) for kind in Kind}
        self.categories = {one["id"]: one for one in document["categories"]}

    def apply(self, *pages: dict[str, Any]) -> None:
        """All pages of one delta, or none."""
        assert {page["from"] for page in pages} == {self.version}
        upserts = [row for page in pages for row in page["upserts"]]
        gone = {name for page in pages for name in page["deletes"]} | {f"{row['kind']}:{row['id']}" for row in upserts}
        for kind, items in self.items.items():
            items[:] = [one for one in items if f"{kind}:{one['id']}" not in gone]
        self.categories = {public: one for public, one in self.categories.items() if f"category:{public}" not in gone}
        for row in sorted(upserts, key=lambda one: one.get("place", 0)):
            self._put(dict(row))
        self.version = pages[-1]["to"]
        assert sum(map(len, self.items.values())) == pages[-1]["countAfter"]

    def lists(self) -> dict[str, Any]:
        """Categories and items in their order."""
        numbers = {kind.value: kind.number for kind in Kind}
        order = sorted(self.categories.values(), key=lambda one: (numbers[one["kind"]], one["position"], one["id"]))
        return {"categories": order} | {kind.plural: self.items[kind.value] for kind in Kind}

    def _put(self, row: dict[str, Any]) -> None:
        if row["kind"] == "category":
            kind = row.pop("itemKind")
            self.categories[row["id"]] = row | {"kind": kind}
            return
        place, _ = row.pop("place"), row.pop("ordinal")
        self.items[row["kind"]].insert(place - 1, row)
