"""What rules, rulesets, filters and dry runs look like from outside. Times in ms."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.domain.filters import Action, Subject, Visibility
from app.domain.kinds import Kind
from app.domain.patterns import PatternType
from app.domain.tagging import Cleanup, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleView:
    """A rule as it is stored; `trouble` is why it is left out until it is changed."""

    id: str = ""
    priority: int = 100
    source: Source = Source.NAME
    pattern_type: PatternType = PatternType.CONTAINS
    pattern: str = ""
    tag: str = ""
    cleanup: Cleanup = Cleanup.KEEP
    replacement: str = ""
    stop: bool = False
    case_sensitive: bool = False
    kinds: tuple[Kind, ...] = ()
    enabled: bool = True
    trouble: str | None = None
    trouble_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesetView:
    """A ruleset; `providers` are the public ids of those that have it."""

    id: str
    name: str
    builtin: bool
    rules: int
    providers: Sequence[str]
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterView:
    """A filter as it is stored."""

    id: str = ""
    position: int = 0
    action: Action = Action.EXCLUDE
    field: Subject = Subject.NAME
    value: str = ""
    case_sensitive: bool = False
    kinds: tuple[Kind, ...] = ()
    enabled: bool = True
    trouble: str | None = None
    trouble_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Processed:
    """What a processing did: tags of items given, there as before, taken away."""

    success: bool = True
    tags_created: int
    tags_updated: int
    tags_removed: int
    using_database: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How an item is marked."""

    tags: tuple[str, ...]
    cleaned_name: str
    visibility: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """An item that a change would mark otherwise."""

    id: str
    provider_id: str
    kind: Kind
    name: str
    before: Look
    after: Look


@dataclass(frozen=True, slots=True, kw_only=True)
class TagChange:
    """How many items have a tag (or a visibility), and would have."""

    name: str
    before: int
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A rule or filter that cannot be used; `id` is empty for one that is not stored."""

    id: str
    message: str


@dataclass(slots=True, kw_only=True)
class Trial:
    """What a change would do: items looked at, and how many of them would change in which way."""

    items: int = 0
    changed: int = 0
    renamed: int = 0
    tags_added: int = 0
    tags_removed: int = 0
    visibility: list[TagChange] = field(default_factory=list)
    tags: list[TagChange] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)


def visibility_word(value: int) -> str:
    """As clients read it."""
    return Visibility(value).name.lower()
