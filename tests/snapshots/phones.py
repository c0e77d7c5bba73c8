"""Simulated phones: each holds one version of a catalogue and comes by the next one in one of the documented ways.

A way is a generator that yields between requests, so that anything may happen meanwhile. What a phone holds changes
once, at the end of a way.
"""

import gzip
import sqlite3
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, Final, NamedTuple, Self

import httpx

from app.core.jsonio import loads
from app.domain.kinds import Kind
from tests.snapshots.catalogue import PROVIDER
from tests.snapshots.client import Copy

BASE: Final = f"/api/providers/{PROVIDER}"
WAYS: Final = ("document", "pages", "lines", "parts", "database", "changes")
TRIES: Final = 30
ITEM: Final = "SELECT name, categoryId, categoryIds, id FROM {} ORDER BY rowid"


class Refused(Exception):
    """The server's reason not to answer."""

    def __init__(self, answer: httpx.Response) -> None:
        told = answer.json()
        self.status = answer.status_code
        self.code, self.reason = told["code"], told.get("reason")
        super().__init__(f"{answer.url} {self.status} {self.code} {self.reason}")


class Given(NamedTuple):
    """A way that ended without a version: `wanted` = the one that was being fetched, `since` = the one held then."""

    refused: Refused
    way: str
    wanted: str | None
    since: str | None


