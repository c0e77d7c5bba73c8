"""A gzip member put together from pieces that were deflated before (RFC 1951, RFC 1952)."""

from typing import Final

from zlib_ng import zlib_ng

HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # no time, no name, no system: equal content, equal bytes
END: Final = b"\x03\x00"  # the last block, empty
TRAILER_BYTES: Final = len(END) + 8
STORED_BYTES: Final = 5  # in front of up to 65,535 bytes as they are
_STORED_LIMIT: Final = 0xFFFF
RAW_DEFLATE: Final = -15
LEVEL: Final = 6
COMPRESSOR: Final = f"zlib-ng {zlib_ng.ZLIBNG_RUNTIME_VERSION}"


def stored(raw: bytes) -> bytes:
    """Blocks that hold `raw` as it is: no compressor is asked, so the bytes never depend on one."""
    cuts = (raw[start : start + _STORED_LIMIT] for start in range(0, len(raw), _STORED_LIMIT))
    return b"".join(_block(cut) for cut in cuts)


def deflated(raw: bytes) -> bytes:
    """Blocks that compress `raw`, end on a byte and leave no window behind: they stand anywhere in a member."""
    compressor = zlib_ng.compressobj(LEVEL, zlib_ng.DEFLATED, RAW_DEFLATE)
    return bytes(compressor.compress(raw) + compressor.flush(zlib_ng.Z_FULL_FLUSH))


def inflated(data: bytes) -> bytes:
    """What `deflated` compressed; any run of such blocks."""
    return bytes(zlib_ng.decompressobj(RAW_DEFLATE).decompress(data))


def trailer(crc: int, raw: int) -> bytes:
    """The last block and the eight bytes behind it."""
    return END + crc.to_bytes(4, "little") + (raw & 0xFFFFFFFF).to_bytes(4, "little")


def member(raw: bytes) -> bytes:
    """A whole member of these bytes."""
    return HEADER + deflated(raw) + trailer(zlib_ng.crc32(raw), len(raw))


def _block(raw: bytes) -> bytes:
    size = len(raw)
    return b"\x00" + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + raw
