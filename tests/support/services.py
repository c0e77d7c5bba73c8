"""What real services have in common: being found, being missing, and work on them outside of any test's loop."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn, TypeVar

import pytest

Result = TypeVar("Result")


class ServiceMissing(Exception):
    """This way to the service is not there; the next one may be."""


def give_up(service: str, variable: str, tried: list[str]) -> NoReturn:
    """Without the service its tests are skipped; in CI that would hide them, so they fail."""
    message = f"no {service}: {'; '.join(tried)}; set {variable}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def run_apart(work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Runs a coroutine in a thread with its own loop: fixtures need it while a test's loop may be set."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(work())).result()
