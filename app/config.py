"""Settings: one frozen object, read from lineup.yaml, .env, the environment and flags (later wins)."""

import os
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from dotenv import dotenv_values
from pydantic import AliasChoices, Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from app.core.errors import Misconfigured
from app.domain.portal_settings import DEFAULT, PortalSettings, of_environment, of_file, of_flags, resolved
from app.domain.portal_settings import PREFIX as PORTAL_PREFIX
from app.domain.schema_files import parsed
from app.domain.schemas import Schemas

PREFIX = "LINEUP_"
PORTAL = "portal"  # the section of lineup.yaml


def _named(name: str) -> AliasChoices:
    """Accepts `LINEUP_NAME` and, as some platforms set it, plain `NAME`."""
    return AliasChoices(f"{PREFIX}{name}", name)


class Settings(BaseSettings):
    """What an operator may set; every field is a variable with the prefix `LINEUP_`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", yaml_file="lineup.yaml", extra="ignore", frozen=True, populate_by_name=True
    )

    database_url: str | None = Field(default=None, validation_alias=_named("DATABASE_URL"), repr=False)
    redis_url: str | None = Field(default=None, repr=False)  # like the database's, it may hold a password
    data_dir: Path = Path("data")
    artifacts_url: str | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=2005, ge=0, le=65535)
    public_url: str | None = Field(default=None, pattern=r"^https?://[^/?#@\s]+(/[^?#\s]*)?$")
    metrics_port: int | None = Field(default=None, ge=1, le=65535)  # of `lineup worker`; the server has its own
    secret_key: str | None = Field(default=None, validation_alias=_named("SECRET_KEY"), repr=False)
    api_keys: Annotated[tuple[str, ...], NoDecode] = Field(default=(), repr=False)
    rate_per_key: int = Field(default=0, ge=0)  # requests a minute; 0 = as many as come
    rate_per_address: int = Field(default=0, ge=0)
    sync_interval_hours: float = Field(default=6, ge=0, validation_alias=_named("SYNC_INTERVAL_HOURS"))
    epg_interval_hours: float = Field(default=12, ge=0)
    epg_past_days: float = Field(default=1, ge=0, le=31)
    epg_future_days: float = Field(default=8, gt=0, le=31)
    max_parallel_pages: int = Field(default=150, ge=1, le=1000)
    provider_networks: Literal["any", "public"] = "any"
    snapshot_max_age: int = Field(default=60, ge=0)
    snapshot_keep_versions: int = Field(default=8, ge=1)
    snapshot_keep_hours: float = Field(default=24, ge=0)
    snapshot_grace_hours: float = Field(default=48, ge=0)
    snapshot_log_days: float = Field(default=30, ge=0)
    public_artifacts_url: str | None = Field(default=None, pattern=r"^https?://[^/?#@\s]+(/[^?#\s]*)?$")
    history_days: int = Field(default=90, ge=1, le=36_500)
    log_format: Literal["console", "json"] = "console"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    retry_attempts: int = Field(default=3, ge=0, le=10)
    retry_base_seconds: float = Field(default=1.0, gt=0)

    @field_validator("api_keys", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        yaml = YamlConfigSettingsSource(settings_cls)
        return init_settings, env_settings, dotenv_settings, yaml, file_secret_settings

    @property
    def embedded(self) -> bool:
        """Whether queue and worker live inside `lineup serve`."""
        return self.redis_url is None

    @property
    def resolved_database_url(self) -> str:
        """The database, a file in the data folder unless one is named."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'lineup.db'}"

    @cached_property
    def portal(self) -> PortalSettings:
        """How operators' portals are asked and mirrored: a section of its own."""
        return load_portal()


def load_settings(**flags: Any) -> Settings:
    """Reads the settings; `Misconfigured` names the first variable that is unknown or malformed."""
    _refuse_unknown()
    load_portal()  # what is wrong with it is told at once, too
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "settings"
        variable = name if name.startswith(PREFIX) else f"{PREFIX}{name.upper()}"
        raise Misconfigured(f"{variable}: {first['msg']}") from None


def load_portal(flags: Iterable[str] = ()) -> PortalSettings:
    """The settings of operators' portals; `flags` are `KEY=VALUE`. `Misconfigured` names every fault of one place."""
    return resolved(
        [
            of_file(YamlConfigSettingsSource(Settings)().get(PORTAL), "lineup.yaml"),
            of_environment({name: text or "" for name, text in dotenv_values(".env").items()}, ".env"),
            of_environment(os.environ, "environment"),
            of_flags(flags),
        ]
    )


def load_schemas(portal: PortalSettings) -> Schemas:
    """The tables that files describe, each with its settings; `Invalid` with every fault of the files.

    `portal.schemas` is a file, or a folder all of whose YAML counts. The usual folder need not be there.
    """
    place = Path(portal.schemas)
    if place.is_dir():
        files = sorted(file for file in place.rglob("*") if file.suffix in (".yaml", ".yml"))
    elif place.exists() or portal.values["schemas"].source != DEFAULT:
        files = [place]
    else:
        files = []
    try:
        texts = {str(file): file.read_text(encoding="utf-8") for file in files}
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{PORTAL}.schemas: {error}") from None
    return parsed(texts, sync=portal.sync, over=portal.over)


def _refuse_unknown() -> None:
    """A misspelt setting would be ignored in silence, wherever it stands."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    for place, names in (("", os.environ), (" in .env", dotenv_values(".env"))):
        for name in sorted(names):
            word = name.upper()
            if word.startswith(PREFIX) and not word.startswith(PORTAL_PREFIX) and word not in known:
                raise Misconfigured(f"{name}{place} is not a setting of Lineup; see `lineup config show`")
    for name in YamlConfigSettingsSource(Settings)():
        if name != PORTAL and f"{PREFIX}{str(name).upper().removeprefix(PREFIX)}" not in known:
            raise Misconfigured(f"{name} in lineup.yaml is not a setting of Lineup; see `lineup config show`")
