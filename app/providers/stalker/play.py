"""Links for this moment. Only here the portal is asked for one: asking during a walk makes portals drop items."""

from collections.abc import Mapping
from typing import Any, Final

from app.core.errors import Rejected, Unavailable
from app.domain.kinds import Kind
from app.domain.values import text
from app.providers.base import StreamLink
from app.providers.stalker.classify import Answer, Blank
from app.providers.stalker.commands import bare, playable
from app.providers.stalker.series import SeriesGuide
from app.providers.stalker.session import Session

BUSY_WORDS: Final = {
    "limit": "All streams of this account are in use.",
    "link_fault": "The portal's server for this stream is out of order.",
    "nothing_to_play": "The portal has nothing to play here at the moment.",
}
REFUSAL_WORDS: Final = {
    "access_denied": "The portal does not allow this account to play this.",
    "player_file_missing": "The file is missing at the portal.",
    "not_allowed": "The portal does not allow this account to play this.",
}
NO_LINK: Final = "The portal gave no link that could be played."
NO_COMMAND: Final = "The portal named nothing to play here; sync again."


class Player:
    """Turns locators into links."""

    def __init__(self, session: Session, guide: SeriesGuide) -> None:
        self._session = session
        self._guide = guide

    async def resolve(self, kind: Kind, locator: Mapping[str, Any]) -> StreamLink:
        """A link that a player can open; raises `Unavailable` or `Rejected` with the reason."""
        if kind is Kind.CHANNEL:
            return await self._channel(locator)
        cmd = await self._command(locator)
        if self._plays(bare(cmd)):
            return self._link(bare(cmd))
        return await self._ask("vod", cmd, text(locator.get("series")) or "0")

    async def _channel(self, locator: Mapping[str, Any]) -> StreamLink:
        cmd = text(locator.get("cmd"))
        if locator.get("direct") and self._plays(bare(cmd)):
            return self._link(bare(cmd))
        if not cmd:
            raise Rejected(NO_COMMAND)
        return await self._ask("itv", cmd, "0")

    async def _command(self, locator: Mapping[str, Any]) -> str:
        """The command of a movie or an episode; episodes of stock portals are played through their best file."""
        if locator.get("episodeOf") == "vod":
            files = await self._guide.files(locator)
            if files:
                return text(files[0].cmd)
        cmd = text(locator.get("cmd"))
        if not cmd:
            raise Rejected(NO_COMMAND)
        return cmd

    async def _ask(self, family: str, cmd: str, series: str) -> StreamLink:
        params = {
            "type": family,
            "action": "create_link",
            "cmd": cmd,
            "series": series,
            "forced_storage": "0",
            "disable_ad": "0",
            "download": "0",
            "force_ch_link_check": "0",
        }
        try:
            answer = await self._session.ask(params, _answered)
        except Blank:
            raise Unavailable(NO_LINK) from None
        link = _link_of(answer)
        url = bare(text(link.get("cmd")))
        error = text(link.get("error")) or answer.complaint
        if error in REFUSAL_WORDS:
            raise Rejected(REFUSAL_WORDS[error])
        if error and not url:
            raise Unavailable(BUSY_WORDS.get(error, NO_LINK))
        if error in BUSY_WORDS or not self._plays(url):
            raise Unavailable(BUSY_WORDS.get(error, NO_LINK))
        return self._link(url)

    def _plays(self, url: str) -> bool:
        return playable(url, self._session.site.netloc)

    def _link(self, url: str) -> StreamLink:
        # Portals bind links to the box that asked for them.
        return StreamLink(url=url, headers={"User-Agent": self._session.box.agent})


def _answered(answer: Answer) -> Answer:
    if answer.nothing and not answer.complaint:
        raise Blank(NO_LINK)
    return answer


def _link_of(answer: Answer) -> Mapping[str, Any]:
    """With advertisements the answer is a playlist; what was asked for comes last."""
    value = None if answer.nothing else answer.value()
    if isinstance(value, list):
        value = next((one for one in reversed(value) if isinstance(one, dict) and one.get("cmd")), {})
    return value if isinstance(value, dict) else {"cmd": value}
