"""`python -m app.simulator`: portals in a process of their own; prints its URL as one JSON line."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import orjson

from app.simulator.behaviour import Behaviour
from app.simulator.control import patched
from app.simulator.server import PROFILES, SimulatorOptions, run
from app.simulator.spec import CatalogueSpec

SPEC_NAMES: Final = ("seed", "channels", "movies", "series", "categories", "subscribers", "version")


def main(arguments: Sequence[str] | None = None) -> None:
    """Serves what the arguments ask for until stopped."""
    options = _parser().parse_args(arguments)
    # Given by a parent: options on the first line of standard input, and its end means that the parent is gone.
    given: dict[str, Any] = orjson.loads(sys.stdin.buffer.readline()) if options.stdin_options else {}
    run(
        options.host,
        options.port,
        SimulatorOptions(
            profiles=tuple(options.profile or ["stock"]),
            spec=msgspec.convert(given.get("spec", {}) | _spec_of(options), CatalogueSpec),
            behaviour=patched(Behaviour(), given.get("behaviour", {}) | _switches_of(options)),
            prebuild=bool(given.get("prebuild")) or options.prebuild,
        ),
        ready=_announce,
        ends_with_stdin=options.stdin_options,
    )


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m app.simulator", description=__doc__)
    parser.add_argument("--profile", action="append", choices=sorted(PROFILES), help="repeat it for a site of several")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    for name in SPEC_NAMES:
        parser.add_argument(f"--{name}", type=int)
    parser.add_argument("--latency-ms", type=float)
    parser.add_argument("--behaviour", help="switches as a JSON object", default="{}")
    parser.add_argument("--prebuild", action="store_true", help="make all rows before the first request")
    parser.add_argument("--stdin-options", action="store_true", help="for a parent process: options and lifetime")
    return parser


def _spec_of(options: Namespace) -> Mapping[str, int]:
    return {name: value for name in SPEC_NAMES if (value := getattr(options, name)) is not None}


def _switches_of(options: Namespace) -> Mapping[str, Any]:
    switches = dict(orjson.loads(options.behaviour))
    return switches if options.latency_ms is None else switches | {"latency_ms": options.latency_ms}


def _announce(url: str) -> None:
    sys.stdout.write(orjson.dumps({"url": url}).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
