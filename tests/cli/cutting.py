"""A connection that goes wrong: cut after some bytes, spoilt, or slow; between a client and a real server."""

import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Wire:
    """What it does: `cuts` connections after up to `most` bytes, spoils a byte in `spoils` of them."""

    port: int
    cuts: int = 0
    most: int = 0
    spoils: int = 0
    pause: float = 0.0
    dice: random.Random = field(default_factory=lambda: random.Random(7))
    cut: int = 0
    spoilt: int = 0
    passed: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def wired(url: str) -> Iterator[Wire]:
    """A wire to this server."""
    target = urlsplit(url)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        wire = Wire(listening.getsockname()[1])
        address = (target.hostname or "", target.port or 0)
        threading.Thread(target=_accept, args=(listening, address, wire), daemon=True).start()
        yield wire
        listening.shutdown(socket.SHUT_RDWR)


def _accept(listening: socket.socket, address: tuple[str, int], wire: Wire) -> None:
    with suppress(OSError):
        while True:
            client, _ = listening.accept()
            server = socket.create_connection(address)
            threading.Thread(target=_up, args=(client, server), daemon=True).start()
            threading.Thread(target=_down, args=(server, client, wire), daemon=True).start()


def _up(client: socket.socket, server: socket.socket) -> None:
    with suppress(OSError):
        while data := client.recv(1 << 16):
            server.sendall(data)
    with suppress(OSError):
        server.shutdown(socket.SHUT_WR)


def _down(server: socket.socket, client: socket.socket, wire: Wire) -> None:
    left = wire.dice.randint(1, wire.most) if wire.cut < wire.cuts else None
    with server, client, suppress(OSError):
        while data := server.recv(1 << 16):
            if wire.spoilt < wire.spoils and len(data) > 20_000:  # far behind the headers
                data = data[:-100] + bytes([data[-100] ^ 1]) + data[-99:]
                wire.spoilt += 1
            client.sendall(data if left is None else data[:left])
            wire.passed += len(data)
            time.sleep(wire.pause)
            if left is not None and (left := left - len(data)) <= 0:
                wire.cut += 1
                client.shutdown(socket.SHUT_RDWR)
                return
