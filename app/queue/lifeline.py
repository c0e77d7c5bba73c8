"""Child processes that end when their parent does, however it ends."""

import contextlib
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

# A subshell waits on the parent's pipe while the shell becomes the program itself, so the pid is the program's.
# End of file without a line means that the parent is gone. The kernel's own signal for that exists on Linux only
# and follows the thread that started the child, which may end early.
_SCRIPT = 'exec 3<&0 </dev/null; (read -r _ <&3 || kill -TERM $$) >/dev/null 2>&1 & exec 3<&-; exec "$@"'
STOP_SECONDS = 10.0


def spawn(
    command: Sequence[str | Path],
    *,
    folder: Path,
    output: IO[bytes],
    environment: Mapping[str, str],
    user: int | None = None,
    group: int | None = None,
) -> subprocess.Popen[bytes]:
    """Starts `command` with this environment only; it is sent SIGTERM when this process is gone."""
    return subprocess.Popen(  # noqa: S603 - the shell sees the arguments as words, never as a script
        ["/bin/sh", "-c", _SCRIPT, "sh", *map(str, command)],
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=output,
        cwd=folder,
        env=dict(environment),
        user=user,
        group=group,
        extra_groups=None if group is None else [group],
        start_new_session=True,  # Ctrl-C is for the parent, which ends the child last
    )


def end(process: subprocess.Popen[bytes], *, politely: signal.Signals = signal.SIGTERM) -> None:
    """Asks the child to end and waits for it; kills it after `STOP_SECONDS`. Harmless when it has ended."""
    process.send_signal(politely)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin is not None:
        # The line tells the subshell that nothing is left to end: the pid may be another's by now.
        with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
            pipe.write(b"\n")
