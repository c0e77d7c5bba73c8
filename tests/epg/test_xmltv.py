"""Files of the wild: each malformation of the reference, read or refused."""

import gzip
import io
import lzma
import tracemalloc
import zipfile
from typing import Any

import orjson
import pytest

from app.core.errors import Malformed, ProviderError, Unavailable
from app.domain.programmes import moment
from app.epg.xmltv import XmltvReader
from app.providers.unpack import opened

DAY = 86_400_000
AT = moment("20251009210000") or 0
HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE tv SYSTEM "xmltv.dtd">\n<tv>\n'


def show(inner: str = "<title>A</title>", start: str = "20251009210000", **attributes: str) -> str:
    named = {"channel": "one", **attributes}
    rest = " ".join(f'{name}="{value}"' for name, value in named.items())
    return f'<programme start="{start}" {rest}>{inner}</programme>\n'


def document(*elements: str) -> bytes:
    return HEAD + "".join(elements).encode() + b"</tv>\n"


def read(data: bytes, **options: Any) -> tuple[list[tuple[str, int, int | None, dict[str, Any]]], XmltvReader]:
    window = {"since_ms": AT - 1 * DAY, "until_ms": AT + 8 * DAY} | options
    reader = XmltvReader(opened(io.BytesIO(data), endings=(".xml",)), **window)
    rows = [row for batch in reader.batches() for row in batch]
    return [(row.channel, row.start_ms, row.stop_ms, orjson.loads(row.body)) for row in rows], reader


def test_channels_and_programmes_may_come_in_any_order() -> None:
    rows, reader = read(
        document(
            show(stop="20251009220000", channel="one"),
            '<channel id="one"><display-name>One</display-name><display-name>7</display-name></channel>',
            show(channel="two"),
            '<channel id="two"><display-name>Two</display-name><icon src="http://i.test/2 b.png"/></channel>',
            '<channel id=" one "><display-name>Uno</display-name><display-name>One</display-name></channel>',
            show(channel="nobody"),
        )
    )
    assert [row[0] for row in rows] == ["one", "two", "nobody"]
    assert rows[0][2] == AT + 3_600_000
    assert {name: found.names for name, found in reader.channels.items()} == {
        "one": ["One", "7", "Uno"],
        "two": ["Two"],
        "nobody": [],
    }
    assert reader.channels["two"].icon == "http://i.test/2%20b.png"


def test_everything_that_a_guide_tells_is_kept() -> None:
    inner = (
        '<title lang="en">Example</title><title lang="de">Beispiel</title><sub-title>Pilot</sub-title>'
        '<desc lang="en">What it is &amp; why</desc><credits><director>A</director><actor role="Bob">C</actor>'
        "<actor>E</actor><writer>D</writer></credits><date>20190401</date><category>Drama</category>"
        "<category>Crime</category><category>Drama</category><keyword>x</keyword><country>GB</country>"
        '<icon src="http://i.test/1.png" width="1"/><episode-num system="onscreen">S01E02</episode-num>'
        '<episode-num system="xmltv_ns"> 0 . 1/12 . 0/2 </episode-num><video><quality>HDTV</quality></video>'
        '<new/><previously-shown start="20190401"/><rating system="MPAA"><value>PG</value></rating>'
        '<star-rating system="imdb"><value>3/5</value></star-rating>'
    )
    rows, _ = read(document(show(inner, **{"catchup-id": "abc"})))
    assert rows[0][3] == {
        "title": "Example",
        "subTitle": "Pilot",
        "description": "What it is & why",
        "directors": ["A"],
        "actors": ["C", "E"],
        "writers": ["D"],
        "date": "2019-04-01",
        "categories": ["Drama", "Crime"],
        "keywords": ["x"],
        "country": "GB",
        "icon": "http://i.test/1.png",
        "episode": {"season": 1, "number": 2, "part": 1, "onscreen": "S01E02"},
        "isHd": True,
        "isNew": True,
        "isRepeat": True,
        "ageRating": "PG",
        "rating": 6.0,
        "catchupId": "abc",
    }
    german, _ = read(document(show(inner)), languages=["de-AT"])
    assert (german[0][3]["title"], german[0][3]["description"]) == ("Beispiel", "What it is & why")


