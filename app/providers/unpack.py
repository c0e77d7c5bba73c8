"""Files as they were sent, read as what they hold: packed ones are known by their first bytes, never by their labels.

Everything streams. What is unpacked is counted, so that a small file cannot become an endless one.
"""

import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from app.core.errors import Malformed, Unavailable
from app.providers.inflate import GZIP, TOO_BIG, Inflater

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PIECE: Final = 256 * 1024
MiB: Final = 1024 * 1024
MAX_PLAIN: Final = 8192 * MiB  # bytes; the largest guide that was seen is 1 GB
MAX_RATIO: Final = 500  # plain to packed; lists and guides come to 40 at most, bombs begin at 1,000
FREE: Final = 64 * MiB  # plain bytes that no ratio is asked of
MAX_LAYERS: Final = 3  # gzip in gzip is real, a fourth layer is a trap
XZ_MEMORY: Final = 128 * MiB  # what xz -9 needs is 65
XZ: Final = b"\xfd7zXZ\x00"
ZIP: Final = b"PK\x03\x04"
EMPTY_ZIP: Final = b"PK\x05\x06"
TAR: Final = (257, b"ustar")
LOOKED_AT: Final = 512
DAMAGED: Final = "The packed file is damaged or was cut."


def opened(file: BinaryIO, *, endings: tuple[str, ...] = (), max_bytes: int = MAX_PLAIN) -> BinaryIO:
    """The plain bytes of a seekable file from its beginning: gzip (also twice), xz, zip, tar or none of them.

    Of an archive it is the first member whose name ends in one of `endings`, else the first. Reading raises
    `Unavailable` where a packed file is cut or damaged, `Malformed` where it holds too much or nothing that can be
    read. Closing it leaves `file` open.
    """
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    room = min(max_bytes, max(FREE, size * MAX_RATIO))
    found: BinaryIO = io.BufferedReader(_Pieces(_read(file, room)), PIECE)
    for _ in range(MAX_LAYERS):
        opener = _opener(_head(found))
        if opener is None:
            return found
        found = io.BufferedReader(_Pieces(opener(found, endings, room)), PIECE)
    if _opener(_head(found)) is not None:
        raise Malformed("The file is packed too many times.")
    return found


def is_packed(head: bytes) -> bool:
    """Whether a file that begins so has to be unpacked."""
    return _opener(head[:LOOKED_AT]) is not None


class _Pieces(io.RawIOBase):
    """Pieces of bytes, read as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        target = memoryview(buffer)
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = piece
        count = min(len(self._left), len(target))
        target[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


def _head(file: BinaryIO) -> bytes:
    return cast("io.BufferedReader", file).peek(LOOKED_AT)[:LOOKED_AT]


def _opener(head: bytes) -> "Callable[[BinaryIO, tuple[str, ...], int], Iterator[bytes]] | None":
    if head.startswith(GZIP):
        return _gunzipped
    if head.startswith(XZ):
        return _unxzed
    if head.startswith((ZIP, EMPTY_ZIP)):
        return _unzipped
    return _untarred if head[TAR[0] :].startswith(TAR[1]) else None


def _read(file: BinaryIO, room: int) -> Iterator[bytes]:
    while piece := file.read(PIECE):
        room = _counted(room, piece)
        yield piece


def _gunzipped(file: BinaryIO, _: tuple[str, ...], room: int) -> Iterator[bytes]:
    inflater = Inflater("gzip", max_bytes=room)
    while piece := file.read(PIECE):
        yield from inflater.feed(piece)
    inflater.end()


def _unxzed(file: BinaryIO, _: tuple[str, ...], room: int) -> Iterator[bytes]:
    decoder, data = lzma.LZMADecompressor(memlimit=XZ_MEMORY), file.read(PIECE)
    while data or not decoder.eof:
        if decoder.eof:
            data = (decoder.unused_data or data).lstrip(b"\0")  # streams may be padded
            if not data.startswith(XZ[:1]):
                return
            decoder = lzma.LZMADecompressor(memlimit=XZ_MEMORY)
        elif not data and decoder.needs_input:
            raise Unavailable(DAMAGED)
        try:
            piece = decoder.decompress(data, PIECE)
        except lzma.LZMAError:
            raise Unavailable(DAMAGED) from None
        room = _counted(room, piece)
        yield piece
        if decoder.eof:
            data = decoder.unused_data or file.read(PIECE)
        else:
            data = file.read(PIECE) if decoder.needs_input else b""


def _unzipped(file: BinaryIO, endings: tuple[str, ...], room: int) -> Iterator[bytes]:
    with TemporaryFile() as spool:  # the directory of a zip stands at its end
        while piece := file.read(PIECE):
            spool.write(piece)
        try:
            with zipfile.ZipFile(spool) as archive:
                names = [member.filename for member in archive.infolist() if not member.is_dir()]
                with archive.open(_chosen(names, endings)) as member:
                    yield from _read(cast("BinaryIO", member), room)
        except (zipfile.BadZipFile, EOFError):
            raise Unavailable(DAMAGED) from None
        except (RuntimeError, NotImplementedError):
            raise Malformed("The zip file is locked or packed in an unknown way.") from None


def _untarred(file: BinaryIO, endings: tuple[str, ...], room: int) -> Iterator[bytes]:
    with TemporaryFile() as spool:
        while piece := file.read(PIECE):
            spool.write(piece)
        spool.seek(0)
        try:
            with tarfile.open(fileobj=spool, mode="r:") as archive:
                names = [member.name for member in archive if member.isfile()]
                member = archive.extractfile(_chosen(names, endings))
                yield from _read(cast("BinaryIO", member), room)
        except tarfile.TarError:
            raise Unavailable(DAMAGED) from None


def _chosen(names: list[str], endings: tuple[str, ...]) -> str:
    if not names:
        raise Malformed("The archive holds no file.")
    return next((name for name in names if name.lower().endswith(endings)), names[0])


def _counted(room: int, piece: bytes) -> int:
    if len(piece) > room:
        raise Malformed(TOO_BIG)
    return room - len(piece)
