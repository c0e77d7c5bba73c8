"""How operators' portals are asked, and how their tables are kept: each setting from the last place that gives it.

Built-in defaults, lineup.yaml (what stands under `portal` itself counts for every service that has such a setting, then
what stands under `client`, `cache` or `sync`), the schema of a table, the environment, flags.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import yaml

from app.core.errors import Misconfigured
from app.domain.checks import AMOUNT, COUNT, FLAG, NATURAL, SECRET, TEXT, Check, Checks, likely, shown
from app.domain.schema_files import SYNC
from app.domain.schemas import SyncSpec

PREFIX: Final = "LINEUP_PORTAL_"
DEFAULT: Final = "default"
FLAGS: Final = "flags"
MEGABYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSettings:
    """An account outside the registry, and how any is asked; times in seconds, `retries` after the first try."""

    url: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout: float = 30.0
    retries: int = 3
    retry_delay: float = 1.0
    session_ttl: float = 3600.0
    keep_session: bool = True
    order_by_id: bool = True
    max_parallel: int | None = None
    per_second: float | None = None
    user_agent: str = "Lineup"
    verify_tls: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheSettings:
    """Results of queries in memory: `ttl` in seconds, at most so many and so large (bytes) together."""

    enabled: bool = True
    ttl: int = 300
    max_entries: int = 1000
    max_bytes: int = 64 * MEGABYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Valued:
    """A setting and the place that gave it."""

    value: Any
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """What one place gives, by dotted keys (`sync.ttl`), checked; `over` beats what the files of tables say."""

    source: str
    values: Mapping[str, Any] = field(repr=False)
    over: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalSettings:
    """`sync` holds for tables that say nothing of their own, `over` whatever they say; `schemas` is a file or folder.

    `values` are all of them, except those of tables, with their places.
    """

    client: ClientSettings = field(default_factory=ClientSettings)
    cache: CacheSettings = field(default_factory=CacheSettings)
    sync: Mapping[str, Any] = field(default_factory=dict)
    over: Mapping[str, Any] = field(default_factory=dict)
    schemas: str = "schemas"
    provider: str | None = None
    values: Mapping[str, Valued] = field(default_factory=dict, repr=False)


CHECKS: Final[Mapping[str, Mapping[str, Check]]] = {
    "": {"schemas": TEXT, "provider": TEXT},
    "client": {
        "url": TEXT,
        "username": TEXT,
        "password": SECRET,
        "timeout": AMOUNT,
        "retries": NATURAL,
        "retry_delay": AMOUNT,
        "session_ttl": AMOUNT,
        "keep_session": FLAG,
        "order_by_id": FLAG,
        "max_parallel": COUNT,
        "per_second": AMOUNT,
        "user_agent": TEXT,
        "verify_tls": FLAG,
    },
    "cache": {"enabled": FLAG, "ttl": NATURAL, "max_entries": COUNT, "max_bytes": COUNT},
    "sync": SYNC,
}
SERVICES: Final = tuple(service for service in CHECKS if service)
KEYS: Final[Mapping[str, Check]] = {
    f"{service}.{name}".lstrip("."): check for service, checks in CHECKS.items() for name, check in checks.items()
}
ANYWHERE: Final = frozenset(name for service in SERVICES for name in CHECKS[service])  # may stand above the services


def resolved(layers: Sequence[Layer]) -> PortalSettings:
    """The settings; of the layers the later win."""
    values = _defaults()
    for layer in layers:
        values |= {key: Valued(value=value, source=layer.source) for key, value in layer.values.items()}
    last = {key: value for layer in layers if layer.over for key, value in layer.values.items()}
    first = {key: value for layer in layers if not layer.over for key, value in layer.values.items()}
    return PortalSettings(
        client=ClientSettings(**_under("client", values)),
        cache=CacheSettings(**_under("cache", values)),
        sync=_part("sync", first),
        over=_part("sync", last),
        schemas=values["schemas"].value,
        provider=values["provider"].value,
        values=values,
    )


def of_file(raw: Any, source: str) -> Layer:
    """What stands under `portal` in a file; `Misconfigured` names every fault."""
    checks = Checks()
    whole = checks.mapping("portal", raw or {})
    for key in whole:
        if key not in SERVICES and key not in ANYWHERE and key not in CHECKS[""]:
            checks.wrong(f"portal.{key}", f"is no setting{likely(str(key), [*SERVICES, *KEYS])}.")
    found = _spread({key: value for key, value in whole.items() if key in ANYWHERE}, checks, "portal")
    found |= checks.some("portal", {key: value for key, value in whole.items() if key in CHECKS[""]}, CHECKS[""])
    for service in SERVICES:
        given = checks.some(f"portal.{service}", whole.get(service) or {}, CHECKS[service])
        found |= {f"{service}.{name}": value for name, value in given.items()}
    return _made(checks, found, source, over=False)


def of_environment(variables: Mapping[str, str], source: str) -> Layer:
    """Variables with the prefix, whatever their case; others are none of these."""
    checks = Checks()
    above: dict[str, Any] = {}
    found: dict[str, Any] = {}
    for variable, text in sorted(variables.items()):
        if not variable.upper().startswith(PREFIX):
            continue
        word = variable.upper().removeprefix(PREFIX).lower()
        key = next((key for key in KEYS if key.replace(".", "_") == word), None)
        if key is not None:
            if (value := checks.value(variable, of_text(text, KEYS[key]), KEYS[key])) is not None:
                found[key] = value
        elif word in ANYWHERE:
            above[word] = text
        else:
            checks.wrong(variable, f"is no setting{likely(word, [one.replace('.', '_') for one in KEYS])}.")
    return _made(checks, _spread(above, checks, "environment", text=True) | found, source)


def of_flags(given: Iterable[str]) -> Layer:
    """`KEY=VALUE`, each; a key as in lineup.yaml."""
    checks = Checks()
    above: dict[str, Any] = {}
    found: dict[str, Any] = {}
    for flag in given:
        key, equals, text = flag.partition("=")
        if not equals:
            checks.wrong("--set", f"{shown(flag)} is not KEY=VALUE.")
        elif key in KEYS:
            if (value := checks.value(f"--set {key}", of_text(text, KEYS[key]), KEYS[key])) is not None:
                found[key] = value
        elif key in ANYWHERE:
            above[key] = text
        else:
            checks.wrong(f"--set {key}", f"is no setting{likely(key, KEYS)}.")
    return _made(checks, _spread(above, checks, "--set", text=True) | found, FLAGS)


def of_text(text: str, check: Check) -> Any:
    """A value that came as text: texts stay what they are, a password of digits too."""
    if check.wants == TEXT.wants:
        return text or None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def variable(key: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + key.replace(".", "_").upper()


def _spread(given: Mapping[str, Any], checks: Checks, path: str, *, text: bool = False) -> dict[str, Any]:
    """What stands above the services, for each that has such a setting."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        for service in SERVICES:
            if (check := CHECKS[service].get(name)) is None:
                continue
            made = checks.value(f"{path}.{name}", of_text(value, check) if text else value, check)
            if made is not None:
                found[f"{service}.{name}"] = made
    return found


def _made(checks: Checks, found: Mapping[str, Any], source: str, *, over: bool = True) -> Layer:
    if checks.errors:
        # A value that stands above the services is checked by each.
        told = dict.fromkeys(f"{path}: {message}" for path, message in checks.errors)
        raise Misconfigured(" ".join(told))
    return Layer(source=source, values=found, over=over)


def _defaults() -> dict[str, Valued]:
    usual = PortalSettings()
    given = {"client": asdict(usual.client), "cache": asdict(usual.cache), "sync": asdict(SyncSpec())}
    named = {f"{service}.{name}": value for service, values in given.items() for name, value in values.items()}
    named |= {"schemas": usual.schemas, "provider": usual.provider}
    return {key: Valued(value=named[key], source=DEFAULT) for key in KEYS}


def _under(service: str, values: Mapping[str, Valued]) -> dict[str, Any]:
    return _part(service, {key: one.value for key, one in values.items()})


def _part(service: str, values: Mapping[str, Any]) -> dict[str, Any]:
    start = f"{service}."
    return {key.removeprefix(start): value for key, value in values.items() if key.startswith(start)}
