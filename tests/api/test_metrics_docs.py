"""The table of metrics is complete and true."""

import re
from collections.abc import Iterator

from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

from app.api.metrics import shared
from tests.support.repository import ROOT
from tests.support.server import Served

TEXT = (ROOT / "docs" / "observability.md").read_text()
ROW = re.compile(r"^\| `(lineup_\w+)` \| (\w+)(, shared)? \| (.*?) ?\| ", re.MULTILINE)
Told = dict[str, tuple[str, tuple[str, ...]]]


def documented(*, looked_up: bool) -> Told:
    rows = ((name, kind, bool(both), labels) for name, kind, both, labels in ROW.findall(TEXT))
    return {
        name: (kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, both, labels in rows if both == looked_up
    }


def registered() -> Iterator[MetricWrapperBase]:
    found = {id(one): one for one in REGISTRY._names_to_collectors.values() if isinstance(one, MetricWrapperBase)}
    yield from found.values()


def test_every_metric_of_a_process_is_documented_as_it_is() -> None:
    true = {one._name: (one._type, tuple(one._labelnames)) for one in registered() if one._name.startswith("lineup_")}
    assert true
    assert documented(looked_up=False) == true


async def test_every_metric_that_is_looked_up_is_documented_as_it_is(served: Served) -> None:
    found = await shared(served.context).measured()
    assert documented(looked_up=True) == {one.name: (one.type, tuple(vars(one)["_labelnames"])) for one in found}


def test_no_label_is_made_of_what_people_or_portals_write() -> None:
    labels = {label for one in registered() for label in one._labelnames} | {"provider", "status"}
    assert labels <= {
        "outcome",
        "mode",
        "step",
        "kind",
        "op",
        "method",
        "route",
        "status",
        "provider",
        "host",
        "source",
        "level",
    }
