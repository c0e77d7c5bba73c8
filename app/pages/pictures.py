"""Pictures that are made here."""

import io

import segno
from markupsafe import Markup


def qr_code(text: str) -> Markup:
    """A code that a phone's camera or a TV's app reads, as SVG within the page."""
    out = io.BytesIO()
    made = segno.make(text, error="m", micro=False)
    made.save(
        out,
        kind="svg",
        xmldecl=False,
        svgns=True,
        scale=4,
        border=2,
        svgclass="qr",
        lineclass=None,
        omitsize=True,
        title="QR code of the playlist's address",
    )
    return Markup(out.getvalue().decode())  # noqa: S704 - a drawing of squares
