"""Bodies of tags, rules, rulesets and filters."""

from typing import Annotated, Any

from pydantic import Field

from app.api.model import Answer, Question, Time
from app.api.providers import Name
from app.domain.filters import Action, Subject
from app.domain.kinds import Kind
from app.domain.patterns import MAX_LENGTH, PatternType
from app.domain.tagging import CAPTURE, MAX_TAG, Cleanup, Source
from app.tags.rulesets import MAX_RULES
from app.tags.views import FilterView, RuleView

Text = Annotated[str, Field(max_length=MAX_LENGTH)]
Kinds = Annotated[list[Kind], Field(max_length=len(Kind), description="Which items; empty: all.", examples=[[]])]
Place = Annotated[int, Field(ge=0, le=1_000_000)]
Samples = Annotated[int, Field(ge=0, le=200, description="How many items to show.")]


class ProcessAnswer(Answer):
    """What processing did to the tags of a provider's items; these names as they stand."""

    success: bool
    tags_created: int = Field(serialization_alias="tags_created", examples=[8210])
    tags_updated: int = Field(serialization_alias="tags_updated", description="There before, and given again.")
    tags_removed: int = Field(serialization_alias="tags_removed")
    using_database: bool = Field(
        serialization_alias="using_database", description="false: never synced; its channels were read live, unstored."
    )


class OwnTagsAnswer(Answer):
    """The tags of an item; `pending` while a sync runs, at whose end they will be those that were asked for."""

    id: str
    tags: list[str] = Field(examples=[["HD", "US", "favourite"]])
    user_tags: list[str] = Field(examples=[["favourite"]])
    pending: bool


class RuleBody(Question):
    """A rule. Rules run in the order of `priority`, each on what the cleanups before it left of the name."""

    priority: Place = 100
    source: Source = Source.NAME
    pattern_type: PatternType = PatternType.CONTAINS
    pattern: Annotated[str, Field(min_length=1, max_length=MAX_LENGTH, examples=["US:"])]
    tag: Annotated[
        str,
        Field(max_length=MAX_TAG, description=f"`{CAPTURE}`: what the first group found.", examples=["US"]),
    ] = ""
    cleanup: Cleanup = Field(default=Cleanup.KEEP, description="What becomes of the match in the cleaned name.")
    replacement: Text = ""
    stop: bool = Field(default=False, description="After a match no later rule is looked at.")
    case_sensitive: bool = False
    kinds: Kinds = Field(default_factory=list)
    enabled: bool = True

    def view(self, public: str = "") -> RuleView:
        """The words of the feature."""
        return RuleView(**self.model_dump(exclude={"kinds"}), kinds=tuple(self.kinds), id=public)


class RulePatch(Question):
    """What changes in a rule."""

    priority: Place | None = None
    source: Source | None = None
    pattern_type: PatternType | None = None
    pattern: Annotated[str, Field(min_length=1, max_length=MAX_LENGTH)] | None = None
    tag: Annotated[str, Field(max_length=MAX_TAG)] | None = None
    cleanup: Cleanup | None = None
    replacement: Text | None = None
    stop: bool | None = None
    case_sensitive: bool | None = None
    kinds: Kinds | None = None
    enabled: bool | None = None

    def change(self) -> dict[str, Any]:
        """The fields that are given."""
        return _given(self)


class RuleAnswer(Answer):
    """A rule; one with `trouble` is left out until it is changed."""

    id: str
    priority: int
    source: Source
    pattern_type: PatternType
    pattern: str
    tag: str
    cleanup: Cleanup
    replacement: str
    stop: bool
    case_sensitive: bool
    kinds: list[Kind]
    enabled: bool
    trouble: str | None
    trouble_at: Time


class RulesetBody(Question):
    """A ruleset to add: empty, or with the rules of another (`default` is the built-in one)."""

    name: Name
    copy_of: Annotated[str, Field(max_length=40)] | None = None


class RulesetPatch(Question):
    name: Name


