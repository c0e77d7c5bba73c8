"""The XMLTV outputs: against the structure that the DTD demands, and against the validator of XMLTV where it is."""

import asyncio
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import insert, update
from sqlmodel import col

from app.core import jsonio
from app.db.tables import EpgMatch, Guide, GuideChannel, Programme
from app.domain.kinds import Kind
from app.domain.records import ChannelRecord
from app.playlists import xmltv
from tests.playlists.conftest import Store, channels
from tests.support.server import Served

C = Kind.CHANNEL
HOUR = 3_600_000
NOON = 1_789_992_000_000  # of 2026-09-21
# What may stand below what, in which order, and how often (`+` = at least once, `?` = at most once, `*` = any number).
CHILDREN: Final = {
    "tv": "channel* programme*",
    "channel": "display-name+ icon* url*",
    "programme": (
        "title+ sub-title* desc* credits? date? category* keyword* language? orig-language? length? icon* url* "
        "country* episode-num* video? audio? previously-shown? premiere? last-chance? new? subtitles* rating* "
        "star-rating* review* image*"
    ),
    "credits": "director* actor* writer* adapter* producer* composer* editor* presenter* commentator* guest*",
    "video": "present? colour? aspect? quality?",
    "rating": "value icon*",
    "star-rating": "value icon*",
}
NEEDED: Final = {"channel": {"id"}, "programme": {"start", "channel"}, "icon": {"src"}}
ALLOWED: Final = {
    "tv": {"generator-info-name", "date"},
    "programme": {"start", "stop", "channel"},
    "episode-num": {"system"},
    **{name: names for name, names in NEEDED.items() if name != "programme"},
}
TOOL: Final = shutil.which("tv_validate_file")
DTD: Final = Path("/usr/share/xmltv/xmltv.dtd")
EMPTY: Final = {"icon", "previously-shown"}
ELEMENT: Final = re.compile(r"<!ELEMENT\s+([\w-]+)\s+\(([^#]*?)\)\s*>")
EMPTY_ELEMENT: Final = re.compile(r"<!ELEMENT\s+([\w-]+)\s+(EMPTY)?")
ATTLIST: Final = re.compile(r"<!ATTLIST\s+([\w-]+)\s+(.*?)>", re.DOTALL)
FULL: Final = {
    "title": "Näws & <Views> \x07\x85",
    "subTitle": "One",
    "description": "Line one\nline two ]]> “end”",
    "directors": ["D"],
    "actors": ["A & B", "C"],
    "writers": ["W"],
    "presenters": ["P"],
    "date": "2019-04-01",
    "categories": ["News", "Talk"],
    "keywords": ["k"],
    "language": "en",
    "icon": 'http://i.test/p.png?a=1&b="2"',
    "country": "GB",
    "episode": {"season": 1, "number": 2, "part": 1},
    "ageRating": "PG",
    "rating": 7.4,
    "isNew": True,
    "isPremiere": True,
    "isRepeat": True,
    "isHd": True,
    "isLive": True,
    "catchupId": "x",
}


def check(element: ET.Element) -> None:
    """Fails where a file is not what the DTD of XMLTV allows."""
    model = CHILDREN.get(element.tag)
    if model is None:
        assert not list(element), element.tag
        assert element.tag in EMPTY | {"premiere", "new"} or (element.text or "").strip(), element.tag
    else:
        pattern = (
            " ".join(
                f"(?:{re.escape(one.rstrip('+?*'))} ){one[-1] if one[-1] in '+?*' else ''}" for one in model.split()
            )
            .replace(") (", ")(")
            .replace(")* ", ")*")
            .replace(")+ ", ")+")
            .replace(")? ", ")?")
        )
        assert re.fullmatch(pattern, "".join(f"{child.tag} " for child in element)), [child.tag for child in element]
    assert NEEDED.get(element.tag, set()) <= set(element.attrib) <= ALLOWED.get(element.tag, set()), element.attrib
    for child in element:
        check(child)


