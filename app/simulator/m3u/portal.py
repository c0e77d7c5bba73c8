"""A server of one list: everything in one answer, under an address that says who asks."""

import gzip
import io
import lzma
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from itertools import chain, islice
from typing import Final

from app.domain.episodes import series_key
from app.domain.kinds import Kind
from app.simulator.behaviour import Account, Behaviour, Fault
from app.simulator.catalogue import Expected
from app.simulator.gate import error_page
from app.simulator.lists import EVERYTHING
from app.simulator.m3u.entries import ORDERS, Entries
from app.simulator.m3u.profile import LIST_PATH, PATHS, M3uProfile
from app.simulator.m3u.spelling import HLS, Spelling
from app.simulator.portal import Portal
from app.simulator.spec import CatalogueSpec
from app.simulator.wire import HTML, Call, Reply, redirect
from app.simulator.xtream.account import find_account
from app.simulator.xtream.guide import xmltv

PIECE: Final = 50  # entries per piece
USABLE: Final = frozenset({"active", "trial"})
PLAYABLE: Final = ("/live/", "/movie/", "/series/", "/timeshift/")


class M3uPortal(Portal):
    """What panels offer besides their API, and all that many others have."""

    def __init__(self, spec: CatalogueSpec, profile: M3uProfile, behaviour: Behaviour, mount: str = "") -> None:
        self.profile = profile
        self.api_paths = frozenset(PATHS)
        super().__init__(spec, behaviour, mount)
        self._served = 0
        self._forget_rows()

    def answer(self, call: Call) -> Reply:
        """The list or its guide, for whoever may have it."""
        account = find_account(self.behaviour, call)
        if account is None or account.status not in USABLE:
            self.gate.denied(call.client)
            return self._refusal()
        if call.path != LIST_PATH:
            return Reply(b"", 200, b"application/xml", chunks=xmltv(self.catalogue, self.lists))
        self._served += 1
        return self._packed(self._list(call, account))

    def worded(self, fault: Fault, call: Call) -> Reply:
        """Faults in the words of a list server."""
        del call
        if fault.do in ("auth", "lose"):
            return self._refusal()
        return Reply({"null": b"null", "false": b"false", "error": b"error"}.get(fault.do, b"#EXTM3U\n"))

    def home(self) -> str:
        """Where `/` leads to."""
        return "/c/"

    def page(self, path: str) -> Reply:
        """Streams: live moves on to an edge server, files answer at once."""
        if path.startswith("/live/"):
            return redirect(f"{self.mount}/auth/{path.rsplit('/', 1)[-1]}?token=5f3", 302)
        if path.startswith((*PLAYABLE, "/auth/")):
            return Reply(b"\x47" * 188, 200, b"video/mp2t")
        return super().page(path)

    def expected(self) -> Expected:
        """A list has no group without an entry, and two groups of one name are one."""
        found = super().expected()
        return replace(
            found,
            channel_categories=len(self.category_titles(Kind.CHANNEL)),
            movie_categories=len(self.category_titles(Kind.MOVIE)),
            series_categories=len(self.category_titles(Kind.SERIES)),
        )

    def expected_ids(self, kind: Kind) -> frozenset[str]:
        """Channels and movies keep the numbers of their addresses; a series is known by its title."""
        if kind is not Kind.SERIES:
            return super().expected_ids(kind)
        return frozenset(self._series_numbers())

    def category_titles(self, kind: Kind) -> frozenset[str]:
        """The groups that have entries, as they are read."""
        return frozenset(unescape(group) for group in self._entries().groups(kind))

    def number_of(self, external_id: str) -> int:
        """The item number of a series."""
        return self._series_numbers()[external_id]

    def _series_numbers(self) -> dict[str, int]:
        entries, broken = self._entries(), self.behaviour.broken_record_every
        numbers = self.lists.ids(*ORDERS[Kind.SERIES], EVERYTHING)
        return {series_key(entries.series_title(one)): one for one in numbers if not broken or one % broken}

    def _make_rows(self) -> None:
        """Entries are spelled as they are sent."""

    def _forget_rows(self) -> None:
        self.lists = self.make_lists()

    def _entries(self) -> Entries:
        return Entries(
            self.catalogue,
            self.lists,
            broken_every=self.behaviour.broken_record_every,
            varied="naming" in self.behaviour.list_quirks,
        )

    def _list(self, call: Call, account: Account) -> Iterator[bytes]:
        quirks = self.behaviour.list_quirks
        if "hls" in quirks:
            yield HLS.encode()
            return
        host = call.headers.get(b"host", b"localhost").decode("latin-1")
        base = f"http://{host}{self.mount}"
        spelling = Spelling(
            base,
            f"{account.username}/{account.password}",
            f"{self._served:016x}a1b2c3d4e5f6a7b8",
            quirks,
            groups=not self.behaviour.no_categories,
        )
        guide = f"{base}/xmltv.php?username={account.username}&password={account.password}"
        head = {"x-tvg-url": guide, "max-conn": str(account.max_connections)}
        if account.expires_at is not None:
            head["billed-till"] = str(account.expires_at)
        entries = self._entries()
        kinds = tuple(kind for kind in Kind if kind.value != self.behaviour.mute_kind)
        everything = chain(entries.all(kinds), entries.again() if "groups" in quirks else ())
        texts = chain([spelling.head(head)], spelling.entries(everything), [spelling.end()])
        while piece := "".join(islice(texts, PIECE)):
            yield self._encoded(piece)

    def _encoded(self, text: str) -> bytes:
        quirks = self.behaviour.list_quirks
        ends = next((end for name, end in (("crlf", "\r\n"), ("cr", "\r")) if name in quirks), "\n")
        text = text.replace("\n", ends)
        if "utf16" in quirks:
            return text.encode("utf-16-le")
        return text.encode("cp1252", errors="replace") if "cp1252" in quirks else text.encode()

    def _packed(self, pieces: Iterator[bytes]) -> Reply:
        quirks, kind = self.behaviour.list_quirks, b"audio/x-mpegurl"
        if "utf16" in quirks:
            pieces = chain(["\ufeff".encode("utf-16-le")], pieces)
        if "gzip" in quirks:
            return Reply(gzip.compress(b"".join(pieces), 1), 200, kind)
        if "xz" in quirks:
            return Reply(lzma.compress(b"".join(pieces), preset=0), 200, kind)
        if "zip" in quirks:
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("list.m3u", b"".join(pieces))
            return Reply(packed.getvalue(), 200, kind)
        return Reply(b"", 200, kind, chunks=pieces)

    def _refusal(self) -> Reply:
        form = self.behaviour.login_failure or self.profile.login_failure
        if form == "auth0":
            return Reply(b"<!DOCTYPE html><html><body>Access denied</body></html>", 200, HTML)
        return error_page(int(form))
