from collections.abc import Callable

import pytest

from app.simulator.behaviour import Account
from tests.simulator.box import MAC, Box

Make = Callable[..., Box]


def test_stock_adopts_the_token_at_get_profile(box: Make) -> None:
    stb = box("stock", log_in=False)
    token = stb.handshake()
    assert len(token) == 32
    assert token == token.upper()
    assert stb.get("itv", "get_genres").text == "Access denied."
    assert stb.js("stb", "get_profile")["status"] == 0
    assert stb.js("itv", "get_genres")[0]["id"] == "*"
    assert stb.handshake() == token


def test_a_stock_handshake_alone_does_not_end_a_session(box: Make) -> None:
    stb = box("stock")
    old, stb.token = stb.token, None
    stb.handshake()
    stb.token = old
    assert stb.js("itv", "get_genres")


def test_a_panel_handshake_ends_the_session(box: Make) -> None:
    stb = box("panel")
    old = stb.token
    assert stb.js("itv", "get_genres")
    stb.handshake()
    stb.token = old
    refused = stb.get("itv", "get_genres")
    assert (refused.status_code, refused.content) == (200, b"")


def test_the_last_get_profile_wins(box: Make) -> None:
    stb = box("stock")
    first = stb.token
    stb.token = "SOMETHING ELSE"
    assert stb.js("stb", "get_profile")["status"] == 0
    stb.token = first
    assert stb.get("vod", "get_categories").text == "Authorization failed."


@pytest.mark.parametrize(("profile", "words"), [("stock", b"Authorization failed."), ("panel", b"")])
def test_a_stolen_session_fails_in_the_words_of_its_family(box: Make, profile: str, words: bytes) -> None:
    stb = box(profile)
    assert stb.portal.steal(MAC.lower())
    assert stb.get("itv", "get_genres").content == words
    stb.log_in()
    assert stb.js("itv", "get_genres")


def test_a_session_is_lost_after_some_calls(box: Make) -> None:
    stb = box("stock", lose_session_after=2)
    answers = [stb.get("itv", "get_genres").text for _ in range(3)]
    assert [text == "Authorization failed." for text in answers] == [False, False, True]
    stb.log_in()
    assert stb.js("itv", "get_genres")


def test_without_a_mac_stock_says_so(box: Make) -> None:
    stb = box("stock", log_in=False, mac="")
    assert stb.get("itv", "get_genres").text == "Unauthorized request."


def test_a_token_free_portal_asks_for_nothing(box: Make) -> None:
    stb = box("token_free", log_in=False)
    assert stb.js("itv", "get_genres")[0]["id"] == "*"


def test_only_known_macs_are_let_in_where_accounts_are_configured(box: Make) -> None:
    accounts = (Account(mac="00:1A:79:00:00:01"),)
    assert box("stock", log_in=False, accounts=accounts).log_in() == {"status": 1, "msg": "access denied"}
    panel = box("panel", log_in=False, accounts=accounts)
    assert panel.js("stb", "handshake") == {"token": None}


def test_a_disabled_account_has_a_full_profile_with_status_one_as_text(box: Make) -> None:
    stb = box("stock", log_in=False, accounts=(Account(mac=MAC, status="disabled"),))
    profile = stb.log_in()
    assert profile["status"] == "1"
    assert "locale" in profile
    assert stb.get("itv", "get_genres").text == "Access denied."
    assert stb.js("account_info", "get_main_info")["mac"] == MAC


def test_login_and_password_come_second(box: Make) -> None:
    account = Account(mac=MAC, username="me", password="pw", login_required=True)
    stb = box("stock", log_in=False, accounts=(account,))
    assert stb.log_in()["status"] == 2
    assert stb.js("stb", "do_auth", login="me", password="wrong") is False
    assert stb.js("stb", "do_auth", login="me", password="pw") is True
    assert stb.js("stb", "get_profile", auth_second_step=1)["status"] == 0
    assert stb.js("itv", "get_genres")


def test_a_device_id_is_pinned_for_ever(box: Make) -> None:
    stb = box("stock", log_in=False)
    assert stb.log_in(device_id="ABC")["status"] == 0
    assert "device conflict" in stb.js("stb", "get_profile", device_id="")["msg"]
    assert stb.js("itv", "get_genres")


def test_other_macs_than_those_of_boxes_are_refused(box: Make) -> None:
    stb = box("stock", log_in=False, mac="11:22:33:44:55:66")
    assert stb.log_in() == {"status": 1}


def test_a_missing_serial_number_bans_the_address(box: Make) -> None:
    stb = box("panel", log_in=False, require_serial=True)
    stb.handshake()
    assert stb.get("stb", "get_profile").status_code == 404
    banned = stb.get("stb", "handshake")
    assert (banned.status_code, banned.content) == (403, b"")
    stb.portal.reset()
    assert stb.log_in()["status"] == 0


def test_too_many_refusals_ban_the_address(box: Make) -> None:
    stb = box("panel", log_in=False, ban_after=3)
    assert [stb.get("itv", "get_genres").status_code for _ in range(4)] == [200, 200, 200, 403]


def test_panels_tell_the_expiry_in_the_phone_field(box: Make) -> None:
    stb = box("panel", accounts=(Account(mac=MAC, expires_at=1_804_115_100),))
    assert stb.js("account_info", "get_main_info")["phone"] == "March 3, 2027, 11:05 pm"
    assert box("panel").js("account_info", "get_main_info")["phone"] == "Unlimited"


def test_logins_are_counted(box: Make) -> None:
    stb = box("stock")
    assert (stb.portal.stats.handshakes, stb.portal.stats.logins) == (1, 1)


def test_an_account_that_is_no_longer_configured_is_let_in_again(box: Make) -> None:
    stb = box("panel", log_in=False, accounts=(Account(mac=MAC, status="blocked"),))
    assert stb.log_in()["status"] == 1
    stb.portal.behave(accounts=[])
    assert stb.log_in()["status"] == 0
