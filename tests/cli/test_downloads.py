"""The reference client against a real server, over connections that go wrong."""

import gzip
import json
import signal
import sqlite3
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from app.cli.download import server
from tests.cli.conftest import Inside
from tests.cli.cutting import wired
from tests.cli.installation import Answer, Installation, Process, running
from tests.cli.published import changed, large, publish, sent
from tests.snapshots.catalogue import PROVIDER, simple

TABLES = ("meta", "category", "channel", "movie", "series", "item_category")


def rows(file: Path) -> dict[str, list[Any]]:
    """Everything in a database, and what its index of words finds."""
    with closing(sqlite3.connect(file)) as base:
        assert base.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        found = {table: base.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES}
        base.execute("INSERT INTO movie_fts (movie_fts, rank) VALUES ('integrity-check', 1)")
        words = "SELECT rowid FROM movie_fts WHERE movie_fts MATCH 'changed OR new' ORDER BY rowid"
        return found | {"words": base.execute(words).fetchall()}


def left(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir() if file.name.startswith("."))


def test_every_form_is_what_the_server_itself_sends(inside: Inside, installation: Installation, served: str) -> None:
    for words, path in (
        (("all.json",), "snapshot"),
        (("all.ndjson",), "snapshot.ndjson"),
        (("all.sqlite",), "snapshot.sqlite"),
        (("plain.db", "--flavor", "plain"), "snapshot.sqlite?flavor=plain"),
        (("lite.json", "--view", "lite"), "snapshot?view=lite"),
        (("lite.txt", "--format", "ndjson", "--view", "lite"), "snapshot.ndjson?view=lite"),
    ):
        expected = sent(served, path)
        for where in ((), ("--server", served)):
            answer = inside("snapshot", "download", PROVIDER, *words, *where, "--json")
            assert (answer.code, answer.err) == (0, "")
            assert (installation.folder / words[0]).read_bytes() == expected
            assert answer.json["bytes"] == len(expected)
            assert (answer.json["version"], answer.json["reset"]) == ("k7f2.1", None)
    assert left(installation.folder) == []


def test_a_download_survives_a_connection_that_is_cut_again_and_again(
    inside: Inside, installation: Installation, served: str
) -> None:
    for file, path in (("cut.json", "snapshot"), ("cut.sqlite", "snapshot.sqlite")):
        expected = sent(served, path)
        with wired(served) as wire:
            wire.cuts, wire.most = 25, 700_000
            answer = inside("snapshot", "download", PROVIDER, file, "--server", wire.url, "--json")
            assert answer.code == 0, answer
            assert wire.cut >= 5
        assert (installation.folder / file).read_bytes() == expected
        assert answer.json["fetched"] < len(expected) * 1.2  # what had come was not fetched again


def test_spoilt_bytes_are_noticed_and_fetched_again(inside: Inside, installation: Installation, served: str) -> None:
    for file, path in (("spoilt.ndjson", "snapshot.ndjson"), ("spoilt.sqlite", "snapshot.sqlite")):
        expected = sent(served, path)
        with wired(served) as wire:
            wire.spoils = 2
            answer = inside("snapshot", "download", PROVIDER, file, "--server", wire.url, "--json")
            assert (answer.code, wire.spoilt) == (0, 2)
        assert (installation.folder / file).read_bytes() == expected


def test_changes_bring_an_earlier_download_to_what_a_fresh_one_is(
    inside: Inside, installation: Installation, served: str
) -> None:
    catalogue = large()
    for file in ("a.json", "a.json.gz", "a.ndjson", "a.sqlite"):
        assert inside("snapshot", "download", PROVIDER, file, "--server", served).code == 0
    first = (installation.folder / "a.ndjson").read_bytes()
    (installation.folder / "first.ndjson").write_bytes(first)
    whole = len(sent(served, "snapshot"))
    for seed in (1, 2, 3):
        catalogue = changed(catalogue, seed)
        version = publish(installation, catalogue)
        assert version == f"k7f2.{seed + 1}"
        time.sleep(0.3)  # so late may a server hear of it
        for file in ("a.json", "a.json.gz", "a.ndjson", "a.sqlite"):
            answer = inside("snapshot", "download", PROVIDER, file, "--since", file, "--server", served, "--json")
            assert (answer.code, answer.json["version"], answer.json["reset"]) == (0, version, None)
            assert answer.json["changes"] > 20
            assert answer.json["fetched"] < whole / 5
        assert (installation.folder / "a.json").read_bytes() == sent(served, "snapshot")
        assert gzip.decompress((installation.folder / "a.json.gz").read_bytes()) == sent(served, "snapshot")
        assert (installation.folder / "a.ndjson").read_bytes() == sent(served, "snapshot.ndjson")
        (installation.folder / "fresh.sqlite").write_bytes(sent(served, "snapshot.sqlite"))
        assert rows(installation.folder / "a.sqlite") == rows(installation.folder / "fresh.sqlite")
    answer = inside("snapshot", "download", PROVIDER, "b.ndjson", "--since", "first.ndjson", "--server", served)
    assert answer.code == 0
    assert (installation.folder / "b.ndjson").read_bytes() == sent(served, "snapshot.ndjson")


