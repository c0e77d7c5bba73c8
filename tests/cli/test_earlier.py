"""Earlier downloads are read and brought up to date whatever stands in them."""

import gzip
import tempfile
import threading
from collections.abc import Sequence
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.cli.download import earlier
from app.cli.download.derive import derive
from app.cli.download.earlier import Broken, Earlier
from app.cli.download.folder import Folder
from app.cli.download.plan import LINED, Encodings, Listed, Manifest, Part, Stored, plural
from app.cli.download.stage import Stage
from app.core.errors import Invalid
from app.core.jsonio import dumps

Item = dict[str, Any]
Lists = dict[str, list[Item]]
NAMES = st.text(max_size=30) | st.sampled_from(
    ["},{", '}],"movies":[', '"},{"id":"', "}],},{", "\\", '\\"', "ä\u2028\n"]
)


@st.composite
def lists(draw: st.DrawFn) -> Lists:
    """Items of all kinds, some of them deep."""
    found: Lists = {}
    for kind in LINED:
        names = draw(st.lists(NAMES, max_size=8))
        deep: list[Any] = [[], [{"a": {}}], [{"b": names}, {"c": "},{"}]]
        found[kind] = [
            {"actors": deep[place % 3], "id": f"{kind}{place}", "kind": kind, "name": name}
            for place, name in enumerate(names)
        ]
    return found


def document(items: Lists) -> bytes:
    order = ("movie", "series", "channel")
    maps: Item = {f"{plural(kind)}ByCategory": {} for kind in order}
    head = {"version": "k7f2.1", "provider": {"name": "},{"}, "categories": [{"id": "c", "name": "}],},{"}]}
    return dumps({**head, **{plural(kind): items[kind] for kind in order}, **maps})


def lines(items: Lists) -> bytes:
    every = [one for kind in LINED for one in items[kind]]
    told = [{"kind": "begin", "version": "k7f2.1", "total": len(every)}, *every, {"kind": "end", "items": len(every)}]
    return b"".join(dumps(one) + b"\n" for one in told)


@settings(max_examples=150, deadline=None)
@given(items=lists(), block=st.integers(20, 90), packed=st.booleans())
def test_the_items_of_a_document_are_found_in_blocks_of_any_size(items: Lists, block: int, packed: bool) -> None:  # noqa: FBT001
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(earlier, "BLOCK_BYTES", block)
        for body in (document(items), lines(items)):
            path = Path(folder) / "file"
            path.write_bytes(gzip.compress(body) if packed else body)
            patch.setattr(earlier, "BLOCK_BYTES", 300)
            found = Earlier(path)
            patch.setattr(earlier, "BLOCK_BYTES", block)
            assert found.version == "k7f2.1"
            read = [one for one in found.items() if one.kind != "category"]
            for kind in LINED:
                assert [one.body for one in read if one.kind == kind] == [dumps(one) for one in items[kind]]
            path.write_bytes(body[: -len(body) // 2])
            with pytest.raises((Broken, Invalid)):
                list(Earlier(path).items())


@settings(max_examples=100, deadline=None)
@given(before=lists(), after=lists(), dice=st.randoms(use_true_random=False), size=st.integers(1, 5))
def test_a_delta_makes_every_part_of_the_new_version(before: Lists, after: Lists, dice: Any, size: int) -> None:
    for kind in LINED:  # the same order of ids that both have, as places of items never change
        chosen = set(dice.sample(range(12), 8))
        after[kind] = [one for one in after[kind] if int(one["id"].removeprefix(kind)) in chosen]
    with tempfile.TemporaryDirectory() as path:
        base = Path(path) / "base"
        base.write_bytes(lines(before))
        folder, stage = Folder(Path(path) / "new"), Stage(Path(path) / "stage", "k7f2.1")
        manifest = described(after, size)
        with folder.held():
            following = True
            for page in paged(operations(before, after), size, manifest.items):
                following = stage.add(page) is not None
            assert not following
            derive(Earlier(base), stage, manifest, folder, threading.Event())
            stage.close()
            for kind in LINED:
                made = b"".join(b"".join(folder.chunks(part)) for part in manifest.kinds[kind].parts)
                assert made == b"".join(dumps(one) + b"\n" for one in after[kind])


def operations(before: Lists, after: Lists) -> list[Item | str]:
    """Rows at their places, and removals."""
    rows: list[Item | str] = []
    for kind in LINED:
        old = {one["id"]: one for one in before[kind]}
        for place, one in enumerate(after[kind], start=1):
            if old.pop(one["id"], None) != one:
                rows.append({**one, "ordinal": place + 100, "place": place})
        rows += [f"{kind}:{name}" for name in old]
    return rows


def paged(rows: Sequence[Item | str], size: int, count: int) -> list[bytes]:
    pages, rest = list[bytes](), iter(rows)
    for first in range(0, max(len(rows), 1), size):
        part = list(islice(rest, size))
        page = {
            "from": "k7f2.1",
            "to": "k7f2.2",
            "upserts": [one for one in part if isinstance(one, dict)],
            "deletes": [one for one in part if isinstance(one, str)],
            "next": "/more" if first + size < len(rows) else None,
            "countAfter": count,
        }
        pages.append(dumps(page))
    return pages


def described(items: Lists, size: int) -> Manifest:
    kinds = {}
    for kind in LINED:
        told = [dumps(one) + b"\n" for one in items[kind]]
        bodies = [told[first : first + size] for first in range(0, len(told), size)]
        kinds[kind] = Listed(len(told), [part(b"".join(body), len(body)) for body in bodies])
    return Manifest("k7f2.2", "", {}, {}, "", part(b"", 0), kinds)


def part(body: bytes, items: int) -> Part:
    name = sha256(body).hexdigest()
    return Part(name, len(body), Encodings(Stored(name, 0)), items)
