"""The portal's own guide: all channels in one answer where it has that, else what is on next, channel by channel."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any, Final

from msgspec import DecodeError, Raw, Struct
from msgspec.json import Decoder

from app.core.errors import Malformed
from app.domain.programmes import ProgrammeRecord, document, plain_text, stop_of
from app.domain.values import epoch_ms, local_ms, names, text
from app.providers.stalker.classify import Answer, Blank
from app.providers.stalker.envelope import opening, respelled
from app.providers.stalker.session import Session

LARGEST: Final = 64 * 1024 * 1024  # bytes; a thousand channels and a week are about 50 MB
PERIODS: Final = (1.0, 0.5, 0.25, 0.125, 0.0)  # of the hours wanted, less whenever the answer is too large
LEAST_HOURS: Final = 3  # what portals answer by default
FEW: Final = 60  # channels that may be asked for one by one; more of such calls get an address banned
SIZE: Final = "20"  # programmes of one channel


class _Row(Struct, frozen=True, gc=False):
    name: Any = None
    descr: Any = None
    category: Any = None
    director: Any = None
    actor: Any = None
    start_timestamp: Any = None
    stop_timestamp: Any = None
    time: Any = None
    time_to: Any = None


class _Info(Struct, frozen=True):
    data: Raw = Raw(b"")


_INFO: Final = Decoder(_Info)
_CHANNELS: Final = Decoder(dict[str, Raw])
_ROWS: Final = Decoder(list[_Row])


class OwnGuide:
    """Asks one portal for its programmes."""

    def __init__(self, session: Session, *, timezone: str) -> None:
        self._session = session
        self._timezone = timezone

    async def batches(self, channels: Sequence[str], hours: int) -> AsyncGenerator[Sequence[ProgrammeRecord], None]:
        """The programmes of the coming hours, a batch for each channel; `channels` are the portal's own ids."""
        found = await self._all(hours)
        if found:
            for channel, rows in found.items():
                yield self._records(channel, _rows(rows))
            return
        for channel in channels if len(channels) <= FEW else ():
            yield self._records(channel, await self._next(channel))

    async def _all(self, hours: int) -> dict[str, Raw]:
        """What each channel shows, still encoded: one is decoded at a time. Empty where the portal does not say."""
        for share in PERIODS:
            period = max(LEAST_HOURS, int(hours * share))
            params = {"type": "itv", "action": "get_epg_info", "period": str(period)}
            try:
                return await self._session.ask(params, _channels, most=LARGEST)
            except Blank:
                return {}
            except Malformed:
                if period == LEAST_HOURS:
                    raise
        return {}

    async def _next(self, channel: str) -> list[_Row]:
        params = {"type": "itv", "action": "get_short_epg", "ch_id": channel, "size": SIZE}
        try:
            return await self._session.ask(params, _short)
        except (Blank, Malformed):
            return []  # one channel that the portal cannot tell of is no reason to ask for none

    def _records(self, channel: str, rows: Sequence[_Row]) -> list[ProgrammeRecord]:
        return [record for row in rows if (record := self._record(channel, row)) is not None]

    def _record(self, channel: str, row: _Row) -> ProgrammeRecord | None:
        # The texts are on the clock of the box, and some panels shift them: the timestamps are what is meant.
        start = epoch_ms(row.start_timestamp) or local_ms(row.time, self._timezone)
        title = plain_text(text(row.name))
        if start is None or not title:
            return None
        stop = epoch_ms(row.stop_timestamp) or local_ms(row.time_to, self._timezone)
        told = {
            "title": title,
            "description": plain_text(text(row.descr)),
            "categories": list(names(row.category)),
            "directors": list(names(row.director)),
            "actors": list(names(row.actor)),
        }
        return ProgrammeRecord(channel, start, stop_of(start, stop), document(told))


def _channels(answer: Answer) -> dict[str, Raw]:
    """`{"data": {"812": […]}}`, or the same without `data`; an empty list is how PHP spells an empty object."""
    if answer.nothing or answer.complaint:
        return {}
    js = answer.js
    for _ in range(2):
        try:
            data = _INFO.decode(js).data if opening(js) == b"{" else Raw(b"")
            found = data if opening(data) else js
            return _CHANNELS.decode(found) if opening(found) == b"{" else {}
        except UnicodeDecodeError:
            js = respelled(js)
        except DecodeError:
            break
    raise Malformed("The portal answered with a guide that cannot be read.")


def _rows(value: Raw) -> list[_Row]:
    try:
        return _ROWS.decode(value) if opening(value) == b"[" else []
    except (DecodeError, UnicodeDecodeError):
        return []


def _short(answer: Answer) -> list[_Row]:
    if answer.nothing or answer.complaint:
        return []
    js = answer.js
    return _rows(_INFO.decode(js).data if opening(js) == b"{" else js)