def test_without_a_way_from_there_everything_is_fetched_and_it_says_why(
    inside: Inside, installation: Installation, served: str
) -> None:
    expected = sent(served, "snapshot.ndjson")
    old = installation.folder / "old.ndjson"
    old.write_bytes(expected.replace(b"k7f2.1", b"gone.1", 1))
    answer = inside("snapshot", "download", PROVIDER, "new.ndjson", "--since", "old.ndjson", "--server", served)
    assert answer.code == 0
    assert "epoch_changed" in answer.err
    assert (installation.folder / "new.ndjson").read_bytes() == expected
    for spoilt in (expected[: len(expected) // 2], expected.replace(b'"movie', b'"mavie', 5)):
        old.write_bytes(spoilt)
        answer = inside("snapshot", "download", PROVIDER, "old.ndjson", "--since", "old.ndjson", "--server", served)
        assert answer.code == 0
        assert old.read_bytes() == expected


def test_an_interrupted_download_leaves_no_file_and_goes_on_later(installation: Installation, served: str) -> None:
    expected = sent(served, "snapshot")
    file = installation.folder / "slow.json"
    with wired(served) as wire:
        wire.pause = 0.05
        words = ("snapshot", "download", PROVIDER, file.name, "--server", wire.url)
        process = Process(installation.start(*words))
        deadline = time.monotonic() + 60
        while wire.passed < 600_000:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert process.end(signal.SIGINT) == 130
        assert "goes on from there" in process.text
        assert process.process.stdout
        process.process.stdout.close()
        assert not file.exists()
        assert left(installation.folder) == [".slow.json.parts"]
        wire.pause = 0
        answer = installation.run(*words, "--json")
    assert answer.code == 0
    assert answer.json["fetched"] < sum(p.stat().st_size for p in [file])
    assert file.read_bytes() == expected
    assert left(installation.folder) == []


def test_a_server_with_keys_wants_one_and_this_installation_knows_its_own(tmp_path: Path, inside: Inside) -> None:
    guarded = Installation(tmp_path, LINEUP_API_KEYS="fake-key")
    guarded.data.mkdir()
    with running(guarded, "serve", "--port", "0") as process:
        url = process.url
        publish(guarded, simple(3, 3, 3))
        for words, code in (((), 2), (("--key", "fake-other-key"), 2), (("--key", "fake-key"), 0)):
            answer = inside("snapshot", "download", PROVIDER, "a.json", "--server", url, *words)
            assert answer.code == code
            assert ("--key" in answer.err) == (code == 2)
            assert "fake" not in answer.err
    assert inside("snapshot", "download", PROVIDER, "b.json", LINEUP_API_KEYS="fake-key").code == 0


class Stranger(BaseHTTPRequestHandler):
    """A server, but not one of these: it answers everything with a list."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"[]")

    def log_message(self, *_: object) -> None:
        pass


def test_a_server_that_is_no_lineup_is_told_in_a_sentence(inside: Inside) -> None:
    with HTTPServer(("127.0.0.1", 0), Stranger) as stranger:
        Thread(target=stranger.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{stranger.server_port}"
        answer = inside("snapshot", "download", PROVIDER, "a.json", "--server", url)
        stranger.shutdown()
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == "lineup: The server does not answer as Lineup does: its list of providers cannot be read.\n"


def test_wrong_use_is_told_in_a_sentence(
    inside: Inside, installation: Installation, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "BASE_SECONDS", 0.001)
    monkeypatch.setattr(server, "PATIENCE_SECONDS", 10)
    (installation.folder / "x.json").write_text("no download")
    cases: list[tuple[tuple[str, ...], int, str]] = [
        ((PROVIDER, "a.json", "--server", "http://127.0.0.1:1"), 1, "cannot be reached"),
        (("nobody", "a.json", "--server", served), 2, "nobody"),
        ((PROVIDER, "a.json", "--server", "nonsense"), 2, "--server"),
        ((PROVIDER, "a.json", "--since", "x.json", "--server", served), 2, "--since"),
        ((PROVIDER, "a.json", "--since", "missing.json", "--server", served), 2, "--since"),
        ((PROVIDER, "a.sqlite", "--view", "lite", "--server", served), 2, "--view"),
        ((PROVIDER, "a.json", "--flavor", "plain", "--server", served), 2, "--flavor"),
        ((PROVIDER, "missing/a.json", "--server", served), 2, "FILE"),
        ((PROVIDER, "a.json", "--version", "k7f2.9", "--server", served), 1, "newest version"),
        ((PROVIDER, "a.json", "--version", "zzzz.1", "--server", served), 1, "new history"),
    ]
    for words, code, named in cases:
        answer: Answer = inside("snapshot", "download", *words)
        assert (answer.code, answer.out) == (code, ""), answer
        assert answer.err.startswith("lineup: ")
        assert answer.err.count("\n") == 1
        assert named in answer.err
    assert json.loads(sent(served, "snapshot"))["version"] == "k7f2.1"
    assert not (installation.folder / "a.json").exists()
