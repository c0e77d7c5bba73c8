"""Tells new, changed and unchanged items apart. Pure: what is stored comes in, what to write goes out.

An item may be seen more than once in a job: pages overlap, and some panels list it once per category. Its categories
are then the union. An item that is first seen with fewer categories than are stored, and is otherwise the same, is held
back until the walk ends: the others may still come, and it must not be written twice for nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.db.items import Stored
from app.domain.ordinals import OrdinalSet
from app.sync.drafts import Draft, refresh, set_categories, with_categories
from app.sync.ledger import Shelf

MAX_NARROWED: Final = 20_000  # held-back drafts of about 2 kB each; beyond that they are written at once


@dataclass(slots=True, kw_only=True)
class Change:
    """An item to write: `before` are its stored categories, None when it is new; `revived` when it had been removed."""

    ordinal: int
    draft: Draft
    before: tuple[str, ...] | None = None
    revived: bool = False


class Diff:
    """The comparison of one batch with what is stored. `old_categories` are by place, of rows that may differ."""

    def __init__(
        self, shelf: Shelf, stored: Mapping[str, Stored], old_categories: Mapping[int, tuple[str, ...]]
    ) -> None:
        self._shelf = shelf
        self._stored = stored
        self._old = old_categories
        self.writes: dict[str, Change] = {}
        self.seen = OrdinalSet()
        self.fetched = 0
        self.added = 0
        self.updated = 0
        self.unchanged = 0

    def take(self, made: Draft) -> None:
        """Compares one draft."""
        again = self.writes.get(made.id)
        if again is not None:
            _widen(again.draft, made.document.category_ids)
            return
        stored = self._stored.get(made.id)
        if stored is None:
            self._add(made)
        elif self._see(stored.ordinal):
            self._first(made, stored)
        elif made.fingerprint == stored.fingerprint:
            self._confirm(made, stored)
        else:
            self._again(made, stored)

    def _see(self, ordinal: int) -> bool:
        self.seen.add(ordinal)
        fresh = self._shelf.seen.add(ordinal)
        self.fetched += fresh
        return fresh

    def _add(self, made: Draft) -> None:
        ordinal = self._shelf.next_ordinal
        self._shelf.next_ordinal += 1
        self._see(ordinal)
        self.added += 1
        self._put(Change(ordinal=ordinal, draft=made))

    def _first(self, made: Draft, stored: Stored) -> None:
        same = made.fingerprint == stored.fingerprint
        if stored.is_active and (same or self._hold(made, stored)):
            self.unchanged += 1
            return
        self._write(made, stored)
        if stored.is_active:
            self.updated += 1
        else:
            self.added += 1

    def _confirm(self, made: Draft, stored: Stored) -> None:
        """Seen again just as it is stored: what was held back for its fewer categories is no change after all."""
        held = self._shelf.narrowed.get(stored.ordinal)
        if held is None:
            return
        _widen(held, made.document.category_ids)
        if set(held.document.category_ids) == set(made.document.category_ids):
            del self._shelf.narrowed[stored.ordinal]

    def _again(self, made: Draft, stored: Stored) -> None:
        held = self._shelf.narrowed.get(stored.ordinal)
        before = self._old.get(stored.ordinal, ())
        if held is not None:
            _widen(held, made.document.category_ids)
            if set(held.document.category_ids) == set(before) and with_categories(held, before) == stored.fingerprint:
                del self._shelf.narrowed[stored.ordinal]
        elif not set(made.document.category_ids) <= set(before):
            set_categories(made, tuple(dict.fromkeys((*before, *made.document.category_ids))))
            refresh(made)
            if stored.ordinal not in self._shelf.changed:
                self.unchanged -= 1
                self.updated += 1
            self._write(made, stored)

    def _hold(self, made: Draft, stored: Stored) -> bool:
        before = self._old.get(stored.ordinal, ())
        if not set(made.document.category_ids) < set(before) or len(self._shelf.narrowed) >= MAX_NARROWED:
            return False
        if with_categories(made, before) != stored.fingerprint:
            return False
        self._shelf.narrowed[stored.ordinal] = made
        return True

    def _write(self, made: Draft, stored: Stored) -> None:
        before = self._old.get(stored.ordinal, ())
        self._put(Change(ordinal=stored.ordinal, draft=made, before=before, revived=not stored.is_active))

    def _put(self, change: Change) -> None:
        self.writes[change.draft.id] = change
        self._shelf.changed.add(change.ordinal)


def _widen(made: Draft, category_ids: tuple[str, ...]) -> None:
    union = tuple(dict.fromkeys((*made.document.category_ids, *category_ids)))
    if union != made.document.category_ids:
        set_categories(made, union)
        refresh(made)
