"""What simulated panels send, as the reader sees it: tidy or wild, the same programmes."""

import io
import time

import pytest

from app.epg.xmltv import XmltvReader
from app.providers.unpack import opened
from app.simulator.catalogue import Catalogue
from app.simulator.lists import Lists
from app.simulator.spec import CatalogueSpec
from app.simulator.xtream.guide import xmltv
from app.simulator.xtream.wild import PACKERS, wild

SPEC = CatalogueSpec(channels=20, movies=3, series=3, categories=4)
DAY = 86_400_000


def read(data: bytes) -> tuple[set[tuple[str, int]], XmltvReader]:
    now = time.time_ns() // 1_000_000
    reader = XmltvReader(opened(io.BytesIO(data), endings=(".xml",)), since_ms=now - DAY, until_ms=now + 8 * DAY)
    return {(row.channel, row.start_ms) for batch in reader.batches() for row in batch}, reader


@pytest.mark.parametrize("form", ["wild", *PACKERS])
def test_a_guide_says_the_same_however_it_is_sent(form: str) -> None:
    catalogue = Catalogue(SPEC)
    lists = Lists(catalogue, mixed=False, native=True)
    tidy = b"".join(xmltv(catalogue, lists))
    sent = b"".join(wild(catalogue, lists)) if form == "wild" else PACKERS[form](tidy)
    found, reader = read(sent)
    expected, plain = read(tidy)
    assert found == expected
    assert len(expected) > 100
    assert reader.channels == plain.channels
    assert reader.rejected == 0
