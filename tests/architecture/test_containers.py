"""The image and the composition, as far as they can be read without an engine."""

import re
from typing import Any

import pytest
import yaml

from app.config import PREFIX, Settings
from tests.support.repository import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE_TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def instructions(name: str) -> list[str]:
    joined = DOCKERFILE.replace("\\\n", " ")
    return re.findall(rf"^\s*{name}\s+(.*)$", joined, re.MULTILINE)


def test_the_image_is_built_in_two_slim_stages() -> None:
    stages = instructions("FROM")
    assert len(stages) == 2
    assert all(re.match(r"python:3\.\d+-slim", stage) for stage in stages)


def test_the_image_installs_the_lock_with_its_hashes() -> None:
    installs = [step for step in instructions("RUN") if "pip install" in step]
    assert any("--require-hashes -r requirements.lock" in step for step in installs)
    assert all("--require-hashes" in step or "--no-deps --no-index" in step for step in installs)


def test_the_image_runs_as_an_ordinary_user() -> None:
    assert instructions("USER")
    assert instructions("USER")[-1] not in ("root", "0")
    assert DOCKERFILE.rindex("\nUSER ") > DOCKERFILE.rindex("\nFROM ")


def test_the_image_knows_its_health_without_tools() -> None:
    assert "/health'" in instructions("HEALTHCHECK")[0]
    assert "urllib" in instructions("HEALTHCHECK")[0]
    assert instructions("CMD")[-1] == '["lineup", "serve", "--host", "0.0.0.0"]'


def test_the_build_sees_only_what_it_needs() -> None:
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in rules
    sources = {part.rstrip("*/") for step in instructions("COPY") if "--from" not in step for part in step.split()[:-1]}
    assert {f"!{source}" for source in sources} <= set(rules)


def test_the_composition_has_four_services_and_more_to_scale() -> None:
    scaled = {name for name, service in SERVICES.items() if service.get("profiles") == ["scale"]}
    assert set(SERVICES) - scaled == {"api", "worker", "postgres", "redis"}
    assert scaled == {"proxy", "server", "pool", "store", "store-setup"}


def test_what_is_scaled_opens_no_port_and_is_as_the_first_of_its_kind() -> None:
    for name, first in (("server", "api"), ("pool", "worker")):
        assert "ports" not in SERVICES[name]
        assert SERVICES[name]["deploy"]["replicas"]
        assert SERVICES[first]["environment"].items() <= SERVICES[name]["environment"].items()
        assert SERVICES[name]["command"][:2] == ["lineup", "serve" if name == "server" else "worker"]
    assert SERVICES["server"]["depends_on"]["api"] == {"condition": "service_healthy"}  # it migrates


def test_the_proxy_hands_on_where_a_client_is_and_keeps_nothing() -> None:
    conf = (ROOT / "deploy" / "compose" / "nginx.conf").read_text()
    assert "server server:2005 resolve" in conf
    assert "X-Forwarded-For $remote_addr;" in conf
    assert "proxy_buffering off;" in conf
    assert "proxy_cache" not in conf
    assert conf.count("{") == conf.count("}")
    assert any("./deploy/compose/nginx.conf:" in mount for mount in SERVICES["proxy"]["volumes"])
    assert "FORWARDED_ALLOW_IPS" not in SERVICES["api"]["environment"]  # people reach it without a proxy


def test_images_of_others_have_versions() -> None:
    for service in SERVICES.values():
        assert service["image"] == "lineup" or re.search(r":v?\d", service["image"]), service["image"]


@pytest.mark.parametrize("name", ["api", "worker"])
def test_processes_wait_for_healthy_services(name: str) -> None:
    waits = SERVICES[name]["depends_on"]
    assert {"postgres", "redis"} <= set(waits)
    assert all(wait == {"condition": "service_healthy"} for wait in waits.values())


@pytest.mark.parametrize("name", ["worker", "postgres", "redis"])
def test_services_tell_their_health(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")


def test_the_api_uses_the_health_check_of_the_image() -> None:
    assert "healthcheck" not in SERVICES["api"]


def test_data_outlives_the_containers() -> None:
    mounts = [mount.partition(":")[0] for service in SERVICES.values() for mount in service.get("volumes", ())]
    used = {mount for mount in mounts if not mount.startswith("./")}
    assert used == set(COMPOSE["volumes"])


def test_secrets_have_no_default() -> None:
    assert COMPOSE_TEXT.count("${POSTGRES_PASSWORD:?") == COMPOSE_TEXT.count("${POSTGRES_PASSWORD") == 2
    assert COMPOSE_TEXT.count("${LINEUP_SECRET_KEY:?") == COMPOSE_TEXT.count("${LINEUP_SECRET_KEY") == 1


def test_every_variable_is_a_setting() -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    used = set(re.findall(rf"{PREFIX}[A-Z_]+", COMPOSE_TEXT + DOCKERFILE))
    assert used
    assert used <= known
