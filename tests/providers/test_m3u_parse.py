"""Lists as they are found in the wild: every malformation is read as its writer meant it, or refused as what it is."""

import io
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import Malformed, Rejected, Unavailable
from app.providers.m3u import lines
from app.providers.m3u.catalogue import Catalogue, read_list
from app.providers.m3u.home import Home
from app.providers.m3u.lines import texts
from app.providers.m3u.parse import Entry, ListParser
from app.providers.m3u.sniff import sniffed

URL = "http://s.example.test/1.ts"
HOME = Home.of("http://list.example.test/get.php?username=fake-user&password=fake-pass&type=m3u_plus")


def parsed(body: bytes | str) -> list[Entry]:
    parser = ListParser()
    file = io.BytesIO(body.encode() if isinstance(body, str) else body)
    return [entry for text in texts(file) for entry in parser.feed(text)]


def one(extinf: str) -> Entry:
    (entry,) = parsed(f"#EXTM3U\n#EXTINF:{extinf}\n{URL}\n")
    assert entry.url == URL
    return entry


NAMES = {
    '-1 tvg-id="a",Name': ("Name", {"tvg-id": "a"}),
    '-1 tvg-id="a" ,Name': ("Name", {"tvg-id": "a"}),
    "-1,Name": ("Name", {}),
    "0,Name": ("Name", {}),
    ",Name": ("Name", {}),
    "-1 Name": ("Name", {}),
    '-1,tvg-id="a",Name': ("Name", {"tvg-id": "a"}),
    '-1 tvg-id="a",group-title="b",Name': ("Name", {"tvg-id": "a", "group-title": "b"}),
    '-1tvg-id="a",Name': ("Name", {"tvg-id": "a"}),
    '-1 TVG-ID="a" Group-Title="b",Name': ("Name", {"tvg-id": "a", "group-title": "b"}),
    "-1 tvg-id='a' group-title='B C',Name": ("Name", {"tvg-id": "a", "group-title": "B C"}),
    "-1 tvg-id=a group-title=B,Name": ("Name", {"tvg-id": "a", "group-title": "B"}),
    '-1 tvg-id=a tvg-name="B\'s",Name': ("Name", {"tvg-id": "a", "tvg-name": "B's"}),
    '-1 tvg-logo="http://i/a_CR0,0,182,268_.jpg",Name': ("Name", {"tvg-logo": "http://i/a_CR0,0,182,268_.jpg"}),
    "-1 tvg-logo='http://i/a,0,1.jpg' tvg-id=\"x\",One, the first": (
        "One, the first",
        {"tvg-logo": "http://i/a,0,1.jpg", "tvg-id": "x"},
    ),
    '-1 tvg-id="a",One, the first': ("One, the first", {"tvg-id": "a"}),
    '-1 tvg-id="a",The "Best" One': ('The "Best" One', {"tvg-id": "a"}),
    '-1 tvg-id="a",Say "Hi", she said': ('Say "Hi", she said', {"tvg-id": "a"}),
    '-1 tvg-name="The "Best" One" tvg-id="a",Name': ("Name", {"tvg-name": 'The "Best" One', "tvg-id": "a"}),
    '-1 tvg-name="The "Best" One",Name': ("Name", {"tvg-name": 'The "Best" One'}),
    '-1 tvg-id="" tvg-name="x" tvg-logo="" group-title="G",': (
        "",
        {"tvg-id": "", "tvg-name": "x", "tvg-logo": "", "group-title": "G"},
    ),
    '-1 tvg-id="a" tvg-name="b"': ("", {"tvg-id": "a", "tvg-name": "b"}),
    '-1 tvg-id = "a" , Name': ("Name", {"tvg-id": "a"}),
    '123.5 tvg-id="a",Name': ("Name", {"tvg-id": "a"}),
    '-1 tvg-id="a",x=y': ("x=y", {"tvg-id": "a"}),
    "-1,x=y": ("x=y", {}),
    '-1 tvg-id="a"  tvg-name="b"\t,Name ': ("Name", {"tvg-id": "a", "tvg-name": "b"}),
    '-1 tvg-id="open,Name': ("Name", {"tvg-id": "open"}),
    '-1 tvg-id="ü" group-title="Фильмы;Kino",Ünï': ("Ünï", {"tvg-id": "ü", "group-title": "Фильмы;Kino"}),
}


@pytest.mark.parametrize("extinf", NAMES)
def test_names_and_attributes_are_found_however_they_are_quoted(extinf: str) -> None:
    entry = one(extinf)
    assert (entry.name, entry.attributes) == NAMES[extinf]


