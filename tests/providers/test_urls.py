from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Invalid
from app.domain.kinds import ProviderKind
from app.providers.base import ProviderAccount
from app.providers.registry import ADAPTERS, READERS, Address, open_provider, parse_address
from app.providers.transport import Transport

MAC = {"mac": "00:1A:79:AA:BB:CC"}
LOGIN = {"username": "demo", "password": "demo-pass"}


def stalker(url: str, credentials: dict[str, Any] = MAC, **options: Any) -> Address:
    return parse_address("stalker", url, credentials, options)


def xtream(url: str, credentials: dict[str, Any] = LOGIN, **options: Any) -> Address:
    return parse_address(ProviderKind.XTREAM, url, credentials, options)


def wrong(kind: str, url: str, credentials: dict[str, Any], options: dict[str, Any] | None = None) -> list[str]:
    with pytest.raises(Invalid) as error:
        parse_address(kind, url, credentials, options or {})
    for secret in credentials.values():
        assert len(str(secret)) < 4 or str(secret) not in str(error.value)
    return [name for name, _ in error.value.errors]


@pytest.mark.parametrize(
    ("pasted", "url", "address"),
    [
        ("http://h", "http://h", "h:80"),
        ("h", "http://h", "h:80"),
        ("  HTTP://Portal.Example.TEST/  ", "http://portal.example.test", "portal.example.test:80"),
        ("http://h:8080/c/", "http://h:8080", "h:8080"),
        ("http://h:8080/c/index.html?x=1#top", "http://h:8080", "h:8080"),
        ("http://h:80/stalker_portal/c/", "http://h/stalker_portal", "h:80/stalker_portal"),
        ("http://h/portal.php", "http://h/portal.php", "h:80"),
        ("http://h/c/portal.php?type=stb", "http://h/c/portal.php", "h:80"),
        ("http://h/stalker_portal/server/load.php", "http://h/stalker_portal/server/load.php", "h:80/stalker_portal"),
        ("https://h/server/load.php", "https://h/server/load.php", "h:443"),
        ("https://h:443/c", "https://h", "h:443"),
        ("http://[2001:db8::1]:8080/c/", "http://[2001:db8::1]:8080", "[2001:db8::1]:8080"),
        ("bücher.example:81", "http://xn--bcher-kva.example:81", "xn--bcher-kva.example:81"),
    ],
)
def test_a_portal_is_known_in_every_form_in_which_people_paste_it(pasted: str, url: str, address: str) -> None:
    found = stalker(pasted)
    assert (found.url, found.address, found.account) == (url, address, MAC["mac"])


@pytest.mark.parametrize(
    ("pasted", "url"),
    [
        ("http://h:8080", "http://h:8080"),
        ("http://h:8080/player_api.php?username=a&password=b", "http://h:8080"),
        ("http://h:8080/sub/path/xmltv.php", "http://h:8080/sub/path"),
        ("http://h:8080/c/", "http://h:8080"),
        ("https://h/panel_api.php#x", "https://h"),
    ],
)
def test_a_panel_is_known_in_every_form(pasted: str, url: str) -> None:
    found = xtream(pasted)
    assert (found.url, found.account, found.credentials) == (url, "demo", LOGIN)


@pytest.mark.parametrize(
    "pasted",
    [
        "http://h/get.php?username=a%40b&password=p%2Bq%2F&type=m3u_plus&output=ts",
        "http://h/live/a%40b/p%2Bq%2F/5012.ts",
        "http://h/playlist/a%40b/p%2Bq%2F/m3u_plus",
        "http://h/player_api.php?password=p%2Bq%2F&username=a%40b",
    ],
)
def test_credentials_are_taken_out_of_a_pasted_link(pasted: str) -> None:
    found = xtream(pasted, {})
    assert (found.url, found.address, found.account) == ("http://h", "h:80", "a@b")
    assert found.credentials == {"username": "a@b", "password": "p+q/"}
    assert "p+q/" not in repr(found)


def test_credentials_that_were_given_win_over_those_in_the_link() -> None:
    found = xtream("http://h/get.php?username=old&password=older")
    assert found.credentials == LOGIN


@pytest.mark.parametrize(
    "url",
    ["", "   ", "ftp://h", "file:///etc/passwd", "http://", "http:///c/", "http://h:0", "http://h:65536", "http://h:x",
     "http://h:", "http://a b", "http://h/a b", "http://u:p@h", "http://-h", "http://h..x", "http://[::1", "http://h\\x",
     "http://h/\x00", "http://" + "a" * 300, "h" * 3000],
)  # fmt: skip
def test_what_is_no_address_names_the_url(url: str) -> None:
    assert wrong("stalker", url, MAC) == ["url"]
    assert wrong("xtream", url, LOGIN) == ["url"]


@pytest.mark.parametrize("mac", ["00:1a:79:aa:bb:cc", "00-1A-79-AA-BB-CC", "001A79AABBCC", " 001a.79aa.bbcc "])
def test_a_mac_is_one_whatever_its_spelling(mac: str) -> None:
    found = stalker("http://h", {"mac": mac})
    assert found.account == found.credentials["mac"] == "00:1A:79:AA:BB:CC"


