import os
import stat
from multiprocessing import get_context
from pathlib import Path

import pytest

from app.core.errors import Misconfigured
from app.registry.secrets import Secrets, load_secrets


def test_what_was_sealed_can_be_opened() -> None:
    secrets = Secrets(["fake-key"])
    sealed = secrets.seal(b"00:1A:79:00:00:01", owner="one")
    assert secrets.open(sealed, owner="one") == b"00:1A:79:00:00:01"
    assert b"00:1A" not in sealed
    assert secrets.seal(b"00:1A:79:00:00:01", owner="one") != sealed


def test_one_providers_secret_does_not_open_for_another() -> None:
    secrets = Secrets(["fake-key"])
    with pytest.raises(Misconfigured, match="LINEUP_SECRET_KEY"):
        secrets.open(secrets.seal(b"x", owner="one"), owner="two")


@pytest.mark.parametrize("place", [0, 1, 13, -1])
def test_a_changed_byte_is_noticed(place: int) -> None:
    secrets = Secrets(["fake-key"])
    sealed = bytearray(secrets.seal(b"secret", owner="one"))
    sealed[place] ^= 1
    with pytest.raises(Misconfigured):
        secrets.open(bytes(sealed), owner="one")


def test_a_rotated_key_opens_old_secrets_and_seals_new_ones() -> None:
    old, both, new = load_secrets("old", Path()), load_secrets(" new , old,", Path()), load_secrets("new", Path())
    assert both.open(old.seal(b"x", owner="one"), owner="one") == b"x"
    assert new.open(both.seal(b"x", owner="one"), owner="one") == b"x"
    with pytest.raises(Misconfigured):
        new.open(old.seal(b"x", owner="one"), owner="one")


def test_a_key_is_made_once_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    sealed = load_secrets(None, folder).seal(b"x", owner="one")
    file = folder / "secret.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert load_secrets(None, folder).open(sealed, owner="one") == b"x"
    assert os.listdir(folder) == ["secret.key"]  # noqa: PTH208 - hidden files too


def _sealed(folder: str) -> bytes:
    return load_secrets(None, Path(folder)).seal(b"x", owner="one")


def test_processes_that_start_together_share_one_key(tmp_path: Path) -> None:
    with get_context("spawn").Pool(4) as pool:
        sealed = pool.map(_sealed, [str(tmp_path)] * 8)
    assert {load_secrets(None, tmp_path).open(one, owner="one") for one in sealed} == {b"x"}


@pytest.mark.parametrize("given", ["", " , "])
def test_an_empty_key_is_no_key(given: str, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="LINEUP_SECRET_KEY"):
        load_secrets(given, tmp_path)


def test_processes_apart_must_be_given_a_key(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="LINEUP_SECRET_KEY"):
        load_secrets(None, tmp_path, required=True)
