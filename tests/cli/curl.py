"""What of curl the README uses, for machines without it."""

import sys
import time
from argparse import ArgumentParser
from pathlib import Path

import httpx

AWAY = 503


def main() -> int:
    """Asks, writes the answer, and fails on an error status when told so."""
    parser = ArgumentParser()
    parser.add_argument("url")
    for flag in ("-f", "-s", "-S", "-I", "-N", "--compressed"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("-X", default=None)
    parser.add_argument("-H", action="append", default=[])
    parser.add_argument("-d", default=None)
    parser.add_argument("-o", default=None)
    parser.add_argument("--max-time", type=float, default=60)
    parser.add_argument("--retry", type=int, default=0)
    parser.add_argument("--retry-delay", type=float, default=1)
    asked = parser.parse_args()
    headers = {"accept": "*/*", "accept-encoding": "gzip" if asked.compressed else "identity"}
    headers |= {name.lower(): value for name, _, value in (line.partition(": ") for line in asked.H)}
    method = asked.X or ("HEAD" if asked.I else "POST" if asked.d is not None else "GET")
    for turn in range(asked.retry + 1):
        with (
            httpx.Client(trust_env=False, timeout=asked.max_time) as client,
            client.stream(method, asked.url, headers=headers, content=asked.d) as answer,
        ):
            body = b"".join(answer.iter_bytes() if asked.compressed else answer.iter_raw())
        if answer.status_code != AWAY or turn == asked.retry:
            break
        time.sleep(asked.retry_delay)
    if asked.I:
        body = "".join(f"{name}: {value}\n" for name, value in answer.headers.items()).encode()
    if asked.f and answer.is_error:
        sys.stderr.write(f"curl: ({answer.status_code})\n")
        return 22
    if asked.o:
        Path(asked.o).write_bytes(body)
    else:
        sys.stdout.buffer.write(body)
    return 0


if __name__ == "__main__":
    sys.exit(main())
