import html
import json
import secrets
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.redaction import HIDDEN, LONGEST, MOST, _Known, conceal, redact, scrub

WORD = "fäke/Pass+w0rd=&\"zq'x"
MAC = "00:1A:79:5F:C3:E8"
FORMS: list[Callable[[str], str]] = [
    str,
    str.lower,
    str.upper,
    quote,
    quote_plus,
    lambda word: quote(word, safe=""),
    lambda word: quote(quote(word, safe=""), safe="").lower(),
    lambda word: b64encode(word.encode()).decode(),
    lambda word: b64encode(b"a" + word.encode() + b"zz").decode(),
    lambda word: urlsafe_b64encode(b"ab" + word.encode() + b"z").decode(),
    json.dumps,
    lambda word: json.dumps(word, ensure_ascii=False),
    lambda word: repr(word.encode()),
    html.escape,
]


@pytest.mark.parametrize("form", FORMS)
def test_a_known_secret_is_found_in_every_form(form: Callable[[str], str]) -> None:
    conceal(WORD)
    said = scrub(f"the portal said <{form(WORD)}> to us")
    assert said.startswith("the portal said <")
    assert said.endswith("> to us")
    assert HIDDEN in said
    assert form(WORD)[2:-2].lower() not in said.lower()


@pytest.mark.parametrize("form", [MAC, MAC.lower(), MAC.replace(":", ""), MAC.replace(":", "-"), quote(MAC, safe="")])
def test_a_known_mac_address_is_found_however_it_is_spelled(form: str) -> None:
    conceal(MAC)
    assert scrub(f"box_{form}_") == f"box_{HIDDEN}_"


def test_a_text_that_only_looks_encoded_stays_as_it_is() -> None:
    conceal(WORD)
    text = "100% of a%20b, 3%41"
    assert scrub(text) == text


def test_the_longest_secret_wins_and_overlapping_ones_leave_nothing() -> None:
    known = _Known()
    for secret in ("fakebob", "fakebob-and-more", "morefriends"):
        known.add(secret)
    assert known.hide("fakebob-and-morefriends, fakebobfakebob; morefriend") == f"{HIDDEN}, {HIDDEN}; morefriend"


@given(st.lists(st.text(min_size=6, max_size=12), min_size=1, max_size=8), st.text(max_size=20), st.data())
def test_whatever_is_known_is_in_no_text(words: list[str], between: str, data: st.DataObject) -> None:
    known = _Known()
    for word in words:
        known.add(word)
    text = between.join(data.draw(st.lists(st.sampled_from(words), max_size=5)))
    hidden = known.hide(text).lower()
    assert not [word for word in words if len(word.lower()) == len(word) and word.lower() in hidden and word != HIDDEN]


def test_short_values_are_no_secrets_of_their_own() -> None:
    conceal("abc", "", None)
    assert scrub("abc") == "abc"


def test_what_is_remembered_is_bounded_and_the_oldest_goes_first() -> None:
    known = _Known()
    first, used = secrets.token_hex(8), secrets.token_hex(8)
    known.add(first)
    known.add(used)
    for count in range(MOST * 2):
        known.add(f"{count:06}-{secrets.token_hex(4)}")
        if not count % 100:
            known.add(used)  # an account that is opened now and then
    assert known.hide(first) == first
    assert known.hide(used) == HIDDEN
    assert len(known._secrets) <= MOST
    assert sum(map(len, known._forms.values())) < MOST * 12


def test_an_endless_text_is_cut_and_no_half_of_a_secret_stays() -> None:
    secret = secrets.token_hex(32)
    conceal(secret)
    for start in range(LONGEST - 80, LONGEST + 10, 7):
        said = scrub("x" * start + secret + "x" * 10_000)
        assert len(said) <= LONGEST + len(HIDDEN) + 1
        assert secret[:8] not in said


def test_values_of_any_type_are_searched() -> None:
    secret = secrets.token_hex(8)
    conceal(secret)

    class Thing:
        def __repr__(self) -> str:
            return f"<Thing {secret}>"

    event = {
        "event": ("a", secret),
        "thing": Thing(),
        "raw": secret.encode(),
        "names": {secret},
        "error": OSError(secret),
    }
    assert secret not in str(redact(None, "info", event))
    plain = {"event": "x", "pages": 7, "share": 0.5, "done": True, "none": None, "key": None}
    assert redact(None, "info", dict(plain)) == plain


@pytest.mark.parametrize("turn", [1, 2])
def test_what_one_test_conceals_is_no_secret_in_the_next(turn: int) -> None:
    assert scrub("a word of several tests") == "a word of several tests", turn
    conceal("a word of several tests")