async def schedule(
    store: Store, pk: int, shows: dict[int, Sequence[tuple[int, dict[str, Any]]]], shift: int = 0
) -> int:
    """A guide of this provider: hour and document of the shows of each channel, by ordinal."""
    async with store.database.writer() as writer:
        row = {"id": f"g{pk}", "provider_pk": pk, "position": 0, "origin": "option", "generation": pk, "changed_at": 1}
        guide = int(await writer.scalar(insert(Guide).values(**row).returning(col(Guide.pk))))
        for ordinal, told in shows.items():
            channel = {"guide_pk": guide, "number": ordinal, "channel_id": f"c{ordinal}", "names": b"[]"}
            await writer.execute(insert(GuideChannel).values(**channel, programmes=len(told)))
            match = {"provider_pk": pk, "ordinal": ordinal, "guide_pk": guide, "number": ordinal}
            await writer.execute(insert(EpgMatch).values(**match, shift_ms=shift, method="id", score=1.0))
            for hour, document in told:
                start = NOON + hour * HOUR
                show = {"generation": pk, "number": ordinal, "start_ms": start, "stop_ms": start + HOUR}
                await writer.execute(insert(Programme).values(**show, body=jsonio.dumps(document)))
    return guide


async def guide_of(served: Served, **definition: Any) -> tuple[bytes, ET.Element, str]:
    body = {"name": "Guide", "definition": definition}
    one = await served.json("POST", "/api/playlists", 201, json=body)
    answer = await served.client.get(one["links"]["epg"])
    assert answer.status_code == 200
    root = ET.fromstring(answer.content)
    check(root)
    return answer.content, root, one["links"]["epg"]


def named(*ids: str | None) -> list[Any]:
    return [
        ChannelRecord(external_id=str(number), name=f"Channel {number}", epg_id=epg_id, category_ids=("1",))
        for number, epg_id in enumerate(ids, 1)
    ]


async def test_a_guide_says_all_that_is_known_of_a_show_as_the_dtd_has_it(served: Served, stocked: Store) -> None:
    channel = ChannelRecord(external_id="1", name='One & "Only"', number=7.1, logo="http://i.test/1.png?a&b")
    pk = await stocked.stock({C: [channel]})
    await schedule(stocked, pk, {0: [(0, FULL), (1, {"title": "Plain"})]})
    _, root, _ = await guide_of(served, names="original")
    [entry] = await stocked.entries()
    [told] = root.findall("channel")
    assert told.get("id") == entry.guide_id
    assert [one.text for one in told.findall("display-name")] == ['One & "Only"', "7.1"]
    first, second = root.findall("programme")
    assert first.find("icon") is not None
    assert (first.get("channel"), first.get("start"), first.get("stop")) == (
        entry.guide_id,
        "20260921120000 +0000",
        "20260921130000 +0000",
    )
    assert {one.tag: one.text for one in first if len(one) == 0} == {
        "title": "Näws & <Views>",
        "sub-title": "One",
        "desc": "Line one\nline two ]]> “end”",
        "date": "20190401",
        "category": "Talk",
        "keyword": "k",
        "language": "en",
        "icon": None,
        "country": "GB",
        "episode-num": "S01E02",
        "previously-shown": None,
        "premiere": None,
        "new": None,
    }
    assert [one.text for one in first.findall("credits/*")] == ["D", "A & B", "C", "W", "P"]
    assert first.findtext("episode-num[@system='xmltv_ns']") == "0.1.0"
    assert (first.findtext("rating/value"), first.findtext("star-rating/value")) == ("PG", "7.4/10")
    assert [one.tag for one in second] == ["title"]


async def test_channels_come_first_and_only_those_with_shows(
    served: Served, stocked: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xmltv, "TOGETHER", 2)
    pk = await stocked.stock({C: channels(7)})
    other = await stocked.stock({C: channels(2)}, name="two")
    await schedule(stocked, pk, {n: [(hour, {"title": f"{n} {hour}"}) for hour in range(3)] for n in (0, 2, 3, 4, 6)})
    await schedule(stocked, other, {1: [(0, {"title": "late"})]}, shift=HOUR)
    _, root, _ = await guide_of(served)
    ids = [one.get("id") for one in root.findall("channel")]
    assert len(ids) == len(set(ids)) == 6
    assert {one.get("channel") for one in root.findall("programme")} == set(ids)
    assert len(root.findall("programme")) == 16
    late = next(one for one in root.findall("programme") if one.findtext("title") == "late")
    assert late.get("start") == "20260921130000 +0000"


