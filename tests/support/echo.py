"""A portal of the worst kind: whatever it is asked, its answer quotes the whole request."""

import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote, unquote, urlsplit

COOKIES: dict[int, str] = {}  # by port, what each sets
MODES = ("crash", "words", "account", "page", "text", "move", "cut")


class _Echo(BaseHTTPRequestHandler):
    """The first part of the path says how the answer is wrong."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        first = self.path.split("/")[1]
        mode = first if first in MODES else "crash"
        asked = f"http://{self.headers['host']}{self.path} {'; '.join(f'{k}={v}' for k, v in self.headers.items())}"
        cookies = (part.partition("=")[2] for part in self.headers.get("cookie", "").split("; "))
        # Bare at first: a name in front would give away what is a secret.
        bare = sorted({unquote(value) for value in (*cookies, *self._queried())}, key=len)[::-1]
        said = " ".join((*bare, unquote(asked), asked, asked.upper(), b64encode(unquote(asked).encode()).decode()))
        if mode == "move" and "/moved" not in self.path:
            cookie = COOKIES[int(self.connection.getsockname()[1])]
            self._send(302, "", {"Location": f"/move/moved?from={quote(said)[:1500]}", "Set-Cookie": cookie})
            return
        status, body = {
            "crash": (500, f"Fatal error at {said}"),
            "words": (200, json.dumps({"js": {"status": 1, "msg": said, "block_msg": said}, "text": said})),
            "account": (200, json.dumps({"user_info": {"auth": 0, "status": said[:200], "message": said}})),
            "page": (200, f"<html><body>blocked: {said}</body></html>"),
            "text": (200, f"denied {said}"),
            "move": (401, json.dumps({"error": said})),
            "cut": (200, json.dumps({"error": said})[: len(said) // 2]),
        }[mode]
        self._send(status, body, {})

    def _queried(self) -> list[str]:
        return [value for _, value in parse_qsl(urlsplit(self.path).query)]

    def _send(self, status: int, body: str, headers: dict[str, str]) -> None:
        data = body.encode()
        self.send_response(status)
        for name, value in (*headers.items(), ("Content-Length", str(len(data)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Says nothing of its own."""


@contextmanager
def echoing(cookie: str) -> Iterator[str]:
    """The URL of one; `cookie` is the value of the cookie that it sets."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    COOKIES[server.server_port] = f"sid={cookie}; Path=/"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
