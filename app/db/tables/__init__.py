"""All tables; importing this fills the metadata that Alembic compares with."""

from app.db.tables.access import ApiKey, AuditEntry
from app.db.tables.base import metadata
from app.db.tables.catalogue import (
    Category,
    Change,
    Channel,
    Document,
    Episode,
    Item,
    ItemCategory,
    Movie,
    Season,
    Series,
)
from app.db.tables.guide import EpgMatch, EpgPin, Guide, GuideChannel, GuideGeneration, Programme
from app.db.tables.job import JobChange, Quarantine, SyncCheckpoint, SyncJob, SyncStep, Walk
from app.db.tables.number import PlayerNumber
from app.db.tables.playlist import Playlist, PlaylistEntry, PlaylistUser
from app.db.tables.portal import PortalSession
from app.db.tables.provider import CatalogueHead, Provider, Webhook
from app.db.tables.snapshot import Publication, Snapshot, SnapshotFile
from app.db.tables.tag import (
    ItemTag,
    ProviderFilter,
    ProviderRuleset,
    RuleRow,
    Ruleset,
    TagState,
    UserTag,
)
from app.domain.kinds import Kind

ITEM_TABLES: dict[Kind, type[Channel | Movie | Series]] = {
    Kind.CHANNEL: Channel,
    Kind.MOVIE: Movie,
    Kind.SERIES: Series,
}

__all__ = [
    "ITEM_TABLES",
    "ApiKey",
    "AuditEntry",
    "CatalogueHead",
    "Category",
    "Change",
    "Channel",
    "Document",
    "EpgMatch",
    "EpgPin",
    "Episode",
    "Guide",
    "GuideChannel",
    "GuideGeneration",
    "Item",
    "ItemCategory",
    "ItemTag",
    "JobChange",
    "Movie",
    "PlayerNumber",
    "Playlist",
    "PlaylistEntry",
    "PlaylistUser",
    "PortalSession",
    "Programme",
    "Provider",
    "ProviderFilter",
    "ProviderRuleset",
    "Publication",
    "Quarantine",
    "RuleRow",
    "Ruleset",
    "Season",
    "Series",
    "Snapshot",
    "SnapshotFile",
    "SyncCheckpoint",
    "SyncJob",
    "SyncStep",
    "TagState",
    "UserTag",
    "Walk",
    "Webhook",
    "metadata",
]
