from pathlib import Path

import pytest

from app.config import load_settings
from app.core.errors import Misconfigured


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_later_places_win(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("lineup.yaml").write_text("port: 3001\nhost: yaml.test\nlog_level: error\ndata_dir: from-yaml\n")
    Path(".env").write_text("LINEUP_PORT=3002\nLINEUP_HOST=dotenv.test\nLINEUP_LOG_LEVEL=warning\n")
    monkeypatch.setenv("LINEUP_PORT", "3003")
    monkeypatch.setenv("LINEUP_HOST", "environment.test")
    found = load_settings(port=3004)
    assert (found.port, found.host, found.log_level) == (3004, "environment.test", "warning")
    assert found.data_dir == Path("from-yaml")


@pytest.mark.parametrize("name", ["DATABASE_URL", "LINEUP_DATABASE_URL"])
def test_the_database_is_found_under_both_names(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "postgresql://h/d")
    assert load_settings().resolved_database_url == "postgresql://h/d"


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("environment", ""),
        (".env", "LINEUP_PROT=1\n"),
        ("lineup.yaml", "prot: 1\n"),
        ("lineup.yaml", "LINEUP_PROT: 1\n"),
    ],
)
def test_a_misspelt_setting_is_named_wherever_it_stands(place: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if place == "environment":
        monkeypatch.setenv("LINEUP_PROT", "1")
    else:
        Path(place).write_text(text)
    with pytest.raises(Misconfigured, match=r"(?i)prot") as raised:
        load_settings()
    assert place in (*raised.value.detail.split(), "environment")


def test_a_malformed_value_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINEUP_PORT", "many")
    with pytest.raises(Misconfigured, match="LINEUP_PORT: "):
        load_settings()


def test_api_keys_are_a_comma_separated_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINEUP_API_KEYS", "key-one, key-two,")
    settings = load_settings()
    assert settings.api_keys == ("key-one", "key-two")
    assert "key-one" not in repr(settings)
