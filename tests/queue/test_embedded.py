import os
import platform
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from redis import Redis

from app.queue import embedded
from app.queue.embedded import EmbeddedQueueUnavailable, EmbeddedValkey, join

START_AND_WAIT = """
import sys, time
from pathlib import Path
from app.queue.embedded import EmbeddedValkey
queue = EmbeddedValkey(Path(sys.argv[1]))
queue.start()
print(queue.pid or "joined", flush=True)
sys.stdin.readline()
queue.stop()
"""


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    with EmbeddedValkey(tmp_path) as server:
        yield server


def another_process(data_dir: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT, str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def config(url: str, name: str) -> str:
    with Redis.from_url(url, decode_responses=True) as client:
        return str(client.config_get(name)[name])


def is_alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def test_listens_on_a_private_socket_only(queue: EmbeddedValkey, tmp_path: Path) -> None:
    assert queue.url.startswith("unix:///")
    assert stat.S_IMODE(Path(queue.url.removeprefix("unix://")).parent.stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "queue").stat().st_mode) == 0o700
    assert config(queue.url, "port") == "0"


def test_never_evicts_and_keeps_a_log_of_writes(queue: EmbeddedValkey) -> None:
    assert config(queue.url, "maxmemory-policy") == "noeviction"
    assert config(queue.url, "appendonly") == "yes"


def test_what_was_queued_survives_a_restart(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as server, Redis.from_url(server.url) as client:
        client.set("job", "1")
    with EmbeddedValkey(tmp_path) as server, Redis.from_url(server.url) as client:
        assert client.get("job") == b"1"


def test_starting_twice_keeps_the_server(queue: EmbeddedValkey) -> None:
    pid = queue.pid
    queue.start()
    assert queue.pid == pid


def test_a_second_one_joins_and_leaves_the_server_running(queue: EmbeddedValkey, tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as second:
        assert second.pid is None
        assert second.url == queue.url
    assert join(tmp_path) == queue.url


def test_there_is_nothing_to_join_before_and_after(tmp_path: Path) -> None:
    assert join(tmp_path) is None
    with EmbeddedValkey(tmp_path):
        pass
    assert join(tmp_path) is None


def test_stopping_twice_is_harmless(queue: EmbeddedValkey) -> None:
    queue.stop()
    queue.stop()


def test_replaces_a_server_that_crashed(queue: EmbeddedValkey) -> None:
    assert queue.pid is not None
    with Redis.from_url(queue.url) as client:
        client.set("job", "1")
    time.sleep(1.1)  # appendfsync everysec
    os.kill(queue.pid, signal.SIGKILL)
    os.waitid(os.P_PID, queue.pid, os.WEXITED | os.WNOWAIT)
    queue.start()
    with Redis.from_url(queue.url) as client:
        assert client.get("job") == b"1"


def test_processes_that_start_together_share_one_server(tmp_path: Path) -> None:
    processes = [another_process(tmp_path) for _ in range(3)]
    roles = [first_line(process) for process in processes]
    assert roles.count("joined") == 2
    for process in sorted(processes, key=lambda process: roles[processes.index(process)] != "joined"):
        process.communicate("\n")
        assert process.returncode == 0


def test_dies_with_its_parent_and_the_next_takes_over(tmp_path: Path) -> None:
    parent = another_process(tmp_path)
    pid = int(first_line(parent))
    parent.kill()
    parent.communicate()
    with EmbeddedValkey(tmp_path) as successor:
        assert successor.pid not in (None, pid)
        assert not is_alive(pid)


def test_one_that_joined_takes_over_when_the_owner_is_gone(tmp_path: Path) -> None:
    parent = another_process(tmp_path)
    first_line(parent)
    with EmbeddedValkey(tmp_path) as queue:
        assert queue.pid is None
        parent.communicate("\n")
        queue.start()
        assert queue.pid is not None
        assert config(queue.url, "port") == "0"


@pytest.mark.parametrize("name", ["x" * 120, "a folder", "ordnér"])
def test_long_and_odd_paths_get_a_short_socket(tmp_path: Path, name: str) -> None:
    data_dir = tmp_path / name
    with EmbeddedValkey(data_dir) as server:
        assert len(os.fsencode(server.url)) < 60
        assert join(data_dir) == server.url
        assert config(server.url, "port") == "0"


def test_a_folder_that_others_can_open_is_refused(tmp_path: Path) -> None:
    data_dir = tmp_path / ("x" * 120)
    folder = embedded.socket_path(data_dir).parent
    folder.mkdir(mode=0o755)
    try:
        with pytest.raises(EmbeddedQueueUnavailable, match="private"):
            EmbeddedValkey(data_dir).start()
    finally:
        folder.rmdir()


def test_a_server_that_cannot_start_names_its_log_and_the_way_out(tmp_path: Path) -> None:
    queue = EmbeddedValkey(tmp_path)
    with queue:
        pass
    manifest = tmp_path / "queue" / "appendonlydir" / "appendonly.aof.manifest"
    manifest.write_text("nonsense\n")
    with pytest.raises(EmbeddedQueueUnavailable, match=r"(?s)valkey\.log.*LINEUP_REDIS_URL"):
        queue.start()
    assert queue.pid is None
    assert join(tmp_path) is None


def test_a_machine_without_a_build_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(EmbeddedQueueUnavailable, match=r"linux on riscv64|darwin on riscv64") as raised:
        EmbeddedValkey(tmp_path).start()
    assert "LINEUP_REDIS_URL" in raised.value.detail
