"""A server of streams as panels have them: below `/live/fake-user/fake-word/`, each name does something else."""

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
#EXT-X-KEY:METHOD=AES-128,URI="{ACCOUNT}/key.bin",IV=0x1
#EXT-X-MAP:URI="/open/init.mp4"
#EXTINF:10,
film.mp4
#EXTINF:10,
/open/2.ts
#EXTINF:10,
http://cdn.test/3.ts?token=9
"""


@dataclass(slots=True)
class Origin:
    """What it was asked, and whether the endless stream was left."""

    url: str
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    left: threading.Event = field(default_factory=threading.Event)


def _handler(origin: Origin) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            name = self.path.removeprefix(f"{ACCOUNT}/")
            origin.asked.append((self.path, {key.lower(): value for key, value in self.headers.items()}))
            if name in MOVES:
                self._say(302, b"", location=MOVES[name])
            elif name == "film.mp4":
                self._film()
            elif name == "list.m3u8":
                self._say(200, HLS.encode(), content_type="application/vnd.apple.mpegurl")
            elif name == "endless.ts":
                self._endless()
            elif name == "broken.ts":
                self._say(200, b"half", content_length="8", connection="close")
                self.close_connection = True
            else:
                self._say(403, b"no fake-word here")

        def _film(self) -> None:
            span = self.headers.get("range")
            if span is None:
                self._say(200, FILM, content_type="video/mp4", accept_ranges="bytes")
                return
            first, _, last = span.removeprefix("bytes=").partition("-")
            if int(first) >= len(FILM):
                self._say(416, b"", content_range=f"bytes */{len(FILM)}")
                return
            part = FILM[int(first) : int(last or len(FILM) - 1) + 1]
            told = f"bytes {first}-{int(first) + len(part) - 1}/{len(FILM)}"
            self._say(206, part, content_type="video/mp4", content_range=told)

        def _endless(self) -> None:
            self._say(200, b"", content_type="video/mp2t", content_length="", connection="close")
            self.close_connection = True
            try:
                while True:
                    self.wfile.write(b"\x47" * 18_800)
            except OSError:
                origin.left.set()

        def _say(self, status: int, body: bytes, **headers: str) -> None:
            self.send_response(status)
            for name, value in {"content_length": str(len(body)), **headers}.items():
                if value:
                    self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing of its own."""

    return Handler


@contextmanager
def streaming() -> Iterator[Origin]:
    """One on a port of its own."""
    origin = Origin("")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(origin))
    origin.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield origin
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
