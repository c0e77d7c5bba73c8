"""Questions at a terminal: who is asked, and what each answer does."""

import json
import os
import pty
import subprocess
from collections.abc import Iterator

import pytest

from app.simulator.behaviour import Behaviour
from app.simulator.portal import Portal
from app.simulator.process import PortalThread
from app.simulator.server import create_portal
from app.simulator.spec import CatalogueSpec
from tests.cli.installation import SECONDS, Answer, Installation

SMALL = CatalogueSpec(channels=4, movies=4, series=2, categories=2, subscribers=5)
DELETE = ("portal", "sql", "DELETE FROM package WHERE id = 3 RETURNING id", "--allow-writes", "--json")


@pytest.fixture
def operator(installation: Installation) -> Iterator[Portal]:
    portal = create_portal(SMALL, "iptvportal", Behaviour())
    with PortalThread({"": portal}) as thread:
        installation.environment.update(
            LINEUP_PORTAL_URL=thread.url, LINEUP_PORTAL_USERNAME="fake-operator", LINEUP_PORTAL_PASSWORD="fake-secret-9"
        )
        yield portal


def at_terminal(installation: Installation, words: tuple[str, ...], typed: bytes) -> Answer:
    """A command whose terminal somebody types at, once it asks."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        ["setsid", "--ctty", *installation.command(words)],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=installation.folder,
        env=installation.environment,
    ) as process:
        os.close(theirs)
        assert process.stdout
        assert process.stderr
        asked = b""
        while not asked.endswith(b"[y/N]: ") and (piece := process.stderr.read1(1000)):  # type: ignore[attr-defined]
            asked += piece
        os.write(ours, typed)
        out, err = process.communicate(timeout=SECONDS)
        os.close(ours)
    return Answer(code=process.returncode, out=out.decode(), err=(asked + err).decode())


def left(operator: Portal) -> int:
    return len(operator.database.run("select", {"data": ["id"], "from": "package"}))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [(b"y\n", 0, ""), (b"n\n", 1, "nothing was done"), (b"\n", 1, "nothing was done"), (b"\x03", 130, "interrupted")],
)
def test_a_change_is_made_only_for_a_yes(
    operator: Portal, installation: Installation, typed: bytes, code: int, said: str
) -> None:
    before = left(operator)
    answer = at_terminal(installation, DELETE, typed)
    assert answer.code == code, answer
    assert answer.err.startswith("This deletes 1 row of package. Go on? [y/N]: ")
    assert said in answer.err
    assert left(operator) == before - (code == 0)
    if code == 0:
        assert json.loads(answer.out)["rows"] == [[3]]  # the question is no part of it
    else:
        assert answer.out == ""