class Line:
    """Requests to one server; a connection of its own for each, so that each may be cut."""

    def __init__(self, url: str) -> None:
        limits = httpx.Limits(max_keepalive_connections=0)
        self._client = httpx.Client(base_url=url, verify=False, trust_env=False, limits=limits, timeout=20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """An answer that is whole; what was cut is asked for again."""
        for _ in range(TRIES):
            try:
                answer = self._client.get(path, headers=headers)
            except httpx.TransportError:
                continue
            if answer.status_code != 200:
                raise Refused(answer)
            return answer
        raise AssertionError(f"{path} never came")

    def file(self, path: str) -> bytes:
        """An opaque file; what was cut goes on by `Range` from there."""
        got, tag = bytearray(), ""
        for _ in range(TRIES):
            headers = {"Range": f"bytes={len(got)}-", "If-Range": tag} if got else {}
            try:
                with self._client.stream("GET", path, headers=headers) as answer:
                    if answer.status_code >= 400:
                        answer.read()
                        raise Refused(answer)
                    assert answer.status_code == (206 if got else 200)
                    tag = answer.headers["etag"]
                    for chunk in answer.iter_raw():
                        got += chunk
            except httpx.TransportError:
                continue
            return bytes(got)
        raise AssertionError(f"{path} never came")

    def raw(self, path: str, encoding: str) -> tuple[str, bytes]:
        """A tag and the bytes as they were sent."""
        with self._client.stream("GET", path, headers={"Accept-Encoding": encoding}) as answer:
            assert answer.status_code == 200, path
            return answer.headers["etag"], b"".join(answer.iter_raw())

    def delete(self, path: str) -> None:
        self._client.delete(path).raise_for_status()


class Phone:
    """`held` = what an app on it would show; `way` = how it is coming by the next version."""

    def __init__(self, view: str, held: Copy | None = None) -> None:
        self.view = view
        self.held = held
        self.way = ""
        self.wanted: str | None = None
        self._work: Iterator[None] | None = None

    @property
    def busy(self) -> bool:
        return self._work is not None

    def begin(self, line: Line, way: str, limit: int) -> None:
        """Forgets what was under way."""
        ways = {
            "document": self._document,
            "pages": self._pages,
            "lines": self._lines,
            "parts": self._parts,
            "database": self._database,
            "changes": self._changes,
        }
        if (way == "changes" and self.held is None) or (way == "database" and self.view != "full"):
            way = "document"
        self.way, self.wanted = way, None
        self._line, self._limit = line, limit
        self._work = ways[way]()

    def go_on(self, line: Line, turns: int) -> Given | None:
        """Some requests more, over this line; where changes are refused the document is next."""
        self._line = line
        while turns and self._work is not None:
            turns -= 1
            try:
                next(self._work)
            except StopIteration:
                self._work = None
            except Refused as refused:
                given = Given(refused, self.way, self.wanted, self.held.version if self.held else None)
                self._work = None
                if self.way == "changes" and refused.status == 410:
                    self.begin(line, "document", self._limit)
                return given
        return None

    def _json(self, path: str) -> Any:
        return self._line.get(path).json()

    def _named(self, version: str) -> str:
        """Whatever a way reads is of one version."""
        assert self.wanted in (None, version)
        self.wanted = version
        return version

    def _document(self) -> Iterator[None]:
        document = self._json(f"{BASE}/snapshot?view={self.view}")
        self._named(document["version"])
        yield
        self.held = Copy(document)

    def _pages(self) -> Iterator[None]:
        path: str | None = f"{BASE}/snapshot?page=1&limit={self._limit}&view={self.view}"
        lists: dict[str, list[Any]] = {kind.plural: [] for kind in Kind}
        total = 0
        while path is not None:
            page = self._json(path)
            self._named(page["version"])
            for name in lists:
                lists[name] += page[name]
            total, path = page["total"], page["next"]
            yield
        assert sum(map(len, lists.values())) == total
        yield from self._with_categories(lists)

    def _lines(self) -> Iterator[None]:
        body = self._line.get(f"{BASE}/snapshot.ndjson?view={self.view}").content
        first, *items, last = [loads(line) for line in body.splitlines()]
        self._named(first["version"])
        assert (first["kind"], first["total"]) == ("begin", len(items))
        assert last == {"kind": "end", "items": len(items)}
        yield
        lists = {kind.plural: [one for one in items if one["kind"] == kind.value] for kind in Kind}
        assert [one for kind in (Kind.CHANNEL, Kind.MOVIE, Kind.SERIES) for one in lists[kind.plural]] == items
        yield from self._with_categories(lists)

    def _parts(self) -> Iterator[None]:
        manifest = self._json(f"{BASE}/snapshot/manifest?view={self.view}")
        self._named(manifest["version"])
        lists: dict[str, list[Any]] = {}
        for kind in Kind:
            lines = list[bytes]()
            for part in manifest["kinds"][kind.value]["parts"]:
                yield
                lines += self._part(manifest, part).splitlines()
            lists[kind.plural] = [loads(line) for line in lines]
            assert len(lines) == manifest["kinds"][kind.value]["items"]
        yield
        index = loads(self._part(manifest, manifest["index"]))
        self.held = Copy({"version": self.wanted, "categories": index["categories"], **lists})

    def _part(self, manifest: dict[str, Any], part: dict[str, Any]) -> bytes:
        packed = part["encodings"]["gzip"]
        stored = self._line.file(f"{manifest['blobBase']}/{packed['sha256']}.gz")
        plain = gzip.decompress(stored)
        assert (sha256(stored).hexdigest(), len(stored)) == (packed["sha256"], packed["bytes"])
        assert (sha256(plain).hexdigest(), len(plain)) == (part["sha256"], part["bytes"])
        return plain

    def _database(self) -> Iterator[None]:
        version = self._named(self._json(f"{BASE}/snapshot/head")["version"] or "none.1")
        yield
        packed = self._line.file(f"{BASE}/snapshot.sqlite.gz?version={version}&flavor=plain")
        base = sqlite3.connect(":memory:")
        try:
            base.deserialize(gzip.decompress(packed))
            assert base.execute("SELECT value FROM meta WHERE key = 'version'").fetchone() == (version,)
            lists = {kind.plural: [_item(kind, row) for row in base.execute(ITEM.format(kind.value))] for kind in Kind}
        finally:
            base.close()
        yield from self._with_categories(lists)

    def _changes(self) -> Iterator[None]:
        assert self.held is not None
        path: str | None = f"{BASE}/changes?since={self.held.version}&limit={self._limit}&view={self.view}"
        pages = []
        while path is not None:
            pages.append(self._json(path))
            self._named(pages[-1]["to"])
            path = pages[-1]["next"]
            yield
        self.held.apply(*pages)

    def _with_categories(self, lists: dict[str, list[Any]]) -> Iterator[None]:
        essentials = self._json(f"{BASE}/snapshot/essentials?version={self.wanted}")
        self._named(essentials["version"])
        yield
        self.held = Copy({"version": self.wanted, "categories": essentials["categories"], **lists})


def _item(kind: Kind, row: tuple[Any, ...]) -> dict[str, Any]:
    """A row as the document that tests write."""
    name, category, categories, public = row
    told = {"name": name, "categoryId": category, "categoryIds": loads(categories), "id": public}
    return told | {"isActive": True, "kind": kind.value}
