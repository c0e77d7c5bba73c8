"""A server of streams as panels have them: below `/live/fake-user/fake-word/`, each name does something else."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

ACCOUNT: Final = "/live/fake-user/fake-word"
FILM: Final = bytes(range(256)) * 4_096  # 1 MiB
MOVES: Final = {
    "edge.ts": "/auth/edge.ts?token=5f3",  # to where anybody may go
    "inside.ts": f"{ACCOUNT}/film.mp4",  # to another address of the account
    "twice.ts": f"{ACCOUNT}/edge.ts",
    "circle.ts": f"{ACCOUNT}/circle.ts",
}
HLS: Final = f"""#EXTM3U
#EXT-X-SESSION-DATA:DATA-ID="who",VALUE="fake-user"
#EXT-X-KEY:METHOD=AES-128,URI="{ACCOUNT}/key.bin",IV=0x1
#EXT-X-MAP:URI="/open/init.mp4"
#EXTINF:10,for fake-user
film.mp4
#EXTINF:10,
/open/2.ts
#EXTINF:10,
http://cdn.test/3.ts?token=9
"""
PAGE: Final = "<html><body>fake-user, your time is over.</body></html>"
# Name → type and body of what is sent as it is.
FILES: Final = {
    "film.mp4": ("video/mp4", FILM),
    "list.m3u8": ("application/vnd.apple.mpegurl", HLS.encode()),
    "list": ("application/octet-stream", HLS.encode()),
    "list.ts": ("video/mp2t", HLS.encode()),
    "page.ts": ("text/html", PAGE.encode()),
    "page": ("", PAGE.encode()),
    "page.m3u8": ("application/x-mpegurl", PAGE.encode()),
    "words.ts": ("text/plain", b"Nothing for fake-user today, nor tomorrow."),
}


@dataclass(slots=True)
class Origin:
    """What it was asked, how much of the endless stream was sent, and whether it was left."""

    url: str
    sent: int = 0
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    left: threading.Event = field(default_factory=threading.Event)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    origin: Origin

    def do_GET(self) -> None:
        name = self.path.removeprefix(f"{ACCOUNT}/")
        self.origin.asked.append((self.path, {key.lower(): value for key, value in self.headers.items()}))
        if name in MOVES:
            self._say(302, b"", location=MOVES[name])
        elif name in FILES:
            self._file(*FILES[name])
        elif name == "packed.m3u8":
            self._say(200, gzip.compress(HLS.encode()), content_encoding="gzip")
        else:
            {"endless.ts": self._endless, "broken.ts": self._broken}.get(name, self._refuse)()

    def _file(self, content_type: str, body: bytes) -> None:
        span = self.headers.get("range")
        if span is None:
            self._say(200, body, content_type=content_type, accept_ranges="bytes")
            return
        first, _, last = span.removeprefix("bytes=").partition("-")
        if int(first) >= len(body):
            self._say(416, b"", content_range=f"bytes */{len(body)}")
            return
        part = body[int(first) : int(last or len(body) - 1) + 1]
        told = f"bytes {first}-{int(first) + len(part) - 1}/{len(body)}"
        self._say(206, part, content_type=content_type, content_range=told)

    def _refuse(self) -> None:
        self._say(403, b"no fake-word here")

    def _broken(self) -> None:
        self._say(200, bytes(2_000), content_length="4000", connection="close")
        self.close_connection = True

    def _endless(self) -> None:
        self._say(200, b"", content_type="video/mp2t", content_length="", connection="close")
        self.close_connection = True
        try:
            while True:
                self.wfile.write(b"\x47" + bytes(18_799))
                self.origin.sent += 18_800
        except OSError:
            self.origin.left.set()

    def _say(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"content_length": str(len(body)), **headers}.items():
            if value:
                self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing of its own."""


@contextmanager
def streaming() -> Iterator[Origin]:
    """One on a port of its own."""
    origin = Origin("")
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"origin": origin}))
    origin.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield origin
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
