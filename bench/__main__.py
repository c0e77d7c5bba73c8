"""`python -m bench [NAME …] [--small] [--markdown]`: runs the benchmarks and prints one table."""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from app.simulator.spec import CatalogueSpec
from bench import (
    delta,
    engine,
    epg,
    m3u,
    mirror,
    playlist,
    resume,
    serve,
    snapshot,
    sync,
    tags,
    variants,
    waiters,
    window,
)
from bench.result import Result
from tests.support.postgres import running_postgres

SMALL = CatalogueSpec(channels=1_200, movies=6_410, series=1_908, categories=60)
MILLION = CatalogueSpec(channels=60_000, movies=760_000, series=180_000, categories=2_000)
Bench = Callable[[CatalogueSpec, Any], list[Result]]
BENCHES: dict[str, Bench] = {
    "stalker": lambda spec, _: sync.stalker(spec),
    "stalker-postgres": lambda spec, server: sync.stalker(spec, postgres=server),
    "stalker-latency": lambda spec, _: sync.stalker(spec, latency_ms=100),
    "xtream": lambda spec, _: sync.xtream(spec),
    "xtream-postgres": lambda spec, server: sync.xtream(spec, postgres=server),
    "snapshot": lambda spec, _: snapshot.bench(spec),
    "delta": lambda spec, _: delta.bench(spec),
    "waiters": lambda spec, _: waiters.bench(spec),
    "serve": lambda spec, _: serve.bench(spec),
    "epg": lambda spec, _: epg.bench(small=spec == SMALL),
    "epg-postgres": lambda spec, server: epg.bench(server, small=spec == SMALL),
    "m3u": lambda spec, _: m3u.bench(spec),
    "mirror": lambda spec, _: mirror.bench(small=spec == SMALL),
    "mirror-postgres": lambda spec, server: mirror.bench(small=spec == SMALL, postgres=server),
    "playlist": lambda spec, _: playlist.bench(spec),
    "tags": lambda spec, _: tags.bench(small=spec == SMALL),
    "variants": lambda _, __: variants.bench(),
    "variants-postgres": lambda _, server: variants.bench(server),
    "window": lambda spec, _: window.bench(small=spec == SMALL),
}
EXTRA: dict[str, Bench] = {
    "million-snapshot": lambda _, __: snapshot.million(),
    "million": lambda _, __: sync.xtream(MILLION),
    "overhead": lambda spec, _: engine.overhead(spec),
    "resume": lambda spec, _: resume.bench(spec),
    "cancel": lambda spec, _: engine.cancel(spec),
    "cancel-postgres": lambda spec, server: engine.cancel(spec, postgres=server),
}
HEAD = ("work", "items", "rows/s", "wall s", "CPU s", "peak MB", "floor s", "ratio", "aim")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join([*BENCHES, *EXTRA]))
    parser.add_argument("--small", action="store_true", help="a tenth of the catalogue, for a quick look")
    parser.add_argument("--markdown", action="store_true")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - {*BENCHES, *EXTRA}
    if unknown:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    spec = SMALL if arguments.small else CatalogueSpec()
    chosen = arguments.names or list(BENCHES)
    with server(chosen) as postgres:
        results = [line for name in chosen for line in _run(name, spec, postgres)]
    print()
    print(table(results, markdown=arguments.markdown))


@contextmanager
def server(names: list[str]) -> Iterator[Any]:
    """A Postgres of the benchmarks' own, when one of them asks for it."""
    with ExitStack() as stack:
        wanted = any(name.endswith("postgres") for name in names)
        yield stack.enter_context(running_postgres()) if wanted else None


def _run(name: str, spec: CatalogueSpec, postgres: Any) -> list[Result]:
    results = (BENCHES | EXTRA)[name](spec, postgres)
    for line in results:
        print(" · ".join(cell for cell in cells(line) if cell), file=sys.stderr, flush=True)
    return results


def cells(line: Result) -> tuple[str, ...]:
    """A result as text; what was not measured is empty."""
    floor, ratio = line.floor, line.ratio
    return (
        line.name,
        f"{line.items:,}",
        f"{line.items / line.cost.wall:,.0f}",
        f"{line.cost.wall:.2f}",
        f"{line.cost.cpu:.2f}",
        f"{line.cost.peak_mb:.0f}",
        "" if floor is None else f"{floor:.2f}",
        "" if ratio is None else f"{ratio:.2f}",
        line.aim,
    )


def table(results: list[Result], *, markdown: bool) -> str:
    """All results, aligned."""
    rows = [HEAD, *(cells(line) for line in results)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEAD))]
    edge = "|" if markdown else " "
    lines = [
        edge + edge.join(f" {cell:<{width}} " for cell, width in zip(row, widths, strict=True)) + edge for row in rows
    ]
    if markdown:
        lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(line.rstrip() for line in lines)


if __name__ == "__main__":
    main()
