"""Bodies of playlists, of what is changed in them by hand, and of their users."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from msgspec import UNSET
from pydantic import AwareDatetime, Field

from app.api.model import Answer, Question, Time
from app.domain.kinds import Kind
from app.playlists.definition import Grouping, GuideIds, Match, Naming, Sort, shown
from app.playlists.entries import EntryChange
from app.playlists.overrides import Override
from app.playlists.sources import Source
from app.playlists.users import NewUser, User, UserChange
from app.playlists.views import NewPlaylist, PlaylistChange, PlaylistView

Words = Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=500)]
Name = Annotated[str, Field(min_length=1, max_length=200, examples=["Living room"])]
Slug = Annotated[str, Field(description="Words of a-z and 0-9 joined by `-`.", examples=["living-room"])]
Password = Annotated[str, Field(description="6 to 64 characters that stand in URLs.", examples=["k7f2m9qa4tzy3xwv"])]


class ChoiceBody(Question):
    """An empty `include` takes all."""

    include: Words = Field(default_factory=list)
    exclude: Words = Field(default_factory=list)


class TagChoiceBody(ChoiceBody):
    match: Match = Field(default=Match.ALL, description="Whether an item needs all of `include`, or any.")


class DefinitionBody(Question):
    """What a playlist holds; what is left out has its default, or stays as it is in a change."""

    providers: Words | None = Field(default=None, description="Ids in their order; none: all.", examples=[[]])
    kinds: list[Kind] | None = Field(default=None, description="Default: channels alone.", examples=[["channel"]])
    tags: TagChoiceBody | None = None
    categories: ChoiceBody | None = Field(default=None, description="By id or by name.")
    search: str | None = Field(default=None, description="Every word a prefix, case and accents ignored.")
    sort: Sort | None = Field(default=None, examples=["provider"])
    start_number: int | None = Field(default=None, description="Numbers channels anew from here; null keeps theirs.")
    adult: bool | None = Field(default=None, description="Whether adult items are shown.")
    groups: Grouping | None = Field(default=None, examples=["category"])
    names: Naming | None = Field(default=None, examples=["cleaned"])
    guide_ids: GuideIds | None = Field(default=None, examples=["lineup"])
    timeshift: float | None = Field(default=None, allow_inf_nan=False, description="Hours added to its guide's times.")

    def given(self) -> dict[str, Any]:
        """What was sent, None included."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


class PlaylistBody(Question):
    """A playlist to add."""

    name: Name
    slug: Slug | None = None
    definition: DefinitionBody = Field(default_factory=DefinitionBody)

    def order(self) -> NewPlaylist:
        """The words of the feature."""
        given = {name: value for name, value in self.definition.given().items() if value is not None}
        return NewPlaylist(name=self.name, slug=self.slug, definition=given)


class PlaylistPatch(Question):
    """What changes about a playlist; the definition is merged by field, null puts a field back to its default."""

    name: Name = ""
    slug: Slug = ""
    definition: DefinitionBody = Field(default_factory=DefinitionBody)

    def order(self) -> PlaylistChange:
        """The words of the feature."""
        given = self.model_fields_set
        return PlaylistChange(
            name=self.name if "name" in given else UNSET,
            slug=self.slug if "slug" in given else UNSET,
            definition=self.definition.given(),
        )


class LinksBody(Answer):
    """Where players find it. Each holds the token: whoever has one sees the playlist."""

    m3u: str = Field(alias="m3u")
    m3u_short: str = Field(alias="m3uShort", description="The same for players that drop what follows a question mark.")
    epg: str
    epg_gz: str
    hdhomerun: str = Field(description="The address of a tuner, for Plex, Emby and Jellyfin.")


class PlaylistAnswer(Answer):
    id: str = Field(examples=["1m7zgcgdzcg6dkjbp5vy"])
    slug: str = Field(examples=["living-room"])
    name: str
    definition: dict[str, Any]
    revision: int = Field(description="Grows with every change.")
    created_at: Time
    updated_at: Time


class OpenPlaylist(PlaylistAnswer):
    """A playlist with what opens it."""

    token: str
    links: LinksBody


class PlaylistList(Answer):
    total: int
    page: int
    limit: int
    has_more: bool
    playlists: list[PlaylistAnswer]


