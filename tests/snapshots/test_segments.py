"""One compression serves lines and lists."""

import random

from hypothesis import given
from hypothesis import strategies as st

from app.core.jsonio import canonical, loads
from app.domain.kinds import Kind
from app.snapshots.member import inflated
from app.snapshots.segment import Segment, press, with_commas
from app.snapshots.views import lite

words = st.text(max_size=40)
documents = st.fixed_dictionaries({"id": words, "kind": st.just("movie"), "name": words, "text": words | st.none()})


def check(lines: list[bytes]) -> Segment:
    segment = press(lines)
    assert segment.raw == inflated(segment.data) == b"\n".join(lines)
    assert inflated(with_commas(segment.data, segment.cuts)) == b",".join(lines)
    return segment


@given(st.lists(documents, min_size=1, max_size=25))
def test_any_documents_can_be_read_as_lines_and_as_a_list(found: list[dict[str, object]]) -> None:
    check([canonical(one) for one in found])


@given(st.lists(st.sampled_from([b'"},{"', b'"\\n"', b"{}", b'{"a":"},\\n{"}', b"0,", b",", b"},{"]), min_size=1))
def test_commas_within_documents_stay_what_they_are(lines: list[bytes]) -> None:
    check(lines)


def test_one_newline_is_stored_and_the_others_are_copies_of_it() -> None:
    lines = [canonical({"id": str(number), "kind": "movie", "name": f"Film {number}"}) for number in range(25)]
    assert len(check(lines).cuts) == 1


def test_documents_longer_than_the_window_are_cut_at_every_end() -> None:
    chance = random.Random(1)
    lines = [canonical({"id": number, "text": chance.randbytes(60_000).hex()}) for number in range(4)]
    assert len(check(lines).cuts) == 3


def test_the_lite_view_says_what_a_list_shows_as_the_full_one_says_it() -> None:
    channel: dict[str, object] = {
        "addedAt": None,
        "categoryId": "c",
        "id": "a",
        "kind": "channel",
        "logo": None,
        "name": "“A”",
        "number": 7.1,
    }
    movie: dict[str, object] = {
        "addedAt": "2026-01-01T00:00:00Z",
        "categoryId": None,
        "id": "m",
        "kind": "movie",
        "name": "M",
        "poster": "p",
    }
    movie = {**movie, "rating": 7.0, "year": 1999}
    more = {"cmd": "x", "description": "long", "stream": "/api"}
    assert lite(Kind.CHANNEL, canonical(channel | more)) == canonical(channel)
    lines = lite(Kind.MOVIE, b"\n".join([canonical(movie | more), canonical(movie | more)]))
    assert [loads(line) for line in lines.split(b"\n")] == [movie, movie]