def test_durations_are_numbers_or_unknown() -> None:
    assert [one(f"{said},A").duration for said in ("-1", "0", "123", "123.5", "", "abc")] == [-1, 0, 123, 123.5, -1, -1]


def test_directives_belong_to_the_entry_around_them() -> None:
    first, second, third = parsed(
        f"""#EXTM3U
#KODIPROP:inputstream=inputstream.adaptive
#EXTVLCOPT:http-user-agent=A
#EXTINF:-1 tvg-id="a",One
#EXTVLCOPT:http-referrer=http://r/

#UNKNOWN:thing
{URL}
#EXTINF:-1,Two
{URL}?2
#EXTINF:-1,Three
#EXT-X-PLAYLIST-TYPE:VOD
{URL}?3
"""
    )
    assert first.name == "One"
    assert first.directives == [
        "#KODIPROP:inputstream=inputstream.adaptive",
        "#EXTVLCOPT:http-user-agent=A",
        "#EXTVLCOPT:http-referrer=http://r/",
    ]
    assert second.directives is None
    assert third.directives == ["#EXT-X-PLAYLIST-TYPE:VOD"]


def test_a_group_directive_holds_until_the_next_one_or_a_group_of_an_entry() -> None:
    entries = parsed(
        f"""#EXTM3U
#EXTINF:-1,Zero
{URL}?0
#EXTGRP:News
#EXTINF:-1,One
{URL}?1
#EXTINF:-1,Two
{URL}?2
#EXTINF:-1 group-title="Own",Three
{URL}?3
#EXTINF:-1,Four
{URL}?4
#EXTINF:-1,Five
#EXTGRP:Sport
{URL}?5
#EXTINF:-1 group-title="",Six
{URL}?6
#EXTGRP:
#EXTINF:-1,Seven
{URL}?7
"""
    )
    assert [entry.group for entry in entries] == ["", "News", "News", "Own", "", "Sport", "Sport", ""]


def test_an_entry_without_an_address_is_refused_and_the_next_one_lives() -> None:
    parser = ListParser()
    entries = parser.feed(f"#EXTM3U\n#EXTINF:-1,Lost\n#EXTINF:-1,Kept\n{URL}\n#EXTINF:-1,Open\n")
    assert [entry.name for entry in entries] == ["Kept"]
    assert ["Lost" in refused.raw for refused in parser.refused] == [True]
    assert parser.open


def test_addresses_without_entries_are_entries_and_notices_are_not() -> None:
    entries = parsed(
        "<br />\n<b>Notice</b>: x in /var/www/a.php on line 1\nhttp://s/a.ts\nrtmp://s/b\nlocal/c.m3u8\nnote\n"
    )
    assert [entry.url for entry in entries] == ["http://s/a.ts", "rtmp://s/b", "local/c.m3u8"]


def test_the_header_is_found_in_any_case_or_missing() -> None:
    for head in (
        '#EXTM3U url-tvg="http://g/a.xml"',
        "#extm3u URL-TVG='http://g/a.xml'",
        "#EXTM3U: url-tvg=http://g/a.xml",
    ):
        parser = ListParser()
        assert parser.feed(f"{head}\n#extinf:-1,A\n{URL}\n")[0].name == "A"
        assert parser.header == {"url-tvg": "http://g/a.xml"}
        assert parser.extended
    assert parsed(f"#EXTINF:-1,A\n{URL}")[0].name == "A"


TEXT = '#EXTM3U\n#EXTINF:-1 group-title="Ciné",Café Übermut\nhttp://s.example.test/é.ts\n'
ENCODED = {
    "utf-8": TEXT.encode(),
    "bom": b"\xef\xbb\xbf" + TEXT.encode(),
    "cp1252": TEXT.encode("cp1252"),
    "utf-16": TEXT.encode("utf-16"),
    "utf-16-be": b"\xfe\xff" + TEXT.encode("utf-16-be"),
    "utf-16 without a mark": TEXT.encode("utf-16-le"),
    "crlf": TEXT.replace("\n", "\r\n").encode(),
    "cr": TEXT.replace("\n", "\r").encode(),
    "mixed ends": TEXT.replace("\n", "\r\n", 1).encode() + b"\r\n\n",
    "nuls": TEXT.replace("é", "é\0").encode(),
    "blanks": TEXT.replace("\n", "  \t\n\n  ").encode(),
}


@pytest.mark.parametrize("piece", [1 << 18, 7], ids=["whole", "in bits"])
@pytest.mark.parametrize("body", ENCODED.values(), ids=ENCODED)
def test_every_encoding_and_line_end_reads_the_same(body: bytes, piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "PIECE", piece)
    (entry,) = parsed(body)
    assert (entry.name, entry.group, entry.url) == ("Café Übermut", "Ciné", "http://s.example.test/é.ts")


