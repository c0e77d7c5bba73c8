"""A disk that is full while a version is written: a sentence that says so, the version before, and no remains."""

import errno
import os
from pathlib import Path

import pytest

from app.artifacts.local import LocalWriter
from app.core.errors import NotReady
from tests.snapshots.catalogue import check_document, simple, write
from tests.snapshots.conftest import Stand, named, stored

OLD, NEW = simple(300, 40, 1), simple(310, 50, 3)


def full_from(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Every write of an artifact fails from the n-th one on."""
    left, real = [step], LocalWriter._write

    def refused(writer: LocalWriter, data: bytes) -> None:
        left[0] -= 1
        if left[0] <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(writer, data)

    monkeypatch.setattr(LocalWriter, "_write", refused)


async def test_the_version_before_is_served_and_the_next_publish_makes_up(
    stand: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await stand.publish(OLD) == "k7f2.1"
    before, files = await stand.document(), set(stored(stand))
    await write(stand.database, stand.pk, NEW)
    for step in range(1, 40, 3):
        with monkeypatch.context() as patch:
            full_from(patch, step)
            try:
                published = await stand.publish()
            except NotReady as error:
                assert error.code == "artifacts_unavailable"
                assert "no space left on device" in error.detail
            else:
                assert published == "k7f2.2"
                break
        assert await stand.document() == before
        assert set(await named(stand)) <= files | set(stored(stand))
        assert not list((stand.folder / "tmp").iterdir())
    else:
        assert await stand.publish() == "k7f2.2"
    assert step > 3
    check_document(await stand.document(gzip=False), NEW, "k7f2.2")
    assert set(await named(stand)) <= set(stored(stand))


async def test_a_first_version_that_finds_no_room_is_not_there(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        full_from(patch, 2)
        with pytest.raises(NotReady, match="no space left"):
            await stand.publish(OLD)
        with pytest.raises(NotReady):
            await stand.document()
    assert await stand.publish() == "k7f2.1"
