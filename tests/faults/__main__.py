"""`make faults`: every fault with the outcome it deserves; ARGS="words" runs the cases that hold one of them."""

import os
import sys
import threading

from tests.faults.case import Case, table
from tests.faults.cases import CASES
from tests.faults.runner import run

LONGEST_SECONDS = 20 * 60


def main(words: list[str]) -> int:
    if "--list" in words:
        sys.stdout.writelines(f"{case.name}{' (short)' if case.short else ''}\n" for case in CASES)
        return 0
    cases = chosen(words)
    watchdog = threading.Timer(LONGEST_SECONDS, _too_long)
    watchdog.daemon = True
    watchdog.start()
    results = run(cases, say)
    say(table(results))
    return 0 if results and all(one.survived for one in results) else 1


def chosen(words: list[str]) -> list[Case]:
    if words == ["--short"]:
        return [case for case in CASES if case.short]
    return [case for case in CASES if not words or any(word in case.name for word in words)]


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _too_long() -> None:
    say(f"FAIL the suite did not end within {LONGEST_SECONDS} s")
    sys.stdout.flush()
    os._exit(1)  # what hangs would hang a normal end too


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
