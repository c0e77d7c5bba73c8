"""XMLTV files, streamed: channels and programmes in any order, only what a window of time wants.

Only the beginnings of elements are listened to: what an element holds is complete when the next one begins, since none
of those that are wanted has text behind a child. Text goes into a list by the list's own method, without a call into
Python. Whether all of them ended is for the parser to say, at the end of the file.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final, cast
from xml.parsers import expat

from app.core.errors import Malformed, Unavailable
from app.domain.programmes import ProgrammeRecord, encoded, moment, plain_text, stop_of
from app.epg.elements import RATED, TAKERS, Document, Taker, link
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
NONE: Final[Mapping[str, Taker]] = {}
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
        self._liked: dict[str, int] = {}  # place of the language of each text among the preferred ones
        self._takers = TAKERS | self._preferring() if languages else TAKERS
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
        parser.StartElementHandler = self._root
        parser.CharacterDataHandler = self._runs.append
        parser.EntityDeclHandler = _refuse_entities
        return parser

    def _root(self, name: str, _: dict[str, str]) -> None:
        if name.lower() != "tv":
            raise Malformed(f"The file is no XMLTV: its root is {name[:30]}.")
        self._begun = True
        self._expat.StartElementHandler = self._begin

    def _listener(self) -> Callable[[str, dict[str, str]], None]:
        """What is called for every element: a closure, since its own names are found at half the cost."""
        runs, enter, told = self._runs, self._enter, "".join
        takers: Mapping[str, Taker] = NONE
        take: Taker | None = None  # of the element that is read
        given, into = NOTHING, cast("Any", None)  # what it is added to

        def begin(name: str, attributes: dict[str, str]) -> None:
            nonlocal takers, take, given, into
            if take is not None:
                take(into, told(runs).strip(), given)
            runs.clear()
            take, given = takers.get(name), attributes
            if take is None and name in OUTER:
                takers, into = enter(name, attributes)

        return begin

    def _enter(self, name: str, attributes: dict[str, str]) -> tuple[Mapping[str, Taker], Any]:
        """Begins a programme or a channel: who takes what stands within it, and what they add it to."""
        if self._document is not None:
            self._close(self._document)
        if name == "programme":
            self._document = self._opened(attributes)
            return NONE if self._document is None else self._takers, self._document
        self._document = None
        facts = self._facts(attributes.get("id", ""))
        return NONE if facts is None else CHANNEL, facts

    def _opened(self, attributes: dict[str, str]) -> Document | None:
        """The document of a programme that is wanted, with nothing in it."""
        if attributes is NOTHING:
            return None
        self.seen += 1
        start = moment(attributes.get("start", ""))
        channel = attributes.get("channel", "").strip()
        if start is None or not channel or len(channel) > MAX_ID:
            self.rejected += 1
            return None
        if start >= self._until:
            if self.beyond_ms is None or start < self.beyond_ms:
                self.beyond_ms = start
            return None
        stop = stop_of(start, moment(attributes["stop"])) if "stop" in attributes else None
        if (start if stop is None else stop) <= self._since:
            return None
        if channel not in self.channels:
            self._facts(channel)
        self._programme = (channel, start, stop)
        told = attributes.get("catchup-id")
        return {"catchupId": told} if told else {}

    def _close(self, found: Document) -> None:
        found.pop(RATED, None)
        if "title" not in found:
            self.rejected += 1
            return
        self._rows.append(ProgrammeRecord(*self._programme, encoded(found)))
        self._liked.clear()

    def _preferring(self) -> dict[str, Taker]:
        """One of several texts that differ by language: the preferred one, else the first."""

        def text(key: str) -> Taker:
            def take(found: Document, value: str, attributes: dict[str, str]) -> None:
                language = attributes.get("lang", "").lower()[:2]
                liked = self._languages.index(language) if language in self._languages else len(self._languages)
                if (key not in found or liked < self._liked[key]) and (told := plain_text(value)):
                    found[key], self._liked[key] = told, liked

            return take

        return {name: text(key) for name, key in TEXTS.items()}

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


def _name(found: ChannelFacts, value: str, _: dict[str, str]) -> None:
    name = plain_text(value)[:MAX_ID]
    if name and name not in found.names and len(found.names) < MAX_NAMES:
        found.names.append(name)


def _icon(found: ChannelFacts, _: str, attributes: dict[str, str]) -> None:
    if found.icon is None:
        found.icon = link(attributes.get("src", ""))


def _refuse_entities(*_: object) -> None:
    raise Malformed("The guide declares entities of its own, which is not accepted.")


CHANNEL: Final[Mapping[str, Taker]] = {"display-name": _name, "icon": _icon}