async def test_channels_that_share_an_id_are_told_once(served: Served, stocked: Store) -> None:
    pk = await stocked.stock({C: named("one.ex", "one.ex", None)})
    await schedule(stocked, pk, {n: [(0, {"title": f"of {n}"})] for n in range(3)})
    _, root, _ = await guide_of(served, guideIds="provider", timeshift=-1.5)
    assert root.findall("channel")[0].get("id") == "one.ex"
    assert [one.findtext("title") for one in root.findall("programme")] == ["of 0", "of 2"]
    assert root.findall("programme")[0].get("start") == "20260921103000 +0000"


async def test_the_validator_of_xmltv_finds_nothing_wrong(served: Served, stocked: Store, tmp_path: Path) -> None:
    if TOOL is None or not DTD.exists():
        pytest.skip("there is no tv_validate_file (Debian: xmltv-util)")
    pk = await stocked.stock({C: channels(4)})
    await schedule(stocked, pk, {n: [(hour, FULL) for hour in range(4)] for n in range(3)})
    content, _, _ = await guide_of(served)
    file = tmp_path / "guide.xml"
    file.write_bytes(content)
    command = [TOOL, "--dtd-file", str(DTD), str(file)]
    run = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told, _ = await run.communicate()
    assert (run.returncode, told.decode()) == (0, "Validated ok.\n")


async def test_a_new_generation_or_match_makes_a_new_tag(served: Served, stocked: Store) -> None:
    pk = await stocked.stock({C: channels(2)})
    await schedule(stocked, pk, {0: [(0, {"title": "a"})]})
    _, _, url = await guide_of(served)

    async def tag() -> str:
        return (await served.client.get(url)).headers["etag"]

    first = await tag()
    assert await tag() == first
    async with stocked.database.writer() as writer:
        await writer.execute(update(Guide).values(changed_at=2))
    second = await tag()
    async with stocked.database.writer() as writer:
        await writer.execute(update(EpgMatch).values(ordinal=1))
    assert len({first, second, await tag()}) == 3


def test_the_check_says_what_the_dtd_says() -> None:
    if not DTD.exists():
        pytest.skip("there is no DTD of XMLTV (Debian: xmltv-util)")
    declared = re.sub(r"<!--.*?-->", "", DTD.read_text(), flags=re.DOTALL)
    models = {name: " ".join(re.split(r"[\s,]+", model.strip())) for name, model in ELEMENT.findall(declared)}
    assert {name: models[name] for name in CHILDREN} == CHILDREN
    assert {name for name, model in EMPTY_ELEMENT.findall(declared) if model} == EMPTY | {"new"}
    attributes: dict[str, set[str]] = {}
    for name, body in ATTLIST.findall(declared):
        attributes.setdefault(name, set()).update(re.findall(r"([\w-]+)\s+(?:CDATA|\()", body))
    assert all(names <= attributes[name] for name, names in ALLOWED.items())


def test_the_check_finds_what_it_should() -> None:
    good = '<tv><channel id="a"><display-name>A</display-name></channel></tv>'
    check(ET.fromstring(good))
    for bad in (
        '<tv><channel id="a"/></tv>',
        "<tv><channel><display-name>A</display-name></channel></tv>",
        '<tv><programme start="1" channel="a"><desc>d</desc><title>t</title></programme></tv>',
        '<tv><programme start="1" channel="a"><title>t</title><new/><premiere/></programme></tv>',
        '<tv><programme start="1" channel="a"><title/></programme></tv>',
        '<tv><programme start="1" channel="a"><title>t</title></programme>' + good.removeprefix("<tv>"),
    ):
        with pytest.raises(AssertionError):
            check(ET.fromstring(bad))
