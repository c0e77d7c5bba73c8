"""How a catalogue moves on, and what each version of it has to say."""

import copy
import random
from typing import Any, Final

from app.core.jsonio import loads
from app.domain.kinds import Kind
from tests.api.test_changes import LISTS, advance
from tests.snapshots.catalogue import Catalogue, check_document
from tests.snapshots.client import Copy
from tests.snapshots.phones import BASE, Line

VIEWS: Final = ("full", "lite")
PINNED: Final = (
    BASE + "/snapshot?version={}",
    BASE + "/snapshot?version={}&view=lite",
    BASE + "/snapshot.ndjson?version={}",
    BASE + "/snapshot?page=1&limit=100&version={}&view=lite",
    BASE + "/snapshot/essentials?version={}",
    BASE + "/snapshot/manifest?version={}",
)
Truth = dict[str, dict[str, Any]]  # lists by view


def moved_on(catalogue: Catalogue, seed: int, changes: int) -> None:
    """Some changes; a document has the categories of a kind together."""
    advance(catalogue, seed, changes)
    order = sorted(catalogue.categories.items(), key=lambda one: one[1].number)
    catalogue.categories = dict(order)


def renamed(catalogue: Catalogue, seed: int) -> None:
    """Another name for a category."""
    public = random.Random(seed).choice(sorted(catalogue.categories))
    catalogue.names[public] = f"Named “{seed}”"


def truth(line: Line, version: str, catalogue: Catalogue) -> Truth:
    """What a version says, checked against the rows that it was made of."""
    bodies = {view: line.raw(f"{BASE}/snapshot?version={version}&view={view}", "identity")[1] for view in VIEWS}
    full = check_document(bodies["full"], catalogue, version)
    lite = loads(bodies["lite"])
    for one in full["categories"]:
        assert one["name"] == catalogue.names.get(one["id"], f"Category {one['id']}")
    for kind in Kind:
        for whole, short in zip(full[kind.plural], lite[kind.plural], strict=True):
            assert {name: whole.get(name) for name in short} == short
    return {view: {name: loads(body)[name] for name in LISTS} for view, body in bodies.items()}


def copy_of(version: str, lists: dict[str, Any]) -> Copy:
    return Copy(copy.deepcopy({"version": version, **lists}))
