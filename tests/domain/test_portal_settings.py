"""Settings of portals: the last place wins, and each says where it comes from."""

import pytest

from app.core.errors import Misconfigured
from app.domain.portal_settings import KEYS, of_environment, of_file, of_flags, resolved, variable
from app.domain.schemas import Strategy, SyncSpec

FILE = {"ttl": 60, "timeout": 9, "cache": {"ttl": 5}, "sync": {"strategy": "on-demand"}, "schemas": "tables.yaml"}


def test_without_anything_the_defaults_hold() -> None:
    found = resolved([])
    assert found.client.timeout == 30
    assert found.values["sync.ttl"].value == SyncSpec().ttl
    assert {one.source for one in found.values.values()} == {"default"}
    assert set(found.values) == set(KEYS)


def test_the_last_place_wins_and_is_told() -> None:
    layers = [
        of_file(FILE, "lineup.yaml"),
        of_environment({"LINEUP_PORTAL_CLIENT_TIMEOUT": "8", "LINEUP_PORTAL_SYNC_TTL": "70"}, ".env"),
        of_environment({"lineup_portal_client_timeout": "7", "PATH": "x"}, "environment"),
        of_flags(["client.timeout=6"]),
    ]
    values = {key: (one.value, one.source) for key, one in resolved(layers).values.items()}
    assert values["client.timeout"] == (6, "flags")
    assert values["sync.ttl"] == (70, ".env")
    assert values["cache.ttl"] == (5, "lineup.yaml")
    assert values["sync.strategy"] == (Strategy.ON_DEMAND, "lineup.yaml")
    assert values["client.retries"] == (3, "default")
    assert resolved(layers[:3]).client.timeout == 7


def test_what_stands_above_the_services_counts_for_all_of_them() -> None:
    found = resolved([of_file({"ttl": 60, "cache": {"ttl": 5}}, "lineup.yaml")])
    assert (found.sync["ttl"], found.cache.ttl) == (60, 5)
    assert resolved([of_environment({"LINEUP_PORTAL_TTL": "9"}, "environment")]).cache.ttl == 9
    assert resolved([of_flags(["ttl=9"])]).over == {"ttl": 9}


def test_files_hold_for_tables_that_say_nothing_and_later_places_for_all() -> None:
    found = resolved([of_file(FILE, "lineup.yaml"), of_flags(["sync.chunk_size=5"])])
    assert found.sync == {"ttl": 60, "strategy": Strategy.ON_DEMAND}
    assert found.over == {"chunk_size": 5}


def test_texts_stay_texts_and_a_password_is_in_no_repr() -> None:
    found = resolved([of_environment({"LINEUP_PORTAL_CLIENT_PASSWORD": "0123456"}, "environment")])
    assert found.client.password == "0123456"
    assert "0123456" not in repr(found)
    assert "0123456" not in repr(of_flags(["client.password=0123456"]))


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"clinet": {}}, "portal.clinet: is no setting; client may be meant."),
        ({"client": {"timout": 1}}, "portal.client.timout: is no key here; timeout may be meant."),
        ({"client": {"timeout": "long"}}, "portal.client.timeout: 'long' is not a number above 0."),
        ({"ttl": "long"}, "portal.ttl: 'long' is not a whole number from 0 on."),
        ({"client": {"password": 1234567}}, "portal.client.password: This is not a text."),
        ("text", "portal: 'text' is no mapping."),
    ],
)
def test_a_fault_of_the_file_is_named(raw: object, said: str) -> None:
    with pytest.raises(Misconfigured) as told:
        of_file(raw, "lineup.yaml")
    assert told.value.detail == said


def test_a_misspelt_variable_or_flag_is_named() -> None:
    with pytest.raises(Misconfigured, match="LINEUP_PORTAL_CLIENT_TIMOUT: is no setting; client_timeout may be meant"):
        of_environment({"LINEUP_PORTAL_CLIENT_TIMOUT": "1"}, "environment")
    with pytest.raises(Misconfigured, match=r"--set client\.timout: is no setting; client\.timeout may be meant"):
        of_flags(["client.timout=1"])
    with pytest.raises(Misconfigured, match="is not KEY=VALUE"):
        of_flags(["client.timeout"])


def test_no_two_settings_have_one_variable() -> None:
    assert len({variable(key) for key in KEYS}) == len(KEYS)
