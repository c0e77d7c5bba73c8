"""Simulated portals alone, for who writes a client or wants to try one."""

from typing import Annotated, Final

import msgspec
import orjson
import typer

from app.cli.output import say
from app.core.errors import Invalid, Misconfigured
from app.simulator.behaviour import Behaviour
from app.simulator.control import patched
from app.simulator.server import PROFILES, SimulatorOptions, run
from app.simulator.spec import CatalogueSpec

USUAL: Final = CatalogueSpec()
PORT: Final = 2006

Channels = Annotated[int, typer.Option(min=0, help="Channels in the catalogue.")]
Movies = Annotated[int, typer.Option(min=0, help="Movies in the catalogue.")]
Series = Annotated[int, typer.Option(min=0, help="Series in the catalogue.")]
Profiles = Annotated[
    list[str], typer.Option("--profile", help=f"What to simulate; repeat it for several: {', '.join(PROFILES)}.")
]


def simulate(
    *,
    profile: Profiles = ["stock"],  # noqa: B006 - Typer copies it
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on, 0 = any.")] = PORT,
    channels: Channels = USUAL.channels,
    movies: Movies = USUAL.movies,
    series: Series = USUAL.series,
    subscribers: Annotated[
        int, typer.Option(min=0, help="Subscribers and their boxes (iptvportal).")
    ] = USUAL.subscribers,
    seed: Annotated[int, typer.Option(help="Equal seeds make equal catalogues.")] = USUAL.seed,
    latency_ms: Annotated[float, typer.Option(min=0, help="What each answer takes.")] = 0,
    behaviour: Annotated[str, typer.Option(help='What goes wrong, as JSON: {"rate_429": 7}.')] = "{}",
) -> None:
    """Serve simulated portals; any MAC address 00:1A:79:… and any user name and password are let in."""
    if unknown := [name for name in profile if name not in PROFILES]:
        raise Invalid([("--profile", f"{unknown[0]} is not one of {', '.join(PROFILES)}.")])
    options = SimulatorOptions(
        profiles=tuple(dict.fromkeys(profile)),
        spec=CatalogueSpec(channels=channels, movies=movies, series=series, seed=seed, subscribers=subscribers),
        behaviour=_behaviour(behaviour, latency_ms),
    )

    def ready(url: str) -> None:
        for name in options.profiles:
            say(f"{name}: {url}" if len(options.profiles) == 1 else f"{name}: {url}/{name}")

    try:
        run(host, port, options, ready=ready)
    except OSError as error:
        raise Misconfigured(f"cannot listen on {host}:{port}: {(error.strerror or str(error)).lower()}") from None


def _behaviour(switches: str, latency_ms: float) -> Behaviour:
    try:
        return patched(Behaviour(latency_ms=latency_ms), orjson.loads(switches))
    except (orjson.JSONDecodeError, msgspec.ValidationError, TypeError, ValueError) as error:
        raise Invalid([("--behaviour", f"{error}.")]) from None
