"""Everything about playlists that a process owns, made together."""

from dataclasses import dataclass

from app.db.engine import Database
from app.playlists.editions import Press
from app.playlists.entries import Entries
from app.playlists.lineups import LineUps
from app.playlists.outputs import Outputs
from app.playlists.service import Playlists
from app.playlists.sources import Sources
from app.playlists.tokens import Sealer
from app.playlists.users import Users


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaylistDesk:
    """`saved` are the playlists themselves, `entries` what was changed in them by hand."""

    saved: Playlists
    entries: Entries
    users: Users
    line_ups: LineUps
    sources: Sources
    outputs: Outputs
    press: Press


def open_desk(database: Database, sealer: Sealer) -> PlaylistDesk:
    """All of it over one database."""
    saved, line_ups = Playlists(database, sealer), LineUps(database)
    return PlaylistDesk(
        saved=saved,
        entries=Entries(database),
        users=Users(database, sealer),
        line_ups=line_ups,
        sources=Sources(database, saved, sealer),
        outputs=Outputs(database, line_ups),
        press=Press(),
    )
