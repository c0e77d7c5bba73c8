import json
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import Malformed, Unavailable
from app.providers.xtream import lists
from app.providers.xtream.lists import ListSplitter, Shape


class Row(msgspec.Struct):
    stream_id: Any = None
    name: Any = None


SCALARS = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(st.characters(codec="utf-8"), max_size=12)
NASTY = st.sampled_from(["},{", "}\n,\n{", '"},{"', "\\", '\\"', "]", "[{", "}", '"', "\\u0000", "],[", '"1":{'])
VALUES = st.recursive(
    SCALARS | NASTY,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "{", '"']), inner, max_size=3)
    ),
    max_leaves=6,
)
ROWS = st.lists(
    st.fixed_dictionaries({"stream_id": st.integers(1, 10**9)}, optional={"name": VALUES, "info": VALUES, "x": VALUES}),
    max_size=12,
)
CUTS = st.lists(st.integers(0, 5000), max_size=8)
SPELLINGS = st.sampled_from(
    [
        {"separators": (",", ":")},
        {"indent": 1},
        {"separators": (" , ", " : ")},
        {"ensure_ascii": False},
    ]
)
FRONTS = st.sampled_from([b"", b"\xef\xbb\xbf", b" \r\n", b"<br />\n<b>Warning</b>: foo in x.php on line 1<br />\n"])
BACKS = st.sampled_from([b"", b"\n", b" <!-- 0.2 s -->", b"<br />\n<b>Notice</b>: [{}]"])


def splitter() -> ListSplitter[Row]:
    return ListSplitter(msgspec.json.Decoder(list[Row]).decode, msgspec.json.Decoder(Row).decode)


def split(body: bytes, cuts: Sequence[int] = ()) -> tuple[list[Any], ListSplitter[Row]]:
    made = splitter()
    edges = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    found: list[Any] = []
    for start, end in pairwise(edges):
        for block in made.feed(body[start:end]):
            found += block
    for block in made.end():
        found += block
    return found, made


def split_on(made: ListSplitter[Row], pieces: Sequence[bytes]) -> None:
    for piece in pieces:
        list(made.feed(piece))


def plain(rows: Sequence[Any]) -> list[tuple[Any, Any]]:
    return [(row.stream_id, row.name) for row in rows]


