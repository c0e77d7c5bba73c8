"""Live, movie or episode: lists do not say, so signs are weighed. A false channel is cheaper than a false movie."""

from typing import Final

from app.domain.episodes import EpisodeName, episode_name
from app.domain.kinds import Kind
from app.providers.m3u.links import Link
from app.providers.m3u.parse import Entry

LIVE_ENDINGS: Final = frozenset({"ts", "m3u8", "m4s", "mpd", "mpegts"})
# Without flv, asf and m2ts: live streams end in them too.
FILE_ENDINGS: Final = frozenset(
    ["mp4", "mkv", "avi", "mov", "m4v", "mpg", "mpeg", "divx", "wmv", "webm", "vob", "rm", "rmvb", "ogm"]
)
MOVIE_TYPES: Final = frozenset({"movie", "movies", "vod", "film", "video"})
SERIES_TYPES: Final = frozenset({"serie", "series", "tvshow", "tvshows", "episode", "show"})
LIVE_TYPES: Final = frozenset({"live", "tv", "channel", "channels", "radio"})
VOD_LINE: Final = "#EXT-X-PLAYLIST-TYPE:VOD"
LONG: Final = 300.0  # seconds; shorter "durations" are written by people who had to write a number
MOST_LETTERS: Final = 300  # of a name in which an episode is looked for


def kind_of(entry: Entry, link: Link) -> tuple[Kind, EpisodeName | None]:
    """What an entry is; an episode comes with what its name tells, and is of kind SERIES."""
    if link.folder == "live" and link.numbered:
        return Kind.CHANNEL, None
    if link.folder == "movie" and link.numbered:
        return Kind.MOVIE, None
    if not _is_file(entry, link):
        return Kind.CHANNEL, None
    episode = episode_name(entry.name[:MOST_LETTERS])
    return (Kind.SERIES, episode) if episode else (Kind.MOVIE, None)


def _is_file(entry: Entry, link: Link) -> bool:
    attributes = entry.attributes
    if link.folder == "series" and link.numbered:
        return True
    said = "radio" if attributes.get("radio") == "true" else attributes.get("tvg-type", "").lower()
    if said in LIVE_TYPES:
        return False
    if said in MOVIE_TYPES or said in SERIES_TYPES or attributes.get("media") == "true":
        return True
    if entry.directives and VOD_LINE in entry.directives:
        return True
    by_ending = link.ending in FILE_ENDINGS or (entry.duration >= LONG and link.folder in ("movie", "series"))
    return by_ending and link.ending not in LIVE_ENDINGS and link.folder != "live"
