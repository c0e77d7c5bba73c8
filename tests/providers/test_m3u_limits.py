"""What a list costs, where it may come from, and how it may end."""

import io
import tracemalloc

import pytest

from app.core.errors import Malformed, Rejected, Unavailable
from app.domain.kinds import Kind
from app.providers.m3u import catalogue, lines, shelf, source
from app.providers.m3u.home import Home
from app.providers.m3u.records import Maker
from tests.providers.m3u_list import served

HOME = Home.of("http://list.example.test/get.php?username=fake-user&password=fake-pass&type=m3u_plus")
FEW, MANY = 1_500, 6_000
EACH = 75  # bytes; as objects an entry takes a thousand


def of_all_kinds(entries: int) -> bytes:
    """Channels, movies, and episodes of series with twenty each."""
    text = ["#EXTM3U\n"]
    for number in range(entries):
        folder, name = (
            ("live", f"Channel {number}"),
            ("movie", f"Movie {number} (2019)"),
            ("series", f"Series {number // 60} S{number // 15 % 4:02d}E{number % 15:02d}"),
        )[number % 3]
        text.append(
            f'#EXTINF:-1 tvg-id="id{number}" tvg-name="{name}" tvg-logo="http://i.example.test/{number}.png" '
            f'group-title="Group {number % 50}",{name}\n'
            f"http://list.example.test/{folder}/fake-user/fake-pass/{number}.ts\n"
        )
    return "".join(text).encode()


async def peak(entries: int) -> int:
    """Bytes that reading a list and making all its records take beside the file itself."""
    file = io.BytesIO(of_all_kinds(entries))
    tracemalloc.start()
    try:
        found = await catalogue.read_list(file, HOME)
        maker, made = Maker(found), 0
        for kind in (Kind.CHANNEL, Kind.MOVIE):
            for item in found.shelves[kind].items():
                maker.record(kind, *item)
                made += 1
        made += sum(maker.series(key, draft).episode_count or 0 for key, draft in found.series.items())
        assert made > entries * 0.9
        found.close()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


async def test_memory_is_bounded_by_pieces_and_not_by_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "PIECE", 4 * 1024)
    monkeypatch.setattr(shelf, "IN_MEMORY", 4 * 1024)
    monkeypatch.setattr(shelf, "PIECE", 4 * 1024)
    await peak(FEW)  # what is made once
    few, many = await peak(FEW), await peak(MANY)
    assert (many - few) / (MANY - FEW) < EACH


async def test_a_list_that_always_ends_in_an_entry_without_address_ends_so() -> None:
    body = "#EXTM3U\n#EXTINF:-1,A\nhttp://h/a.ts\n#EXTINF:-1,Open\n"
    async with served(body) as case:
        assert [one.name for one in await case.records(Kind.CHANNEL)] == ["A"]
        assert len(case.server.asked) == 2
        assert ["Open" in one.raw for one in await case.rejected()] == [True]


async def test_an_end_that_differs_or_that_no_length_vouches_for_is_a_cut() -> None:
    body = "#EXTM3U\n#EXTINF:-1,A\nhttp://h/a.ts\n#EXTINF:-1,Open\n"
    async with served(body, measured=False) as case:
        with pytest.raises(Unavailable, match="cut"):
            await case.records(Kind.CHANNEL)
    bodies = iter([body, body + "#EXTINF:-1,More\n", body + "http://h/b.ts\n"])
    async with served(lambda: next(bodies), retries=2) as case:
        assert [one.name for one in await case.records(Kind.CHANNEL)] == ["A", "Open"]
        assert len(case.server.asked) == 3


async def test_a_list_of_a_network_that_is_not_allowed_is_never_asked_for() -> None:
    async with served("#EXTM3U\n", networks="public") as case:
        with pytest.raises(Rejected, match="127"):
            await case.records(Kind.CHANNEL)
        assert not (await case.provider.test()).ok
        assert not case.server.asked


async def test_a_list_that_is_too_large_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_LIST", 4096)
    async with served("#EXTM3U\n" + "#EXTINF:-1,A\nhttp://h/a.ts\n" * 500) as case:
        with pytest.raises(Malformed):
            await case.records(Kind.CHANNEL)