@pytest.fixture(params=[16, 64, 256 * 1024])
def block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Small blocks make every path run on small lists."""
    monkeypatch.setattr(lists, "BLOCK", request.param)
    return int(request.param)


@settings(max_examples=150, deadline=None)
@given(rows=ROWS, spelled=SPELLINGS, front=FRONTS, back=BACKS, cuts=CUTS)
@pytest.mark.parametrize("size", [16, 100, 256 * 1024])
@pytest.mark.parametrize("indexed", [False, True])
def test_any_chunking_gives_the_same_records(
    *,
    size: int,
    indexed: bool,
    rows: Any,
    spelled: Any,
    front: bytes,
    back: bytes,
    cuts: list[int],
) -> None:
    value = {str(number): row for number, row in enumerate(rows)} if indexed else rows
    body = front + json.dumps(value, **spelled).encode() + back
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lists, "BLOCK", size)
        found, made = split(body, cuts)
    assert plain(found) == [(row["stream_id"], row.get("name")) for row in rows]
    assert made.closed


@settings(max_examples=150, deadline=None)
@given(
    rows=ROWS.filter(bool),
    spelled=SPELLINGS,
    cut=st.integers(1, 10**6),
    cuts=st.lists(st.integers(0, 5000), max_size=4),
)
@pytest.mark.parametrize("size", [16, 256 * 1024])
@pytest.mark.parametrize("indexed", [False, True])
def test_any_truncation_is_unavailable(
    *,
    size: int,
    indexed: bool,
    rows: Any,
    spelled: Any,
    cut: int,
    cuts: list[int],
) -> None:
    value = {str(number): row for number, row in enumerate(rows)} if indexed else rows
    whole = json.dumps(value, **spelled).encode()
    body = whole[: 8 + cut % max(1, len(whole) - 8)] if len(whole) > 8 else whole[:-1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lists, "BLOCK", size)
        with pytest.raises(Unavailable):
            split(body, cuts)


BROKEN = [
    b'{"stream_id":2,"name":"\xff\xfe"}',
    b'{"stream_id":2,"name":"a\nb"}',
    b'{"stream_id":2,"name":NaN}',
    b"null",
    b'"corrupt"',
    b"17",
    b"[1,[2]]",
    b'{"stream_id":2,"name":"\\ud800"}',
    b'{"stream_id":2,"name":"' + b"[" * 5000 + b'"}',
]


@pytest.mark.parametrize("bad", BROKEN)
@pytest.mark.parametrize("indexed", [False, True])
def test_one_bad_element_costs_nothing_but_itself(block: int, bad: bytes, indexed: bool) -> None:  # noqa: FBT001
    good = [b'{"stream_id":%d,"name":"n"}' % number for number in range(10, 40)]
    elements = [*good[:15], bad, *good[15:]]
    if indexed:
        elements = [b'"%d":%b' % (number, element) for number, element in enumerate(elements)]
    body = b",".join(elements)
    found, made = split(b"{%b}" % body if indexed else b"[%b]" % body, range(0, len(body), 33))
    assert [row.stream_id for row in found if isinstance(row, Row) and row.stream_id != 2] == list(range(10, 40))
    assert len(found) == 31
    assert isinstance(found[15], Row) or bytes(found[15]) == bad
    assert made.closed


@pytest.mark.parametrize("body", [b"[]", b"{}", b" [ ] ", b"\xef\xbb\xbf{ }", b"[\n]\n"])
def test_a_closed_list_may_be_empty(body: bytes) -> None:
    found, made = split(body, range(len(body)))
    assert found == []
    assert made.closed


@pytest.mark.parametrize("body", [b"null", b"false", b' "" ', b"\xef\xbb\xbfnull"])
def test_words_for_nothing_are_no_closed_list(body: bytes) -> None:
    found, made = split(body)
    assert (found, made.closed, made.nothing) == ([], False, True)


@pytest.mark.parametrize("body", [b"", b"<html><body>[{}]</body></html>", b"Blocked", b"nul"])
def test_what_is_no_list_is_kept_to_be_judged(body: bytes) -> None:
    found, made = split(body)
    assert (found, made.closed, made.nothing, made.shape) == ([], False, False, Shape.UNKNOWN)
    assert made.head == body


def test_an_object_that_is_no_list_is_kept_whole() -> None:
    body = b'{"user_info":{"auth":0}}'
    found, made = split(body, range(len(body)))
    assert (found, made.shape, made.head) == ([], Shape.OTHER, body)


@pytest.mark.parametrize("body", [b"[}", b'{"1":}', b'{"1":{},2:{}}', b'{"1":{}]', b"[{},", b"[{}:"])
def test_what_is_no_json_never_ends_well(body: bytes) -> None:
    with pytest.raises((Malformed, Unavailable)):
        split(body)


def test_an_element_without_an_end_is_malformed_in_linear_time() -> None:
    made = splitter()
    piece = b"x" * 65536
    list(made.feed(b'[{"stream_id":1,"name":"'))
    began = time.process_time()
    with pytest.raises(Malformed):
        split_on(made, [piece] * 1000)
    assert time.process_time() - began < 2


def test_endless_brackets_do_not_break_it() -> None:
    with pytest.raises((Malformed, Unavailable)):
        split(b"[" * 300_000, range(0, 300_000, 1000))


@pytest.mark.parametrize("indexed", [False, True])
def test_memory_does_not_grow_with_the_list(indexed: bool) -> None:  # noqa: FBT001
    made = splitter()
    row = json.dumps({"stream_id": 5, "name": "n" * 1500}).encode()
    list(made.feed(b"{" if indexed else b"["))
    for number in range(5000):
        list(made.feed((b'"%d":%b,' % (number, row)) if indexed else row + b","))
        assert len(made.head) <= 3 * lists.BLOCK