class RulesetAnswer(Answer):
    """A ruleset, how many rules it has, and which providers have it."""

    id: str
    name: str
    builtin: bool
    rules: int
    providers: list[str]
    created_at: Time
    updated_at: Time


class Assignment(Question):
    """The rulesets of a provider, by id, in the order in which they apply."""

    rulesets: list[Annotated[str, Field(max_length=40)]] = Field(max_length=50, examples=[["default"]])


class RulesetList(Answer):
    total: int
    page: int
    limit: int
    has_more: bool
    rulesets: list[RulesetAnswer]


class RuleList(Answer):
    total: int
    page: int
    limit: int
    has_more: bool
    rules: list[RuleAnswer]


class FilterBody(Question):
    """A filter. They are asked in the order of `position`, and the first that matches an item decides."""

    action: Action
    field: Subject = Field(description="A category by id or name, words in the name, a pattern, a tag.")
    value: Annotated[str, Field(min_length=1, max_length=MAX_LENGTH, examples=["Shopping"])]
    position: Place | None = Field(default=None, description="Left out: behind the others.")
    case_sensitive: bool = False
    kinds: Kinds = Field(default_factory=list)
    enabled: bool = True

    def view(self) -> FilterView:
        """The words of the feature."""
        return FilterView(**self.model_dump(exclude={"kinds", "position"}), kinds=tuple(self.kinds))


class FilterPatch(Question):
    """What changes in a filter."""

    action: Action | None = None
    field: Subject | None = None
    value: Annotated[str, Field(min_length=1, max_length=MAX_LENGTH)] | None = None
    position: Place | None = None
    case_sensitive: bool | None = None
    kinds: Kinds | None = None
    enabled: bool | None = None

    def change(self) -> dict[str, Any]:
        """The fields that are given."""
        return _given(self)


class FilterAnswer(Answer):
    """A filter; one with `trouble` is left out until it is changed."""

    id: str
    position: int
    action: Action
    field: Subject
    value: str
    case_sensitive: bool
    kinds: list[Kind]
    enabled: bool
    trouble: str | None
    trouble_at: Time


class FilterList(Answer):
    total: int
    page: int
    limit: int
    has_more: bool
    filters: list[FilterAnswer]


class RulesetTrial(Question):
    """A change of a ruleset to try: all of its `rules`, or one `rule` more (in place of the one with `ruleId`)."""

    provider_id: str | None = Field(default=None, description="Left out: all providers that have the ruleset.")
    rules: list[RuleBody] | None = Field(default=None, max_length=MAX_RULES)
    rule: RuleBody | None = None
    rule_id: Annotated[str, Field(max_length=40)] = ""
    kinds: Kinds = Field(default_factory=list)
    samples: Samples = 20


class FilterTrial(Question):
    """Other filters to try, in their order; left out: those that are stored."""

    filters: list[FilterBody] | None = Field(default=None, max_length=500)
    kinds: Kinds = Field(default_factory=list)
    samples: Samples = 20


class LookAnswer(Answer):
    tags: list[str]
    cleaned_name: str
    visibility: str = Field(examples=["shown"], description="shown, adult or filtered.")


class SampleAnswer(Answer):
    """An item that would change."""

    id: str
    provider_id: str
    kind: Kind
    name: str
    before: LookAnswer
    after: LookAnswer


class TagChangeAnswer(Answer):
    """How many items have it, and would have it."""

    name: str
    before: int
    after: int


class TroubleAnswer(Answer):
    """A rule or filter that cannot be used."""

    id: str
    message: str


class TrialAnswer(Answer):
    """What a change would do to the items that are stored."""

    items: int
    changed: int
    renamed: int
    tags_added: int
    tags_removed: int
    visibility: list[TagChangeAnswer]
    tags: list[TagChangeAnswer]
    samples: list[SampleAnswer]
    troubles: list[TroubleAnswer]


def _given(patch: Question) -> dict[str, Any]:
    values = {name: value for name, value in patch.model_dump(exclude_unset=True).items() if value is not None}
    return values | ({"kinds": tuple(values["kinds"])} if "kinds" in values else {})
