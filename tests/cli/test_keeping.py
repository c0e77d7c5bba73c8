"""`lineup db backup`, `restore` and `rotate-key`, as they are typed."""

from pathlib import Path

from tests.cli.conftest import Inside
from tests.cli.installation import Installation, running

ADD = ("provider", "add", "attic", "http://portal.example/c/", "--kind", "stalker", "--mac", "00:1A:79:12:34:57")


def test_a_backup_is_written_and_restored(inside_any: Inside, tmp_path: Path) -> None:
    file = str(tmp_path / "file")
    assert inside_any(*ADD, "--no-sync").code == 0
    assert inside_any("db", "backup", file).code == 0
    assert inside_any("db", "backup", file).code == 1
    assert inside_any.json("db", "backup", file, "--force")["bytes"] > 0
    assert inside_any("provider", "remove", "attic", "--yes").code == 0
    answer = inside_any("db", "restore", file, "--yes")
    assert (answer.code, answer.err) == (0, "")
    assert "1 catalogues" in answer.out
    assert [one["name"] for one in inside_any.json("provider", "list")["providers"]] == ["attic"]


def test_nothing_is_restored_without_a_word(inside: Inside, tmp_path: Path) -> None:
    assert inside(*ADD, "--no-sync").code == 0
    assert inside("db", "backup", str(tmp_path / "file")).code == 0
    assert inside("db", "restore", str(tmp_path / "file")).code == 2
    assert inside("db", "restore", str(tmp_path / "nothing"), "--yes").code == 2


def test_a_backup_of_another_installation_is_told_by_its_key(
    inside: Inside, installation: Installation, tmp_path: Path
) -> None:
    assert inside(*ADD, "--no-sync").code == 0
    assert inside("db", "backup", str(tmp_path / "file")).code == 0
    (installation.data / "secret.key").write_text("fake-key-of-another-installation")
    answer = inside("db", "restore", str(tmp_path / "file"), "--yes")
    assert answer.code == 1
    assert "LINEUP_SECRET_KEY" in answer.err


def test_the_key_of_the_data_folder_is_changed(inside: Inside, installation: Installation) -> None:
    assert inside(*ADD, "--no-sync").code == 0
    kept = installation.data / "secret.key"
    before = kept.read_text()
    answer = inside("db", "rotate-key")
    assert (answer.code, answer.err) == (0, "")
    assert "provider: 2 sealed anew" in answer.out
    after = kept.read_text()
    assert after not in (before, "")
    assert "," not in after
    assert before not in answer.out + after
    assert inside.json("provider", "show", "attic")["credentials"] == {"mac": True}
    kept.write_text(f"{'fake-key-that-was-begun'},{after}")  # one that was interrupted goes on
    assert "provider: 2 sealed anew" in inside("db", "rotate-key").out
    assert kept.read_text() == "fake-key-that-was-begun"


def test_keys_of_the_environment_are_changed_by_their_order(inside_any: Inside) -> None:
    assert inside_any(*ADD, "--no-sync", LINEUP_SECRET_KEY="fake-old-key").code == 0
    alone = inside_any("db", "rotate-key")
    assert alone.code == 2
    assert "NEW,OLD" in alone.err
    answer = inside_any("db", "rotate-key", LINEUP_SECRET_KEY="fake-new-key,fake-old-key")
    assert (answer.code, answer.err) == (0, "")
    assert "provider: 2 sealed anew" in answer.out
    assert inside_any("sync", "history", LINEUP_SECRET_KEY="fake-new-key").code == 0


def test_a_new_key_comes_by_standard_input_and_by_no_argument(installation: Installation) -> None:
    assert installation.run(*ADD, "--no-sync").code == 0
    answer = installation.run("db", "rotate-key", "--stdin", given="fake-key-from-a-pipe\n")
    assert (answer.code, answer.err) == (0, "")
    assert (installation.data / "secret.key").read_text() == "fake-key-from-a-pipe"
    assert installation.run("db", "rotate-key", "--stdin").code == 2
    assert installation.run("db", "rotate-key", "fake-key-as-an-argument").code == 2


def test_a_server_that_runs_is_left_alone(installation: Installation, tmp_path: Path) -> None:
    file = str(tmp_path / "file")
    with running(installation, "serve", "--port", "0") as process:
        assert process.url
        assert installation.run("db", "backup", file).code == 0
        for words in (("restore", file, "--yes"), ("rotate-key",)):
            answer = installation.run("db", *words)
            assert answer.code == 1
            assert "stop it first" in answer.err
