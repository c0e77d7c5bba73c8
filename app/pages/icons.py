"""Line drawings on a square of 24, drawn for these pages."""

from typing import Final

from markupsafe import Markup

_STROKES: Final = {
    "mark": "M4 6h16M4 12h10M4 18h6M17.5 11.5v7l5-3.5z",
    "providers": "M4 5h16v6H4zM4 13h16v6H4zM7.5 8h.01M7.5 16h.01M11 8h6M11 16h6",
    "browse": "M4 5h7v8H4zM13 5h7v5h-7zM13 12h7v7h-7zM4 15h7v4H4z",
    "channels": "M3 8h18v12H3zM8 3l4 5 4-5",
    "movies": "M3 5h18v14H3zM8 5v14M16 5v14M3 10h5M3 14h5M16 10h5M16 14h5",
    "series": "M6 3h12M4 7h16M3 11h18v10H3zM10.5 13.5v5l4-2.5z",
    "playlists": "M4 6h12M4 11h12M4 16h7M19 9v9M19 9l2 1.5M19 18a2 2 0 1 1-4 0 2 2 0 0 1 4 0z",
    "rules": "M3 12V4h8l10 10-8 8zM7.5 8.5h.01",
    "history": "M3.5 12a8.5 8.5 0 1 0 2.5-6L3 9M3 4v5h5M12 7v5l3.5 2",
    "snapshots": "M12 3l9 5-9 5-9-5zM3 12l9 5 9-5M3 16l9 5 9-5",
    "portal": "M4 6c0-4 16-4 16 0v12c0 4-16 4-16 0zM4 6c0 4 16 4 16 0M4 12c0 4 16 4 16 0",
    "settings": "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5",
    "plus": "M12 5v14M5 12h14",
    "sync": "M20 11a8 8 0 0 0-14-4.5L3.5 9M3.5 4v5h5M4 13a8 8 0 0 0 14 4.5l2.5-2.5M20.5 20v-5h-5",
    "edit": "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
    "test": "M4 12h4l2.5-7 4 14 2.5-7h3",
    "delete": "M4 7h16M9 7V4h6v3M6 7l1 14h10l1-14M10 11v6M14 11v6",
    "clean": "M14 3l-4 9M6 12h9l2 9H4zM8 16v5M12 16v5",
    "stop": "M6 6h12v12H6z",
    "play": "M7 4v16l13-8z",
    "copy": "M8 8h12v12H8zM4 16V4h12",
    "download": "M12 3v12M7 10l5 5 5-5M4 20h16",
    "search": "M10.5 17a6.5 6.5 0 1 1 0-13 6.5 6.5 0 0 1 0 13zM15.5 15.5L21 21",
    "theme": "M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18",
    "leave": "M14 4H5v16h9M10 12h11M17 8l4 4-4 4",
    "drag": "M8 6h.01M8 12h.01M8 18h.01M15 6h.01M15 12h.01M15 18h.01",
    "up": "M12 19V5M6 11l6-6 6 6",
    "down": "M12 5v14M6 13l6 6 6-6",
    "hide": "M3 3l18 18M10 6c6-1 10 6 10 6l-2 3M6 8c-2 2-3 4-3 4s4 7 11 6",
    "open": "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
    "filter": "M3 5h18l-7 8v6l-4 2v-8z",
    "warning": "M12 4l9 16H3zM12 10v4M12 17h.01",
}


def icon(name: str) -> Markup:
    """A drawing beside a word; it says nothing by itself."""
    return Markup(
        '<svg class="icon" viewBox="0 0 24 24" width="24" height="24" fill="none" stroke="currentColor" '
        'stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">'
        '<path d="{}"/></svg>'
    ).format(_STROKES[name])