@pytest.mark.parametrize("mac", ["", None, "00:1B:79", "00:1A:79:AA:BB:CG", "00:1A:79:AA:BB:CC:DD", 17])
def test_what_is_no_mac_names_it(mac: Any) -> None:
    assert wrong("stalker", "http://h", {"mac": mac}) == ["credentials.mac"]


def test_everything_that_is_wrong_is_told_at_once() -> None:
    found = wrong("xtream", "ftp://h", {"username": "u", "mac": "x"}, {"color": 1, "output": "avi"})
    assert found == ["url", "credentials.mac", "credentials.password", "options.color", "options.output"]


@pytest.mark.parametrize("missing", ["username", "password"])
def test_a_panel_needs_both_credentials(missing: str) -> None:
    assert wrong("xtream", "http://h", {**LOGIN, missing: " "}) == [f"credentials.{missing}"]


def test_a_portal_takes_the_credentials_of_a_box() -> None:
    names = ("serialNumber", "deviceId", "deviceId2", "username", "password", "timezone", "language", "model")
    found = stalker("http://h", {**MAC, **{name: f" {name}-x " for name in names}})
    assert found.credentials == {**MAC, **{name: f"{name}-x" for name in names}}


def test_every_kind_is_spoken() -> None:
    assert set(ADAPTERS) == set(READERS) == set(ProviderKind)


def test_an_unknown_kind_names_it() -> None:
    assert wrong("teletext", "http://h", {}) == ["kind"]


SECRET = "whsec_ZmFrZS1mYWtlLWZha2UtZmFrZS1mYWtl"

GOOD: dict[str, Any] = {
    "userAgent": "Player/1.0",
    "maxParallelPages": 8,
    "requestsPerSecond": 0.5,
    "fullEveryHours": 168,
    "output": "m3u8",
    "language": "pt-BR",
    "macEncoding": "percent",
    "webhookUrl": "https://hook.example.test/x?y=1",
    "epgUrl": "http://h.example.test/epg.xml.gz",
    "timezone": "Europe/Berlin",
}
BAD: dict[str, list[Any]] = {
    "userAgent": ["", "a\nb", 5, "x" * 600],
    "maxParallelPages": [0, -1, 1.5, "8", True, 10**6],
    "requestsPerSecond": [0, -1, "2", 10**6],
    "fullEveryHours": [-1, "x", 10**6],
    "output": ["avi", 1],
    "language": ["", "english please", 5],
    "macEncoding": ["upper"],
    "webhookUrl": ["", "ftp://h", 5, "http://a b", "hook.example.test/x"],
    "epgUrl": ["file:///etc/passwd"],
    "timezone": ["Mars/Base", "", "../../etc/passwd", 5],
}


def test_known_options_pass_and_null_unsets_them() -> None:
    xtream("http://h", LOGIN | {"webhookSecret": SECRET}, **GOOD)
    stalker("http://h", MAC, **dict.fromkeys(GOOD))


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_options_that_make_no_sense_are_named(name: str, value: Any) -> None:
    assert wrong("xtream", "http://h", LOGIN, {name: value}) == [f"options.{name}"]


def test_a_webhook_needs_a_secret_that_can_sign() -> None:
    hook = {"webhookUrl": GOOD["webhookUrl"]}
    for login in (LOGIN, LOGIN | {"webhookSecret": ""}, LOGIN | {"webhookSecret": None}):
        assert wrong("xtream", "http://h", login, hook) == ["credentials.webhookSecret"]
    for secret in ("short", "x" * 65, "whsec_c2hvcnQ=", "whsec_not base64", "whsec_" + "QUJD" * 22):
        for options in (hook, {}):
            wrong_ones = wrong("xtream", "http://h", LOGIN | {"webhookSecret": secret}, options)
            assert wrong_ones == ["credentials.webhookSecret"], secret
    for secret in (SECRET, "x" * 24, "x" * 64, "whsec_" + "QUJD" * 21):
        assert xtream("http://h", LOGIN | {"webhookSecret": secret}, **hook)
    assert stalker("http://h", MAC | {"webhookSecret": SECRET}, **hook)


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_names_the_url(text: str) -> None:
    for kind, credentials in (("stalker", MAC), ("xtream", LOGIN)):
        try:
            found = parse_address(kind, text, credentials, {})
        except Invalid as error:
            names = {name for name, _ in error.errors}
        else:
            again = parse_address(kind, found.url, credentials, {})
            names = {"url"} if (again.url, again.address) == (found.url, found.address) else set()
        assert names == {"url"}


@pytest.mark.parametrize(("kind", "url", "credentials"), [("stalker", "http://h", MAC), ("xtream", "http://h", LOGIN)])
async def test_every_spoken_kind_has_an_adapter(kind: str, url: str, credentials: dict[str, str]) -> None:
    transport = Transport()
    account = ProviderAccount(
        id="p", name="P", kind=ProviderKind(kind), url=url, credentials=credentials, options={"maxParallelPages": 2}
    )
    async with open_provider(account, transport) as provider:
        assert type(provider).__name__ == f"{kind.title()}Provider"
        assert provider.parallel >= 1
    await transport.close()