def test_one_broken_line_does_not_spoil_the_others() -> None:
    body = f"#EXTINF:-1,Ünï\n{URL}\n".encode() + "#EXTINF:-1,Café\n".encode("cp1252") + f"{URL}?2\n".encode()
    body += "#EXTINF:-1,Россия 1\n".encode("cp1251") + f"{URL}?3\n".encode() + f"#EXTINF:-1,Ж\n{URL}?4\n".encode()
    assert [entry.name for entry in parsed(body)] == ["Ünï", "Café", "Россия 1", "Ж"]


def test_lines_may_be_long_but_not_endless() -> None:
    long = "http://s.example.test/" + "a" * 70_000 + ".ts"
    logo = "data:image/png;base64," + "A" * 300_000
    (entry,) = parsed(f'#EXTINF:-1 tvg-logo="{logo}",A\n{long}\n')
    assert entry.url == long
    assert entry.attributes["tvg-logo"] == logo
    with pytest.raises(Malformed):
        parsed(b"#EXTINF:-1," + b"a" * (lines.LONGEST + 2 * lines.PIECE))


def test_a_line_of_open_quotes_takes_no_time() -> None:
    assert one("-1 " + 'a="b"c ' * 9_000 + ",Name").attributes


async def read(body: bytes | str) -> Catalogue:
    return await read_list(io.BytesIO(body.encode() if isinstance(body, str) else body), HOME)


ENTRIES = "".join(f"#EXTINF:-1,Channel {n}\nhttp://s.example.test:8080/live/u/p/{n}.ts\n" for n in range(100, 120))


def cuts() -> Iterator[int]:
    """Every place in the last two entries but the ends of their lines."""
    start = ENTRIES.rindex("#EXTINF", 0, ENTRIES.rindex("#EXTINF"))
    for at in range(start + 1, len(ENTRIES) - 1):
        before = ENTRIES[:at]
        if not before.endswith(".ts") and not before.endswith(".ts\n"):
            yield at


async def test_a_list_that_ends_inside_an_entry_was_cut() -> None:
    for at in cuts():
        with pytest.raises(Unavailable, match="cut"):
            await read("#EXTM3U\n" + ENTRIES[:at])
    for whole in (ENTRIES, ENTRIES[:-1], "#EXTM3U\n"):
        (await read(whole)).close()


HLS = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#EXTINF:9,\n1.ts\n"
NO_LISTS = {
    "hls media": (HLS, Malformed),
    "hls master": ("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlow.m3u8\n", Malformed),
    "html": ("<!DOCTYPE html><html><body>Please wait</body></html>", Rejected),
    "html with an address": ("<html>\nhttp://x.example.test/\n</html>", Rejected),
    "json": ('{"user_info":{"auth":0}}', Rejected),
    "json of something": ('{"a":1}', Malformed),
    "words of refusal": ("Your account has expired", Rejected),
    "other words": ("error", Malformed),
    "blank": (" \r\n\t\n", Unavailable),
}


@pytest.mark.parametrize("name", NO_LISTS)
async def test_what_is_no_list_is_refused_as_what_it_is(name: str) -> None:
    body, error = NO_LISTS[name]
    with pytest.raises(error):
        (await read(body)).close()
    with pytest.raises(error):
        sniffed(body)


async def test_session_data_of_panels_makes_no_hls_playlist() -> None:
    (await read(f'#EXTM3U\n#EXT-X-SESSION-DATA:DATA-ID="com.xui.1"\n{ENTRIES}')).close()


LINES = [
    "#EXTM3U", "#EXTINF:-1,A", '#EXTINF:-1 tvg-id="a" x=\'b\' c=d,A, "B"', "#EXTINF", "#EXTINF:", "http://h/1.ts",
    "x y", "#extinf:-1,C", "#EXT-X-PLAYLIST-TYPE:VOD", "#EXTGRP:G", "#KODIPROP:a=b",
    "#EXTVLCOPT", "", " ", "\r", "\0", '"', "#", "|a=b", "http//h/2",
    "\x85", "\u2028",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(LINES)), st.integers(1, 40))
def test_whatever_stands_in_a_list_pieces_do_not_change_it(parts: list[str], piece: int) -> None:
    body = "\n".join(parts).encode()
    whole = parsed(body)
    before, lines.PIECE = lines.PIECE, piece  # type: ignore[misc]
    try:
        assert parsed(body) == whole
    finally:
        lines.PIECE = before  # type: ignore[misc]
