"""A download from its first question to the file under its name."""

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Protocol, TypeVar
from urllib.parse import urlencode

import httpx
from msgspec import DecodeError

from app.cli.download.database import Copy, flavor_of
from app.cli.download.derive import check, derive
from app.cli.download.earlier import Broken, Earlier, Form
from app.cli.download.fetch import Changed, Fetcher, Remote
from app.cli.download.folder import Folder
from app.cli.download.plan import Manifest, Part, parse_manifest
from app.cli.download.server import Lost, Reset, Server, Tries, api, lost_by, strange
from app.cli.download.stage import Stage
from app.cli.download.write import write_document, write_lines, written
from app.core.errors import LineupError

REBUILT: Final = 3  # times that a database may be another one while it is fetched

T = TypeVar("T")


class Watch(Protocol):
    """Sees a download go on."""

    def expect(self, number: int) -> None: ...

    def seen(self, number: int) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be written. `flavor` None = that of the earlier database, else the one with an index of words."""

    provider_id: str
    target: Path
    form: Form
    packed: bool = False
    view: str = "full"
    flavor: str | None = None
    version: str | None = None
    since: Earlier | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of it: `bytes` of the file, `fetched` over the network, `reset` = why no changes could be applied."""

    version: str
    bytes: int
    fetched: int
    seconds: float
    parts: int
    reused: int
    changes: int | None
    reset: str | None


class Download:
    """One download; what it fetched stays beside the file until the file is there."""

    def __init__(self, server: Server, wanted: Wanted, watch: Watch) -> None:
        self._server = server
        self._wanted = wanted
        self._watch = watch
        self._folder = Folder(wanted.target)
        self._fetcher = Fetcher(server, self._folder, watch.seen)
        self._reset: str | None = None
        self._parts = self._reused = 0

    async def run(self) -> Outcome:
        """Everything; raises with the file as it was before."""
        began = time.monotonic()
        with self._folder.held():
            version = await self._written()
            size = await asyncio.to_thread(self._folder.finish, self._folder.draft)
        return Outcome(
            version=version,
            bytes=size,
            fetched=self._fetcher.bytes + self._server.bytes,
            seconds=round(time.monotonic() - began, 3),
            parts=self._parts,
            reused=self._reused,
            changes=self._operations if self._reset is None else None,
            reset=self._reset,
        )

    _operations: int | None = None

    async def _written(self) -> str:
        since = self._wanted.since
        if since is not None:
            stage = await self._staged(since)
            if stage is not None:
                try:
                    return await self._from_earlier(since, stage)
                except Broken as broken:
                    self._reset = f"{since.path} cannot be brought up to date: {broken}"
                finally:
                    stage.close()
        manifest = await self._manifest(self._wanted.version)
        if self._wanted.form is Form.SQLITE:
            await self._database(manifest.version)
        else:
            await self._from_parts(manifest)
        return manifest.version

    async def _staged(self, since: Earlier) -> Stage | None:
        """All changes since then, laid down; None when there is no way from there, `_reset` says why."""
        stage = Stage(self._folder.stage, since.version)
        query = {"since": since.version, "view": self._wanted.view}
        if self._wanted.version is not None:
            query["to"] = self._wanted.version
        path: str | None = api(self._wanted.provider_id, f"changes?{urlencode(query)}")
        try:
            while path is not None:
                body = await self._server.get(path)
                path = await asyncio.to_thread(stage.add, body)
        except (DecodeError, ValueError):
            stage.close()
            raise strange("what changed") from None
        except Reset as reset:
            stage.close()
            self._reset = f"{reset.detail} ({reset.code})"
            return None
        self._operations = stage.operations
        return stage

    async def _from_earlier(self, since: Earlier, stage: Stage) -> str:
        manifest = await self._manifest(stage.to)
        if self._wanted.form is not since.form:
            raise Broken(f"it is {since.form}, not {self._wanted.form}")
        if since.form is Form.SQLITE:
            await self._changed_database(since, stage, manifest)
        else:
            await _in_thread(partial(derive, since, stage, manifest, self._folder))
            await self._from_parts(manifest)
        return manifest.version

    async def _manifest(self, version: str | None) -> Manifest:
        query = {"view": self._wanted.view} | ({"version": version} if version else {})
        path = api(self._wanted.provider_id, f"snapshot/manifest?{urlencode(query)}")
        try:
            return parse_manifest(await self._server.get(path))
        except DecodeError:
            raise strange("its manifest") from None

    async def _from_parts(self, manifest: Manifest) -> None:
        wanted = list(manifest.parts())
        document = self._wanted.form is Form.JSON
        if document:
            wanted.append(manifest.index)
        await self._fetch(manifest, wanted)
        write = write_document if document else write_lines
        await asyncio.to_thread(self._write, partial(write, manifest, self._folder))

    def _write(self, write: Callable[[Callable[[bytes], object]], None]) -> None:
        with written(self._folder.draft, packed=self._wanted.packed) as file:
            write(file.write)

    async def _fetch(self, manifest: Manifest, wanted: list[Part]) -> None:
        missing = {part.sha256: part for part in wanted if not self._folder.has(part)}
        self._watch.expect(sum(part.encodings.gzip.bytes for part in missing.values()))
        self._parts += len(wanted)
        self._reused += await self._fetcher.parts(manifest, wanted)

    async def _database(self, version: str) -> None:
        """The ready file, from where it was cut."""
        flavor = self._flavor or "fts5"
        query = urlencode({"version": version, "flavor": flavor})
        url = api(self._wanted.provider_id, f"snapshot.sqlite?{query}")
        for _ in range(REBUILT):
            remote = await self._remote(url)
            self._watch.expect(remote.bytes)
            try:
                await self._fetcher.file(remote, self._folder.path / f"{remote.sha256}.sqlite")
            except Changed:
                continue
            (self._folder.path / f"{remote.sha256}.sqlite").replace(self._folder.draft)
            return
        raise LineupError("The database changed again and again while it was fetched.", code="changed")

    async def _remote(self, url: str) -> Remote:
        """What the server says of a file; it builds a database when it is first asked for one."""
        tries = Tries()
        while True:
            try:
                async with self._server.asked(url, method="HEAD") as answer:
                    tag = answer.headers["etag"]
                    return Remote(url=url, sha256=tag.strip('"'), bytes=int(answer.headers["content-length"]), tag=tag)
            except Lost as lost:
                await tries.after(lost)
            except httpx.RequestError as error:
                await tries.after(lost_by(error))

    @property
    def _flavor(self) -> str | None:
        since = self._wanted.since
        if self._wanted.flavor is None and since is not None and since.form is Form.SQLITE:
            return flavor_of(since.path)
        return self._wanted.flavor

    async def _changed_database(self, since: Earlier, stage: Stage, manifest: Manifest) -> None:
        if self._flavor != flavor_of(since.path):
            raise Broken(f"it has not the flavor {self._flavor}")
        check(stage, manifest)
        copy = await asyncio.to_thread(Copy, since.path, self._folder.draft)
        try:
            await asyncio.to_thread(copy.apply, stage, manifest)
        finally:
            copy.close()


async def _in_thread(work: Callable[[threading.Event], T]) -> T:
    """Runs in a thread what ends soon after it is told to."""
    over = threading.Event()
    try:
        return await asyncio.to_thread(work, over)
    finally:
        over.set()
