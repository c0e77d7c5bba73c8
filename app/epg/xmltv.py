"""XMLTV files, streamed: channels and programmes in any order, only what a window of time wants.

Only the beginnings of elements are listened to: what an element holds is complete when the next one begins, since none
of those that are wanted has text behind a child. Text goes into a list by the list's own method, without a call into
Python. Whether all of them ended is for the parser to say, at the end of the file.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Final
from xml.parsers import expat

from app.core.errors import Malformed, Unavailable
from app.domain.programmes import ProgrammeRecord, document, moment, plain_text, stop_of
from app.epg.elements import TAKERS, Document, Taker, link
from app.epg.mending import mended

BATCH: Final = 5_000  # programmes handed on together
PIECES: Final = 16  # of 256 KB, after which there is a batch whatever it holds: nobody waits for long
MAX_RUNS: Final = 256  # runs of text in one element, each of at most `RUN` bytes
RUN: Final = 16_384
MAX_ID: Final = 300
MAX_NAMES: Final = 20
MAX_CHANNELS: Final = 500_000
TEXTS: Final = {"title": "title", "sub-title": "subTitle", "desc": "description"}  # one for each language
OUTER: Final = frozenset({"programme", "channel"})
NOTHING: Final[dict[str, str]] = {}
CUT: Final = "The guide was cut: its last tag is missing."
NO_XMLTV: Final = "The file is no XMLTV."
UNENDED: Final = frozenset(
    (expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS], expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_TOKEN])
)
BEHIND: Final = expat.errors.codes[expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT]


@dataclass(slots=True)
class ChannelFacts:
    """What a guide says of a channel; `names` in the order of the file, those of a repeated channel added."""

    names: list[str] = field(default_factory=list)
    icon: str | None = None


class XmltvReader:
    """Reads one file. After `batches` is exhausted its counts and channels are those of the whole file.

    `beyond_ms` = start of the earliest programme behind the window; `rejected` have no time, no channel or no title.
    """

    def __init__(self, file: BinaryIO, *, since_ms: int, until_ms: int, languages: Sequence[str] = ()) -> None:
        self.channels: dict[str, ChannelFacts] = {}
        self.seen = 0
        self.rejected = 0
        self.beyond_ms: int | None = None
        self._pieces = mended(file)
        self._since, self._until = since_ms, until_ms
        self._languages = tuple(language.lower()[:2] for language in languages)
        self._rows: list[ProgrammeRecord] = []
        self._runs: list[str] = []  # of text, since the last beginning of an element
        self._document: Document | None = None  # of the programme that is read, if it is wanted
        self._programme: tuple[str, int, int | None] = ("", 0, None)
        self._channel: ChannelFacts | None = None
        self._liked: dict[str, int] = {}  # place of the language of each text among the preferred ones
        self._takers = TAKERS | self._texts()
        self._begun = False
        self._begin = self._listener()
        self._expat = self._parser()

    def batches(self) -> Iterator[list[ProgrammeRecord]]:
        """The wanted programmes in the order of the file.

        Raises `Malformed` when the file is no XMLTV, `Unavailable` when it was cut.
        """
        for number, piece in enumerate(self._pieces, 1):
            if not self._feed(piece):
                break
            if len(self._rows) >= BATCH or number % PIECES == 0:
                yield self._take()
        else:
            self._feed(b"", last=True)
        self._expat.buffer_text = False  # hands out the text that it holds
        self._begin("programme", NOTHING)  # behind the last element nothing begins
        yield self._take()

    def _take(self) -> list[ProgrammeRecord]:
        rows, self._rows = self._rows, []
        return rows

    def _feed(self, piece: bytes, *, last: bool = False) -> bool:
        """False when the document ended before the file did."""
        try:
            self._expat.Parse(piece, last)
        except expat.ExpatError as error:
            if error.code == BEHIND:
                return False
            if not self._begun:
                raise Malformed(NO_XMLTV) from None
            if last and error.code in UNENDED:
                raise Unavailable(CUT) from None
            raise Malformed(f"The guide is damaged: {expat.ErrorString(error.code)} (line {error.lineno}).") from None
        if len(self._runs) > MAX_RUNS:
            del self._runs[MAX_RUNS:]
        return True

    def _parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.buffer_size = RUN
        parser.StartElementHandler = self._begin
        parser.CharacterDataHandler = self._runs.append
        parser.EntityDeclHandler = _refuse_entities
        return parser

    def _listener(self) -> Callable[[str, dict[str, str]], None]:
        """What is called for every element: a closure, since its own names are found at half the cost."""
        runs, takers, told = self._runs, self._takers, "".join
        element, given = "", NOTHING

        def begin(name: str, attributes: dict[str, str]) -> None:
            nonlocal element, given
            found = self._document
            if found is not None:
                if (taker := takers.get(element)) is not None:
                    taker(found, told(runs).strip(), given)
            elif self._channel is not None:
                self._take_name(self._channel, element, told(runs), given)
            runs.clear()
            element, given = name, attributes
            if name in OUTER or not self._begun:
                self._enter(name, attributes)

        return begin

    def _enter(self, name: str, attributes: dict[str, str]) -> None:
        if name == "programme":
            self._open(attributes)
        elif name == "channel" and self._begun:
            self._close()
            self._channel = self._facts(attributes.get("id", ""))
        elif not self._begun:
            if name.lower() != "tv":
                raise Malformed(f"The file is no XMLTV: its root is {name[:30]}.")
            self._begun = True

    def _open(self, attributes: dict[str, str]) -> None:
        self._close()
        if attributes is NOTHING:
            return
        self.seen += 1
        start = moment(attributes.get("start", ""))
        channel = attributes.get("channel", "").strip()
        if start is None or not channel or len(channel) > MAX_ID:
            self.rejected += 1
            return
        if start >= self._until:
            if self.beyond_ms is None or start < self.beyond_ms:
                self.beyond_ms = start
            return
        stop = stop_of(start, moment(attributes["stop"])) if "stop" in attributes else None
        if (start if stop is None else stop) <= self._since:
            return
        if channel not in self.channels:
            self._facts(channel)
        self._programme = (channel, start, stop)
        self._document = {"catchupId": attributes["catchup-id"]} if "catchup-id" in attributes else {}

    def _close(self) -> None:
        found, self._document, self._channel = self._document, None, None
        if found is None:
            return
        if "title" not in found:
            self.rejected += 1
            return
        self._rows.append(ProgrammeRecord(*self._programme, document(found)))
        if self._languages:
            self._liked.clear()

    def _texts(self) -> dict[str, Taker]:
        """One of several that differ by language: the preferred one, else the first."""

        def text(key: str) -> Taker:
            def first(found: Document, value: str, _: dict[str, str]) -> None:
                if key not in found and value:
                    found[key] = plain_text(value)

            def preferred(found: Document, value: str, attributes: dict[str, str]) -> None:
                language = attributes.get("lang", "").lower()[:2]
                liked = self._languages.index(language) if language in self._languages else len(self._languages)
                if value and (key not in found or liked < self._liked[key]):
                    found[key], self._liked[key] = plain_text(value), liked

            return preferred if self._languages else first

        return {name: text(key) for name, key in TEXTS.items()}

    def _take_name(self, found: ChannelFacts, element: str, text: str, attributes: dict[str, str]) -> None:
        if element == "display-name":
            name = plain_text(text)[:MAX_ID]
            if name and name not in found.names and len(found.names) < MAX_NAMES:
                found.names.append(name)
        elif element == "icon" and found.icon is None:
            found.icon = link(attributes)

    def _facts(self, channel: str) -> ChannelFacts | None:
        key = channel.strip()
        if not key or len(key) > MAX_ID:
            return None
        found = self.channels.get(key)
        if found is None:
            if len(self.channels) >= MAX_CHANNELS:
                raise Malformed("The guide names too many channels.")
            found = self.channels[key] = ChannelFacts()
        return found


def _refuse_entities(*_: object) -> None:
    raise Malformed("The guide declares entities of its own, which is not accepted.")
