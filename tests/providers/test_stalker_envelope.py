import pytest

from app.core.errors import Malformed, Rejected, Unavailable
from app.providers.stalker.classify import Blank, Garbled, SessionLost, classify
from app.providers.stalker.rows import Bad, TitleRow, read_listing
from app.providers.transport import Reply

NOTICE = b"<br />\n<b>Notice</b>: Undefined index: [x] in {main} on line <b>142</b><br />\n"
ROWS = b'{"total_items":"2","max_page_items":14,"data":[{"id":"1","name":"One"},{"id":2,"name":"Two"}]}'


def reply(body: bytes, status: int = 200, **headers: str) -> Reply:
    return Reply(status=status, headers=headers, body=body, url="http://portal.test/portal.php")


WRAPPED = {
    "normal": b'{"js":%b,"text":"generated in: 0.01s"}',
    "byte order mark": b'\xef\xbb\xbf{"js":%b}',
    "blanks": b' \r\n\t{"js":%b}\n\n',
    "notices before": NOTICE + b'{"js":%b,"text":""}',
    "notices after": b'{"js":%b}<br />\n<b>Warning</b>: x',
    "mark and notices": b"\xef\xbb\xbf" + NOTICE + b'{"js":%b}',
    "callback": b'JsHttpRequest.dataReady({"js":%b});',
    "other fields first": b'{"streamer_id":0,"text":"{\\"js\\":1}","js":%b}',
}


@pytest.mark.parametrize("wrapping", WRAPPED.values(), ids=WRAPPED)
def test_takes_rows_out_of_every_wrapping(wrapping: bytes) -> None:
    listing = read_listing(classify(reply(wrapping.replace(b"%b", ROWS))), TitleRow)
    assert [row.name for row in listing.rows] == ["One", "Two"]
    assert (listing.total, listing.size) == (2, 14)


@pytest.mark.parametrize(
    ("js", "names"),
    [
        (b'[{"id":1,"name":"A"}]', ["A"]),
        (b'{"data":{"0":{"id":1,"name":"A"},"1":{"id":2,"name":"B"}}}', ["A", "B"]),
        (b'{"0":{"id":1,"name":"A"},"1":{"id":2,"name":"B"}}', ["A", "B"]),
        (b'{"data":[],"total_items":0}', []),
        (b'{"data":null,"total_items":"0"}', []),
        (b'{"total_items":0}', []),
        (b"[]", []),
    ],
)
def test_rows_stand_in_lists_and_in_objects(js: bytes, names: list[str]) -> None:
    listing = read_listing(classify(reply(b'{"js":%b}' % js)), TitleRow)
    assert [row.name for row in listing.rows] == names


def test_a_list_without_envelope_is_empty_or_a_list() -> None:
    assert read_listing(classify(reply(b"[]")), TitleRow).rows == []


def test_rows_that_are_no_objects_are_told_apart() -> None:
    listing = read_listing(classify(reply(b'{"js":[{"id":1},null,"x",[1]]}')), TitleRow)
    assert [type(row) for row in listing.rows] == [TitleRow, Bad, Bad, Bad]
    assert [row.raw for row in listing.rows[1:]] == ["null", '"x"', "[1]"]


def test_invalid_utf8_costs_a_letter_and_no_page() -> None:
    listing = read_listing(classify(reply(b'{"js":[{"id":1,"name":"Caf\xe9"},{"id":2,"name":"B"}]}')), TitleRow)
    assert [row.name for row in listing.rows] == ["Caf\ufffd", "B"]


def test_lone_surrogates_and_control_characters_pass() -> None:
    listing = read_listing(classify(reply(b'{"js":[{"id":1,"name":"a\\ud83d\tb"}]}')), TitleRow)
    assert listing.rows[0].name == "a\ufffd\tb"


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.99])
@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf", NOTICE])
def test_a_cut_body_is_unavailable_wherever_it_was_cut(share: float, prefix: bytes) -> None:
    body = b'{"js":{"data":[%b]}}' % b",".join(
        b'{"id":%d,"name":"N","series":[1,2],"x":{"y":null}}' % n for n in range(30)
    )
    with pytest.raises(Unavailable):
        classify(reply(prefix + body[: max(3, int(len(body) * share))]))


def test_every_single_cut_of_a_page_is_unavailable() -> None:
    body = b'{"js":{"total_items":2,"data":[{"id":"1","series":[1,2]},{"id":2,"hd":false}]},"text":"a b"}'
    for length in range(2, len(body)):
        with pytest.raises(Unavailable):
            classify(reply(body[:length]))


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, b"", Blank),
        (200, b"  \n", Blank),
        (204, b"", Blank),
        (200, b"Authorization failed.", SessionLost),
        (200, b"Authorization failed. 15", SessionLost),
        (200, b'{"js":{"error":"Invalid token"}}', SessionLost),
        (200, b'{"error":"unauthorized"}', SessionLost),
        (200, b'{"js":{"msg":"Auth failed"}}', SessionLost),
        (401, b'{"error":"Invalid token"}', SessionLost),
        (403, b'{"js":{"error":"unauthorized"}}', SessionLost),
        (200, b"Access denied.", Rejected),
        (200, b"Unauthorized request.", Rejected),
        (200, b"Identification failed", Rejected),
        (200, b"<html><body>Your IP is blocked</body></html>", Rejected),
        (200, b"<html><body>Login</body></html>", Garbled),
        (200, b"Service is down", Malformed),
        (200, b"12", Malformed),
        (200, b'{"foo":1}', Malformed),
        (403, b"", Rejected),
        (403, b"<html>forbidden</html>", Rejected),
        (401, b"", Rejected),
        (404, b"<html>nginx</html>", Rejected),
        *[(status, b"busy", Unavailable) for status in (408, 425, 429, 444, 458, 460, 500, 502, 503, 504, 509, 521)],
        *[(status, b"no", Rejected) for status in (400, 405, 410, 451, 456, 511, 512, 513, 884, 999)],
    ],
)
def test_what_an_answer_means(status: int, body: bytes, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        classify(reply(body, status))
    assert type(caught.value) is error


def test_the_wish_to_wait_is_handed_on() -> None:
    with pytest.raises(Unavailable) as caught:
        classify(reply(b"", 429, **{"retry-after": "17"}))
    assert caught.value.retry_after == 17


@pytest.mark.parametrize("js", [b"false", b"null", b'""'])
def test_nothing_in_place_of_a_list_is_blank(js: bytes) -> None:
    answer = classify(reply(b'{"js":%b}' % js))
    assert answer.nothing
    with pytest.raises(Blank):
        read_listing(answer, TitleRow)


def test_an_error_in_place_of_a_list_is_blank() -> None:
    with pytest.raises(Blank):
        read_listing(classify(reply(b'{"js":{"error":"no such method"}}')), TitleRow)


@pytest.mark.parametrize("js", [b"7", b'"words"', b"true", b'{"a":1,"b":2}', b'{"data":"x"}'])
def test_what_is_no_list_is_malformed(js: bytes) -> None:
    with pytest.raises(Malformed):
        read_listing(classify(reply(b'{"js":%b}' % js)), TitleRow)