class EntryPatch(Question):
    """A change by hand; null takes it back."""

    name: str | None = None
    number: float | None = Field(default=None, allow_inf_nan=False, examples=[7.1])
    position: int | None = Field(default=None, description="Its place among all of its kind, from 1.")
    hidden: bool = False

    def order(self) -> EntryChange:
        """The words of the feature."""
        given = self.model_fields_set
        return EntryChange(**{name: getattr(self, name) for name in given})


class EntryAnswer(Answer):
    """What was changed by hand; null = as the catalogue has it."""

    item_id: str
    name: str | None = Field(examples=["ARTE"])
    number: float | None = Field(examples=[7])
    position: int | None
    hidden: bool


class EntryList(Answer):
    total: int
    page: int
    limit: int
    has_more: bool
    entries: list[EntryAnswer]


class OrderBody(Question):
    items: Annotated[
        list[str],
        Field(
            max_length=100_000,
            description="Public ids; the rest follows behind them.",
            examples=[["n5wvx2p7c3qjy4ta", "e4mv7x2cq5tz3yda"]],
        ),
    ]


class OrderAnswer(Answer):
    ordered: int = Field(examples=[2])


class UserBody(Question):
    """A user to add; without a password one is made."""

    username: Annotated[str, Field(examples=["grandma"])]
    password: Password | None = None
    enabled: bool = True
    expires_at: AwareDatetime | None = None
    max_connections: int = 1

    def order(self) -> NewUser:
        """The words of the feature."""
        return NewUser(
            username=self.username,
            password=self.password,
            enabled=self.enabled,
            expires_at=_ms(self.expires_at),
            max_connections=self.max_connections,
        )


class UserPatch(Question):
    username: str = ""
    password: Password = ""
    enabled: bool = True
    expires_at: AwareDatetime | None = None
    max_connections: int = 1

    def order(self) -> UserChange:
        """The words of the feature."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        if "expires_at" in given:
            given["expires_at"] = _ms(given["expires_at"])
        return UserChange(**given)


class UserAnswer(Answer):
    """A user of a playlist; the password is told by an address of its own."""

    id: str
    username: str
    enabled: bool
    expires_at: Time
    max_connections: int
    created_at: Time


class AddedUser(UserAnswer):
    password: str


class PasswordAnswer(Answer):
    username: str = Field(examples=["grandma"])
    password: str


class UserList(Answer):
    total: int
    page: int
    limit: int
    has_more: bool
    users: list[UserAnswer]


def told(view: PlaylistView) -> dict[str, Any]:
    """A playlist as an answer tells of it."""
    names = ("id", "slug", "name", "revision", "created_at", "updated_at")
    return {name: getattr(view, name) for name in names} | {"definition": shown(view.definition)}


def opened(view: PlaylistView, source: Source, base: str) -> OpenPlaylist:
    """The same with its token and its links."""
    return OpenPlaylist(**told(view), token=source.word, links=links(view.slug, source.word, base))


def links(slug: str, word: str, base: str) -> LinksBody:
    """The addresses of a playlist's files."""
    return LinksBody(
        m3u=f"{base}/playlist/{slug}.m3u?token={word}",
        m3uShort=f"{base}/p/{word}/playlist.m3u",
        epg=f"{base}/epg/{slug}.xml?token={word}",
        epg_gz=f"{base}/epg/{slug}.xml.gz?token={word}",
        hdhomerun=f"{base}/hdhr/{word}",
    )


def added(user: User, password: str) -> AddedUser:
    """A user with the password, which is told once."""
    return AddedUser(**UserAnswer.model_validate(user).model_dump(), password=password)


def entry(item_id: str, override: Override) -> EntryAnswer:
    """A change by hand as an answer tells of it."""
    return EntryAnswer(
        item_id=item_id,
        name=override.name,
        number=override.number,
        position=override.position,
        hidden=override.hidden,
    )


def paged(rows: Sequence[Any], page: int, limit: int) -> dict[str, Any]:
    """The head of a list, and the rows of one page under `rows`."""
    start = (page - 1) * limit
    head = {"total": len(rows), "page": page, "limit": limit, "has_more": start + limit < len(rows)}
    return head | {"rows": rows[start : start + limit]}


def _ms(at: datetime | None) -> int | None:
    return None if at is None else int(at.astimezone(UTC).timestamp() * 1000)
