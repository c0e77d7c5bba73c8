"""Which addresses tell of an account."""

import pytest

from app.domain.kinds import ProviderKind
from app.providers.base import ProviderAccount
from app.providers.bearing import bears, words_of


def account(kind: ProviderKind, url: str, **credentials: str) -> ProviderAccount:
    return ProviderAccount(id="one", name="One", kind=kind, url=url, credentials=credentials, options={})


PANEL = words_of(account(ProviderKind.XTREAM, "http://panel.test", username="Anna", password="pw1"))
PORTAL = words_of(account(ProviderKind.STALKER, "http://portal.test/c/", mac="00:1A:79:AA:BB:CC", timezone="UTC"))
SPACED = words_of(account(ProviderKind.XTREAM, "http://panel.test", username="Two words", password="pw1"))
LIST = words_of(account(ProviderKind.M3U, "http://list.test/get.php?username=bert&password=s3cr3t&type=m3u_plus"))


@pytest.mark.parametrize(
    ("words", "url"),
    [
        (PANEL, "http://panel.test/live/Anna/pw1/12.ts"),
        (PANEL, "http://edge.test/x?who=anna"),
        (PANEL, "http://edge.test/pw1/12.ts"),
        (PANEL, "http://edge.test/12.ts?u=%61nna"),
        (PANEL, "http://edge.test/12.ts?u=%2561nna"),
        (PANEL, "http://edge.test/xx-anna-12.ts"),
        (PANEL, "http://somebody:else@edge.test/12.ts"),
        (PANEL, "http://edge.test/live/who/ever/12.ts"),
        (PANEL, "http://edge.test/timeshift/who/ever/60/2025-07-09:21-30/12.ts"),
        (PANEL, "http://edge.test/auth/QW5uYTpwdzE=/12.ts"),  # Anna:pw1
        (PANEL, "http://edge.test/12.ts?t=eHh4QW5uYTpwdzE"),  # xxxAnna:pw1
        (PANEL, "http://edge.test/12.ts?t=eyJhIjoxfQ.eyJ1IjoiQW5uYSJ9.x"),  # as tokens of JSON have it
        (PANEL, "http://[edge/12.ts"),
        (SPACED, "http://edge.test/12.ts?u=two+words"),
        (PORTAL, "http://portal.test/play/live.php?mac=00:1a:79:aa:bb:cc&stream=1&play_token=x"),
        (PORTAL, "http://portal.test/play/001a79AABBCC/1.ts"),
        (PORTAL, "http://portal.test/play/00-1A-79-AA-BB-CC/1.ts"),
        (PORTAL, "http://portal.test/play/00%3A1A%3A79%3AAA%3ABB%3ACC/1.ts"),
        (LIST, "http://list.test/bert/s3cr3t/5"),
        (LIST, "http://list.test/5?password=other"),
        (frozenset[str](), "http://list.test/movie/a/b/5.mkv"),
        (frozenset[str](), "http://list.test/a/b/5"),
    ],
)
def test_an_address_that_tells_of_the_account(words: frozenset[str], url: str) -> None:
    assert bears(url, words)


@pytest.mark.parametrize(
    ("words", "url"),
    [
        (PANEL, "http://edge.test/auth/12.ts?token=5f3"),
        (PANEL, "http://edge.test/xpw1x/12.ts"),  # three letters stand in many words
        (PANEL, "http://edge.test/live/play/12.ts"),
        (PANEL, "http://edge.test/hls/b2xkZXJUaGFuVGhlU2Vh/12.m3u8"),
        (PORTAL, "http://edge.test/ch/12?play_token=abc&timezone=UTC"),
        (LIST, "http://edge.test/12.ts?type=m3u_plus"),
        (frozenset[str](), "http://cdn.test/a/b/c.ts"),
    ],
)
def test_an_address_that_tells_nothing(words: frozenset[str], url: str) -> None:
    assert not bears(url, words)
