"""The manifests, as far as they can be read without a cluster."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from app.cli.lazy import COMMANDS
from app.config import PREFIX, Settings
from tests.support.repository import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
DOCUMENTS: dict[str, list[dict[str, Any]]] = {
    file.name: list(yaml.safe_load_all(file.read_text())) for file in sorted(FOLDER.glob("*.yaml"))
}
ALL = [one for documents in DOCUMENTS.values() for one in documents]


def named(kind: str) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in ALL if one["kind"] == kind}


PODS = {**named("Deployment"), **named("Job")}


def pod(name: str) -> dict[str, Any]:
    spec: dict[str, Any] = PODS[name]["spec"]["template"]["spec"]
    return spec


def components() -> Iterator[str]:
    for one in PODS.values():
        yield one["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"]


def test_every_manifest_is_applied_except_the_template_of_the_secret() -> None:
    kustomization = DOCUMENTS["kustomization.yaml"][0]
    assert set(kustomization["resources"]) == set(DOCUMENTS) - {"kustomization.yaml", "secret.example.yaml"}
    assert kustomization["images"][0]["newTag"] not in ("", "latest")


def test_every_object_has_a_name_of_its_own() -> None:
    names = [(one["kind"], one["metadata"]["name"]) for one in ALL if "metadata" in one]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", PODS)
def test_pods_may_do_no_more_than_they_need(name: str) -> None:
    spec = pod(name)
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = spec["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"]["memory"]
    assert container["resources"]["requests"]["cpu"]
    assert container["image"] == "lineup"


@pytest.mark.parametrize("name", PODS)
def test_a_pod_runs_a_command_that_there_is_as_the_user_of_the_image(name: str) -> None:
    command = pod(name)["containers"][0]["command"]
    assert command[0] == "lineup"
    assert command[1] in COMMANDS
    uid = re.search(r"useradd .*--uid (\d+)", (ROOT / "Dockerfile").read_text())
    assert uid
    assert pod(name)["securityContext"]["runAsUser"] == int(uid[1])


def test_every_variable_is_a_setting() -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    used = set(re.findall(rf"\b{PREFIX}[A-Z_]+", "".join(file.read_text() for file in FOLDER.glob("*.yaml"))))
    assert len(used) > 8
    assert used <= known
    given = named("ConfigMap")["lineup"]["data"] | named("Secret")["lineup"]["stringData"]
    values = {name.removeprefix(PREFIX).lower(): value for name, value in given.items() if name.startswith(PREFIX)}
    assert Settings(_env_file=None, **values).redis_url  # type: ignore[call-arg]
    # With these three nothing is kept in a pod: its file system cannot be written.
    assert {"database_url", "redis_url", "artifacts_url"} <= set(values)


def test_the_template_of_the_secret_holds_none() -> None:
    for value in named("Secret")["lineup"]["stringData"].values():
        assert "FILL-IN" in value or value.startswith("redis://redis.")


@pytest.mark.parametrize("name", named("Deployment"))
def test_deployments_are_probed_on_ports_that_they_open(name: str) -> None:
    (container,) = pod(name)["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        asked = container[probe]["httpGet"]
        assert asked["path"] == "/health"
        assert asked["port"] in ports
    metrics = PODS[name]["spec"]["template"]["metadata"]["annotations"]["prometheus.io/port"]
    assert int(metrics) in ports.values()
    given = {one["name"]: one["value"] for one in container.get("env", [])}
    assert given.get("LINEUP_METRICS_PORT", metrics) == metrics


@pytest.mark.parametrize("name", named("Deployment"))
def test_a_deployment_is_disrupted_one_by_one_and_scaled_from_two(name: str) -> None:
    assert "replicas" not in PODS[name]["spec"]  # the autoscaler's; a new release would put it back
    selector = PODS[name]["spec"]["selector"]
    assert selector["matchLabels"].items() <= PODS[name]["spec"]["template"]["metadata"]["labels"].items()
    budget = named("PodDisruptionBudget")[name]["spec"]
    assert (budget["selector"], budget["maxUnavailable"]) == (selector, 1)
    scalers = {**named("HorizontalPodAutoscaler"), **named("ScaledObject")}
    spec = scalers[name]["spec"]
    assert spec["scaleTargetRef"]["name"] == name
    assert spec.get("minReplicas", spec.get("minReplicaCount")) >= 2


def test_workers_are_scaled_by_the_depth_of_the_queue() -> None:
    (trigger,) = named("ScaledObject")["lineup-worker"]["spec"]["triggers"]
    assert trigger["metadata"]["query"] == "max(lineup_queue_depth)"
    assert "| `lineup_queue_depth` | gauge" in (ROOT / "docs" / "observability.md").read_text()


def test_the_migration_runs_once_and_ends() -> None:
    job = PODS["lineup-migrate"]["spec"]
    assert job["template"]["spec"]["restartPolicy"] == "Never"
    assert job["template"]["spec"]["containers"][0]["command"] == ["lineup", "db", "upgrade"]
    assert job["backoffLimit"] <= 5


def test_the_service_finds_the_servers() -> None:
    service = named("Service")["lineup"]["spec"]
    labels = PODS["lineup-api"]["spec"]["template"]["metadata"]["labels"]
    assert service["selector"].items() <= labels.items()


def test_who_may_talk_to_whom_is_said_for_every_pod() -> None:
    policies = named("NetworkPolicy")
    inward = {
        one["spec"]["podSelector"]["matchLabels"]["app.kubernetes.io/component"]
        for one in policies.values()
        if one["spec"]["policyTypes"] == ["Ingress"]
    }
    assert inward == set(components()) - {"migrate"}
    outward = policies["lineup-out"]["spec"]
    assert set(outward["podSelector"]["matchExpressions"][0]["values"]) == set(components())
    blocks = [to["ipBlock"] for rule in outward["egress"] for to in rule["to"] if "ipBlock" in to]
    assert all("169.254.0.0/16" in one["except"] for one in blocks if ":" not in one["cidr"])