@pytest.mark.parametrize(
    ("inner", "told"),
    [
        ("<rating><value>PG</value></rating><rating><value>12</value></rating>", {"ageRating": "PG"}),
        ("<star-rating>8</star-rating>", {"rating": 8.0}),
        ("<rating/><star-rating><value>0/10</value></star-rating>", {}),
        ('<icon src="poster.png"/><icon src="http://i.test/a b.png"/>', {"icon": "http://i.test/a%20b.png"}),
        ('<image type="poster">https://i.test/a.png</image>', {"icon": "https://i.test/a.png"}),
        (
            '<credits><actor>A<image type="person">https://i.test/face.png</image></actor></credits>',
            {"actors": ["A"]},
        ),
        ('<episode-num system="xmltv_ns">..</episode-num>', {}),
        ('<episode-num system="dd_progid">EP1.2</episode-num>', {}),
        ("<episode-num>S00E05</episode-num>", {"episode": {"season": 0, "number": 5, "onscreen": "S00E05"}}),
        (
            '<episode-num system="onscreen">1x02</episode-num>',
            {"episode": {"season": 1, "number": 2, "onscreen": "1x02"}},
        ),
        ("<date>soon</date><video><quality>SD</quality></video><category> </category>", {}),
    ],
)
def test_what_is_empty_or_odd_leaves_no_trace(inner: str, told: dict[str, Any]) -> None:
    rows, _ = read(document(show(f"<title>A</title>{inner}")))
    assert rows[0][3] == {"title": "A", **told}


def test_only_the_window_is_kept_and_what_lies_behind_it_is_known() -> None:
    rows, reader = read(
        document(
            show(start="20251008200000", stop="20251008205900"),
            show(start="20251008200000", stop="20251008210100"),
            show(start="20251017210000"),
            show(start="20251017205959"),
            show(start="20251020210000"),
        )
    )
    assert [row[1] for row in rows] == [moment("20251008200000"), moment("20251017205959")]
    assert (reader.seen, reader.beyond_ms) == (5, moment("20251017210000"))


def test_what_has_no_time_no_channel_or_no_title_is_counted() -> None:
    rows, reader = read(
        document(
            show(start="soon"), show(channel=" "), show("<title> </title>"), show("<title>&amp;nbsp;</title>"), show()
        )
    )
    assert (len(rows), reader.rejected) == (1, 4)


@pytest.mark.parametrize("stop", ["20251009210000", "20251009200000", "20251012210000", "never"])
def test_a_stop_that_makes_no_sense_is_none(stop: str) -> None:
    assert read(document(show(stop=stop)))[0][0][2] is None


@pytest.mark.parametrize(
    ("data", "title"),
    [
        (document(show("<title>Caf&eacute;&nbsp;&hearts;</title>")), "Café\xa0♥"),
        (document(show("<title>Tom & Jerry &co; ?a=1&b=2 &#0;&#39;&#x41;</title>")), "Tom & Jerry &co; ?a=1&b=2  'A"),
        (document(show("<title>a\x01b\x0cc</title>")), "a b c"),
        (document(show("<title><![CDATA[Tom & <b>Jerry</b>]]></title>")), "Tom & <b>Jerry</b>"),
        (document(show("<title>X &amp;amp; Y</title>")), "X & Y"),
        (HEAD + show("<title>Caf\xe9 Stra\xdfe</title>").encode("latin-1") + b"</tv>", "Café Straße"),
        (HEAD + show("<title>A\ufffeB</title>").encode() + b"</tv>", "AB"),
        (b"\xef\xbb\xbf" + document(show("<title>\u00e9</title>")), "é"),
        (b"Warning: mysql_connect()\n\n" + document(show()), "A"),
        (document(show()) + b"\0\0 <junk> & more", "A"),
        (document(show()).replace(b"UTF-8", b"no-such-thing"), "A"),
        (document(show()).replace(b"UTF-8", b"base64"), "A"),
        (document(show("<title>\u0416</title>")).decode().replace("UTF-8", "windows-1251").encode("cp1251"), "Ж"),
        (document(show("<title>\u0416</title>")).decode().replace("UTF-8", "utf-16").encode("utf-16"), "Ж"),
        (document('{"error": "cache"}', show()), "A"),
    ],
)
def test_what_is_only_written_badly_is_mended(data: bytes, title: str) -> None:
    assert read(data)[0][0][3]["title"].strip() == title


def zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("readme.txt", "not this")
        archive.writestr("guide.xml", data)
    return file.getvalue()


def twice(data: bytes) -> bytes:
    return gzip.compress(gzip.compress(data))


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, zipped, twice])
def test_packed_files_are_known_by_their_bytes(pack: Any) -> None:
    assert len(read(pack(document(show())))[0]) == 1


def test_concatenated_gzip_members_are_one_file() -> None:
    data = document(show())
    assert len(read(gzip.compress(data[:80]) + gzip.compress(data[80:]))[0]) == 1


LONG = document(*(show(start=f"202510{day:02d}{hour:02d}0000") for day in range(9, 17) for hour in range(24)))


@pytest.mark.parametrize("data", [LONG[:-6], LONG[: len(LONG) // 2], LONG[:-20], gzip.compress(LONG)[:-20]])
def test_a_cut_file_is_refused(data: bytes) -> None:
    with pytest.raises(Unavailable, match="cut"):
        read(data)


BOMB = b"<!DOCTYPE tv [" + b"".join(
    b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10 if n else b"lol" * 10) for n in range(9)
)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<!DOCTYPE html><html><body>Not here</body></html>", "root is html"),
        (b'{"error": "no such user"}', "no XMLTV"),
        (b"error", "no XMLTV"),
        (BOMB + b"]><tv>&l8;</tv>", "entities of its own"),
        (b'<!DOCTYPE tv [<!ENTITY x SYSTEM "file:///etc/passwd">]><tv>&x;</tv>', "entities of its own"),
        (document("<programme></channel>"), "damaged"),
        (document("<a" * 10), "damaged"),
    ],
)
def test_what_is_no_guide_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(Malformed, match=said):
        read(data)


def test_no_file_is_fetched_for_a_doctype() -> None:
    """A document type may name a file anywhere; it is not looked at."""
    data = document(show()).replace(b'"xmltv.dtd"', b'"http://127.0.0.1:1/xmltv.dtd"')
    assert len(read(data)[0]) == 1


def test_an_empty_guide_is_read_as_one() -> None:
    rows, reader = read(b"<tv/>")
    assert (rows, reader.seen) == ([], 0)


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_where_pieces_end_changes_nothing(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = document(
        show("<title>Caf\xe9 &amp; Tom & Jerry &eacute; <![CDATA[a > b & c]]></title><desc>\u20ac\U0001f600</desc>"),
        "<channel id='x'><display-name>\u00dcb > er</display-name></channel>",
        show("<title>B</title>", start="20251009220000"),
    )
    whole, reader = read(data)
    monkeypatch.setattr("app.epg.mending.HEAD", 128)
    monkeypatch.setattr("app.epg.mending.PIECE", size)
    assert read(data)[0] == whole
    assert len(whole) == 2
    assert reader.channels["x"].names == ["\u00dcb > er"]


def test_endless_tokens_are_refused_before_they_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.epg.mending.MAX_TOKEN", 1000)
    monkeypatch.setattr("app.epg.mending.PIECE", 100)
    monkeypatch.setattr("app.epg.mending.HEAD", 100)
    with pytest.raises(ProviderError):
        read(HEAD + b"<programme start='" + b"x" * 100_000)


def test_memory_follows_the_batch_and_not_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.epg.xmltv.BATCH", 100)
    monkeypatch.setattr("app.epg.mending.PIECE", 16_384)
    monkeypatch.setattr("app.epg.mending.HEAD", 16_384)
    text = "<title>T</title><desc>" + "What it is about. " * 10 + "</desc>"
    shows = "".join(show(text, start=f"202510{day:02d}{hour:02d}0000") for day in range(9, 17) for hour in range(24))

    def peak(times: int) -> int:
        """Bytes, for a guide of so many times 192 programmes."""
        packed = io.BytesIO(gzip.compress(document(shows * times), 1))
        tracemalloc.start()
        reader = XmltvReader(opened(packed), since_ms=AT - DAY, until_ms=AT + 8 * DAY)
        assert sum(map(len, reader.batches())) == 192 * times
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(1)  # what is only made once
    assert peak(60) < 1.5 * peak(6)
