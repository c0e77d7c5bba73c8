"""Forms of rules, filters and playlists: from their fields to what the API takes, and back."""

from typing import Any, Final

from app.api.playlists import PlaylistBody, PlaylistPatch
from app.api.tagging import FilterBody, RuleBody
from app.domain.filters import Action, Subject
from app.domain.kinds import Kind
from app.domain.patterns import PatternType
from app.domain.tagging import Cleanup, Source
from app.pages.forms import Form, body_of, filled
from app.playlists.definition import Grouping, Match, Naming, Sort
from app.playlists.views import NewPlaylist, PlaylistChange, PlaylistView
from app.tags.views import FilterView, RuleView

KINDS: Final = [("channel", "Channels"), ("movie", "Movies"), ("series", "Series")]
SOURCES: Final = [(Source.NAME, "the name"), (Source.CATEGORY, "the category's name"), (Source.BOTH, "both")]
PATTERNS: Final = [
    (PatternType.CONTAINS, "holds"),
    (PatternType.PREFIX, "begins with"),
    (PatternType.SUFFIX, "ends with"),
    (PatternType.REGEX, "matches the pattern"),
]
CLEANUPS: Final = [
    (Cleanup.KEEP, "stays in the name"),
    (Cleanup.REMOVE, "is taken out of the name"),
    (Cleanup.REPLACE, "is replaced in the name"),
]
ACTIONS: Final = [(Action.EXCLUDE, "Hide"), (Action.INCLUDE, "Show")]
SUBJECTS: Final = [
    (Subject.CATEGORY, "in the category"),
    (Subject.NAME, "with these words in the name"),
    (Subject.REGEX, "whose name matches the pattern"),
    (Subject.TAG, "with the tag"),
]
SORTS: Final = [
    (Sort.PROVIDER, "As provided"),
    (Sort.NUMBER, "By number"),
    (Sort.NAME, "By name"),
    (Sort.CATEGORY, "By category"),
    (Sort.NEWEST, "Newest first"),
    (Sort.BEST, "Best first"),
]
GROUPS: Final = [(Grouping.CATEGORY, "Category"), (Grouping.TAG, "Tag"), (Grouping.PROVIDER, "Provider")]
NAMES: Final = [(Naming.CLEANED, "Tidy names"), (Naming.ORIGINAL, "Names as provided")]
MATCHES: Final = [(Match.ALL, "all of them"), (Match.ANY, "any of them")]
ANSWERS: Final[dict[str, Any]] = {
    "kinds": KINDS,
    "sources": SOURCES,
    "patterns": PATTERNS,
    "cleanups": CLEANUPS,
    "actions": ACTIONS,
    "subjects": SUBJECTS,
    "sorts": SORTS,
    "groups": GROUPS,
    "names": NAMES,
    "matches": MATCHES,
}


def first_rule() -> Form:
    """As it is before anybody typed."""
    return filled({"enabled": True, "kinds": [Kind.CHANNEL.value], "priority": 100})


def rule_of(form: Form, public: str = "") -> RuleView:
    """A rule; `Invalid` with every field that cannot be used."""
    names = ("source", "patternType", "pattern", "tag", "cleanup", "replacement", "priority")
    values: dict[str, Any] = {name: form.get(name) for name in names if form.get(name)}
    values["kinds"] = form.all("kinds")
    values |= {name: form.has(name) for name in ("stop", "caseSensitive", "enabled")}
    return body_of(RuleBody, values).view(public)


def form_of_rule(rule: RuleView) -> Form:
    """The form of a stored rule."""
    return filled(
        {
            "source": rule.source.value,
            "patternType": rule.pattern_type.value,
            "pattern": rule.pattern,
            "tag": rule.tag,
            "cleanup": rule.cleanup.value,
            "replacement": rule.replacement,
            "priority": rule.priority,
            "kinds": [kind.value for kind in rule.kinds],
            "stop": rule.stop,
            "caseSensitive": rule.case_sensitive,
            "enabled": rule.enabled,
        }
    )


def rule_change(form: Form) -> dict[str, Any]:
    """What a rule is changed to: all of it."""
    rule = rule_of(form)
    names = ("priority", "source", "pattern_type", "pattern", "tag", "cleanup", "replacement", "stop")
    return {name: getattr(rule, name) for name in (*names, "case_sensitive", "kinds", "enabled")}


def filter_of(form: Form) -> FilterView:
    """A filter; `Invalid` with every field that cannot be used."""
    values: dict[str, Any] = {name: form.get(name) for name in ("action", "field", "value")}
    values |= {"kinds": form.all("kinds"), "caseSensitive": form.has("caseSensitive")}
    return body_of(FilterBody, values).view()


def words(text: str) -> list[str]:
    """What stands between commas."""
    return [one.strip() for one in text.split(",") if one.strip()]


def definition_of(form: Form) -> dict[str, Any]:
    """What a playlist holds, as the API takes it."""
    shift = form.get("timeshift")
    number = form.get("startNumber")
    return {
        "providers": form.all("providers"),
        "kinds": form.all("kinds") or [Kind.CHANNEL.value],
        "tags": {
            "include": words(form.get("tags")),
            "exclude": words(form.get("noTags")),
            "match": form.get("match") or "all",
        },
        "categories": {"include": form.all("categories"), "exclude": form.all("noCategories")},
        "search": form.get("search"),
        "sort": form.get("sort") or Sort.PROVIDER.value,
        "startNumber": number or None,
        "adult": form.has("adult"),
        "groups": form.get("groups") or Grouping.CATEGORY.value,
        "names": form.get("names") or Naming.CLEANED.value,
        "timeshift": shift or 0,
    }


def new_playlist(form: Form) -> NewPlaylist:
    """A playlist to add; `Invalid` with every field that cannot be used."""
    return body_of(PlaylistBody, {"name": form.get("name"), "definition": definition_of(form)}).order()


def playlist_change(form: Form) -> PlaylistChange:
    """What a playlist is changed to."""
    values = {"name": form.get("name"), "slug": form.get("slug"), "definition": definition_of(form)}
    return body_of(PlaylistPatch, values).order()


def form_of_playlist(view: PlaylistView) -> Form:
    """The form of a stored playlist."""
    told = view.definition
    return filled(
        {
            "name": view.name,
            "slug": view.slug,
            "providers": told.providers,
            "kinds": [kind.value for kind in told.kinds],
            "tags": ", ".join(told.tags.include),
            "noTags": ", ".join(told.tags.exclude),
            "match": told.tags.match.value,
            "categories": told.categories.include,
            "noCategories": told.categories.exclude,
            "search": told.search,
            "sort": told.sort.value,
            "startNumber": told.start_number,
            "adult": told.adult,
            "groups": told.groups.value,
            "names": told.names.value,
            "timeshift": told.timeshift or None,
        }
    )
