import json
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from app.core.logs import configure_logs
from app.core.redaction import HIDDEN, conceal, redact, scrub
from tests.support.repository import ROOT


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    before = (root.handlers, root.level)
    yield
    root.handlers, root.level = before
    structlog.reset_defaults()


def last_line(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err.strip().splitlines()[-1]


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(form="json", level="info")
    with structlog.contextvars.bound_contextvars(job_id="j1"):
        structlog.get_logger("app.jobs").info("job_ended", pages=7)
    line = json.loads(last_line(capsys))
    assert (line["event"], line["job_id"], line["pages"], line["level"]) == ("job_ended", "j1", 7, "info")


def test_the_console_shows_the_event_and_its_values(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(form="console", level="info")
    structlog.get_logger("app.jobs").warning("job_ended", pages=7)
    line = last_line(capsys)
    assert "job_ended" in line
    assert "pages" in line


def test_what_is_below_the_level_is_not_said(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(form="json", level="warning")
    structlog.get_logger("app").info("quiet")
    logging.getLogger("uvicorn.error").info("quiet")
    assert capsys.readouterr().err == ""


def test_libraries_speak_through_the_same_formatter(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(form="json", level="info")
    logging.getLogger("uvicorn.access").info('%s "%s"', "127.0.0.1", "GET /api/providers?key=hunter22&page=2")
    logging.getLogger("arq.worker").info("noise")
    line = json.loads(last_line(capsys))
    assert line["logger"] == "uvicorn.access"
    assert "hunter22" not in line["event"]
    assert "page=2" in line["event"]


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_secret_in_an_error_is_hidden(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(form=form, level="info")  # type: ignore[arg-type]
    try:
        int("GET http://bob:hunter22@portal.example/c/ failed")
    except ValueError:
        structlog.get_logger("app").exception("task_failed", mac="00:1A:79:AB:CD:EF")
    said = capsys.readouterr().err
    assert "ValueError" in said
    assert "hunter22" not in said
    assert "00:1A:79:AB:CD:EF" not in said


@pytest.mark.parametrize(
    "text",
    [
        "http://bob:hunter22@portal.example/",
        "redis://:hunter22@queue.example:6379/0",
        "http://portal.example/get.php?username=bob&password=hunter22&type=m3u",
        "http://portal.example/portal.php?type=stb&token=hunter22",
        "http://portal.example/live/bob/hunter22/17.ts",
        "Authorization: Bearer hunter22",
        "password=hunter22",
        "Cookie: lang=en; token=hunter22",
    ],
)
def test_texts_lose_their_secrets(text: str) -> None:
    assert "hunter22" not in scrub(text)
    assert HIDDEN in scrub(text)


def test_texts_without_secrets_stay_as_they_are() -> None:
    text = "GET http://portal.example/c/?page=2&type=vod took 00:01:12, monkey=1, 3 keys"
    assert scrub(text) == text


@given(st.sampled_from(["password", "mac", "token", "Authorization", "api_key", "secret_key", "device_id2"]), st.text())
def test_values_under_secret_names_are_hidden_at_any_depth(name: str, value: str) -> None:
    event = redact(None, "info", {"event": "x", "outer": [{name: value}], name: value, "page": 1})
    assert event == {"event": "x", "outer": [{name: HIDDEN}], name: HIDDEN, "page": 1}


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_known_secret_is_in_no_trace_however_deep(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    conceal("fake-Sesame-99")
    configure_logs(form=form, level="debug")  # type: ignore[arg-type]
    for name in ("app", "uvicorn.error", "arq.worker", "sqlalchemy.pool", "aiohttp.client"):
        try:
            try:
                int("fake-sesame-99")
            except ValueError as cause:
                cause.add_note("noted: fake-Sesame-99")
                raise ExceptionGroup("several", [ValueError("fake-Sesame-99")]) from cause
        except ExceptionGroup:
            logging.getLogger(name).exception("failed for %s", "fake-Sesame-99", extra={"more": ["fake-Sesame-99"]})
    said = capsys.readouterr().err
    assert said.count("ExceptionGroup") >= 5
    assert "sesame" not in said.lower()


def test_a_line_that_cannot_be_written_tells_nothing_of_its_values(capsys: pytest.CaptureFixture[str]) -> None:
    conceal("fake-Sesame-99")
    configure_logs(form="json", level="info")
    logging.getLogger("aiohttp.client").warning("%d pages", "fake-Sesame-99")
    assert capsys.readouterr().err == "a log line of aiohttp.client was lost (TypeError)\n"


@pytest.mark.parametrize("where", ["main", "thread"])
def test_what_nobody_caught_is_a_line_too(where: str) -> None:
    script = f"""
import threading
from app.core.logs import configure_logs, hear_uncaught
from app.core.redaction import conceal
conceal("fake-Sesame-99")
configure_logs(form="json", level="info")
hear_uncaught()
def fall(): raise ValueError("fake-Sesame-99")
if {where == "main"}: fall()
thread = threading.Thread(target=fall)
thread.start()
thread.join()
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    line = json.loads(done.stderr)
    assert "ValueError" in line["exception"]
    assert "esame" not in done.stderr
