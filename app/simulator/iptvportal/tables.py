"""The tables of an operator's database: their columns in order, with types, as far as the reference knows them.

Counts were observed (protocols/iptvportal.md, 3): media 74 columns, domain 167, tv_channel 13, tv_program 11,
tv_category 3, tv_program_category 2. Names beyond those of section 6 are made up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

AFFINITIES: Final = {"integer": "INTEGER", "float": "REAL", "boolean": "BOOLEAN"}  # of SQLite; all others are text
DRIFTED: Final = "drifted"  # a column that an upgrade of the portal brings; hidden until then


@dataclass(frozen=True)
class Table:
    """`columns` are name → integer, float, boolean, text, timestamp, inet, mac or json; `unique` are single columns."""

    name: str
    columns: Mapping[str, str]
    unique: tuple[str, ...] = ()
    required: tuple[str, ...] = ()

    @cached_property
    def ddl(self) -> str:
        """What creates it in SQLite."""
        lines = [self._column(name, kind) for name, kind in self.columns.items()]
        lines.append(f'"{DRIFTED}" INTEGER DEFAULT 7')
        lines += [f'UNIQUE ("{name}")' for name in self.unique]
        return f'CREATE TABLE "{self.name}" ({", ".join(lines)})'

    def _column(self, name: str, kind: str) -> str:
        if name == "id":
            return '"id" INTEGER PRIMARY KEY'
        needed = " NOT NULL" if name in self.required else ""
        return f'"{name}" {AFFINITIES.get(kind, "TEXT")}{needed}'


def _columns(spelled: str) -> dict[str, str]:
    """`id name created_at:timestamp` as columns; text unless told, ids and counts are integers."""
    found: dict[str, str] = {}
    for word in spelled.split():
        name, _, kind = word.partition(":")
        found[name] = kind or ("integer" if name == "id" or name.endswith("_id") else "text")
    return found


_MEDIA: Final = """
    id name protocol inet_addr port:integer path is_tv:boolean disabled:boolean created_at:timestamp
    updated_at:timestamp category_id original_name description year:integer duration:integer director actors country
    genres rating_imdb:float rating_kinopoisk:float poster backdrop is_hd:boolean censored:boolean age_limit:integer
    quality video_codec audio_codec bitrate:integer width:integer height:integer file_size:integer container
    subtitles:json audio_tracks:json tags:json meta:json language imdb_id kinopoisk_id tmdb_id trailer_url provider_id
    source_id storage_id server_id cluster_id drm:boolean drm_key_id encrypted:boolean price:float currency
    rent_hours:integer purchasable:boolean views:integer likes:integer position:integer parent_id season:integer
    episode:integer premiere_at:timestamp expires_at:timestamp checked_at:timestamp available:boolean
    error_count:integer last_error multicast_addr:inet multicast_port:integer timeshift:integer
    dvr_path domain_id owner_id comment
"""
_SMALL: Final = {
    "package": "id name cost:float paid:boolean disabled:boolean",
    "service": "id name package_id enabled:boolean",
    "key": "id name value created_at:timestamp",
    "playlist": "id name domain_id updated_at:timestamp",
    "profile": "id name settings:json",
    "pprofile": "id profile_id name value",
    "sprofile": "id subscriber_id profile_id",
    "user": "id username email disabled:boolean",
}


def _domain() -> dict[str, str]:
    named = _columns("id name parent_id disabled:boolean settings:json created_at:timestamp updated_at:timestamp")
    return named | {f"option_{number}": "text" for number in range(1, 161)}


ALL: Final[Mapping[str, Table]] = {
    table.name: table
    for table in (
        Table("media", _columns(_MEDIA), required=("name",)),
        Table(
            "tv_channel",
            _columns(
                "id name url number:integer category_id media_id epg_provider_id logo is_hd:boolean censored:boolean "
                "archive_days:integer disabled:boolean updated_at:timestamp"
            ),
            required=("name",),
        ),
        Table("tv_category", _columns("id name genre:boolean"), required=("name",)),
        Table(
            "tv_program",
            _columns(
                "id created_at:timestamp updated_at:timestamp channel_id title description start_at:timestamp "
                "stop_at:timestamp epg_provider_id age_limit:integer extra:json"
            ),
        ),
        Table("tv_program_category", _columns("program_id category_id")),
        Table(
            "subscriber",
            _columns(
                "id username password email disabled:boolean max_terminal:integer first_name surname middle_name phone "
                "address created_at:timestamp updated_at:timestamp"
            ),
            unique=("username",),
            required=("username",),
        ),
        Table("subscriber_inetaddr", _columns("id subscriber_id inet_addr:inet")),
        Table(
            "terminal",
            _columns(
                "id subscriber_id mac_addr:mac inet_addr:inet registered:boolean name updated_at:timestamp details:json"
            ),
            unique=("mac_addr",),
        ),
        Table("subscriber_package", _columns("subscriber_id package_id enabled:boolean")),
        Table("terminal_playlog", _columns("start:timestamp domain_id mac_addr:mac channel_id program_id")),
        Table("domain", _domain()),
        *(Table(name, _columns(spelled)) for name, spelled in _SMALL.items()),
    )
}
