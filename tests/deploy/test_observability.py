"""Dashboard and alerts ask for metrics that there are, under the names by which they are told."""

import json
import re
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from tests.support.repository import ROOT

FOLDER = ROOT / "deploy" / "observability"
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text())
ALERTS: list[dict[str, Any]] = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"][0]["rules"]
# Which names are true is tested beside docs/observability.md, which has all of them.
ROW = re.compile(r"^\| `(lineup_\w+)` \| (\w+)(?:, shared)? \| (.*?) ?\| ", re.MULTILINE)
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
WORDS = re.compile(r"\b((?:lineup|process|python)_\w+)(?:{([^}]*)})?")
# Told by Prometheus and its exporters.
OTHERS = {"up", "probe_success"}
OF_ALL = {"job", "instance", "le"}


def known() -> dict[str, set[str]]:
    """Every name that is exposed, with its labels."""
    rows = ROW.findall((ROOT / "docs" / "observability.md").read_text())
    return {
        f"{name}{suffix}": set(re.findall(r"`(\w+)`", labels))
        for name, kind, labels in rows
        for suffix in SUFFIXES[kind]
    }


KNOWN = known()
PROCESS = {
    sample.name
    for metric in REGISTRY.collect()
    for sample in metric.samples
    if sample.name.startswith(("process_", "python_"))
}


def panels() -> list[dict[str, Any]]:
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def queries() -> list[tuple[str, str]]:
    shown = [(panel["title"], target["expr"]) for panel in panels() for target in panel["targets"]]
    return shown + [(rule["alert"], rule["expr"]) for rule in ALERTS]


@pytest.mark.parametrize(("place", "query"), queries())
def test_a_query_names_metrics_and_labels_that_there_are(place: str, query: str) -> None:
    found = WORDS.findall(query)
    assert found or set(re.findall(r"\b[a-z_]+\b", query)) & OTHERS, place
    for name, matchers in found:
        assert name in KNOWN or name in PROCESS, name
        for label in re.findall(r'(\w+)\s*(?:=~|!~|!=|=)\s*"', matchers):
            assert label in KNOWN.get(name, set()) | OF_ALL, (name, label)
    by = {label.strip() for group in re.findall(r"\bby \(([^)]*)\)", query) for label in group.split(",")}
    labels = {label for name, _ in found for label in KNOWN.get(name, set())}
    assert by <= labels | OF_ALL, place
    assert query.count("(") == query.count(")")
    assert query.count("{") == query.count("}")


def test_words_of_labels_are_those_that_are_told() -> None:
    text = " ".join(query for _, query in queries())
    assert set(re.findall(r'outcome="(\w+)"', text)) <= {"failed", "completed", "hit", "published"}
    assert set(re.findall(r'[^e]status="(\w+)"', text)) <= {"running", "queued", "401"}


def test_a_query_that_names_nothing_is_noticed() -> None:
    with pytest.raises(AssertionError):
        test_a_query_names_metrics_and_labels_that_there_are("x", "rate(lineup_jobs[5m])")
    with pytest.raises(AssertionError):
        test_a_query_names_metrics_and_labels_that_there_are("x", 'lineup_jobs_total{colour="red"}')


def test_most_metrics_are_shown() -> None:
    text = " ".join(query for _, query in queries())
    shown = {name for name, _ in WORDS.findall(text)}
    rows = ROW.findall((ROOT / "docs" / "observability.md").read_text())
    missing = [name for name, kind, _ in rows if not shown & {f"{name}{suffix}" for suffix in SUFFIXES[kind]}]
    assert missing == []


def test_the_dashboard_can_be_taken_in() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    assert DASHBOARD["uid"] == "lineup"
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    taken = [(place["x"], place["y"]) for place in places]
    assert len(taken) == len(set(taken))
    assert all(panel["datasource"]["uid"] == "${source}" for panel in panels())


def test_an_alert_says_how_bad_it_is_and_what_to_do() -> None:
    names = [rule["alert"] for rule in ALERTS]
    assert len(names) == len(set(names)) > 10
    for rule in ALERTS:
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["runbook"]
        assert re.fullmatch(r"\d+[mh]", rule["for"])
        for document in re.findall(r"docs/[\w./-]+\.md", rule["annotations"]["runbook"]):
            assert (ROOT / document).exists(), document
