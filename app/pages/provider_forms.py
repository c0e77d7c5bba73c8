"""The form of a provider: from its fields to what the API takes, and back."""

from typing import Any, Final

from app.api.providers import ProviderBody, ProviderPatch
from app.core.errors import Invalid
from app.domain.kinds import ProviderKind
from app.pages.forms import Form, body_of, filled
from app.pages.guessing import guessed_kind, mac_in, name_for, url_in
from app.providers.base import AccountStatus
from app.registry.views import NewProvider, ProviderChange, ProviderView

NUMBERS: Final = frozenset({"maxParallelPages"})
DECIMALS: Final = frozenset({"requestsPerSecond", "fullEveryHours", "epgShiftHours", "epgEveryHours"})
OPTIONS: Final = ("epgUrl", "userAgent", "maxParallelPages", "requestsPerSecond", "fullEveryHours")
UNSURE: Final = "What this is cannot be told from the URL. Choose the kind."


def first_form() -> Form:
    """As it is before anybody typed."""
    return filled({"schedule": {"kind": "default"}, "enabled": True})


def guessed(form: Form) -> Form:
    """The same with what a pasted text tells: its kind, a MAC address, a name."""
    pasted = form.get("url")
    url, kind, mac = url_in(pasted), guessed_kind(pasted), mac_in(pasted)
    told = {"url": url}
    if kind and not form.get("kind"):
        told["kind"] = kind.value
    if mac and not form.get("credentials.mac"):
        told["credentials.mac"] = mac
    if url and not form.get("name"):
        told["name"] = name_for(url)
    kept = tuple((name, value) for name, value in form.fields if name not in told)
    return Form(fields=(*kept, *told.items()), errors=form.errors)


def new_provider(form: Form) -> NewProvider:
    """What is to be added; `Invalid` with every field that cannot be used."""
    if not form.get("kind"):
        raise Invalid([("kind", UNSURE)])
    kind = ProviderKind(form.get("kind")) if form.get("kind") in set(ProviderKind) else None
    values = {
        "name": form.get("name"),
        "kind": form.get("kind"),
        "url": form.get("url"),
        "credentials": _credentials(form, kind),
        "options": _options(form),
        "enabled": form.has("enabled"),
        **_schedule(form),
    }
    return body_of(ProviderBody, values).order()


def change(form: Form, known: ProviderView) -> ProviderChange:
    """What changes: credentials that are left empty stay; options that are emptied go."""
    values: dict[str, Any] = {
        "name": form.get("name"),
        "credentials": _credentials(form, known.kind),
        "options": dict.fromkeys(OPTIONS) | _options(form),
        "enabled": form.has("enabled"),
        **_schedule(form),
    }
    if (url := form.get("url")) and url != known.url:
        values["url"] = url
    # A person saw the value without what is secret in it: unchanged, it is not what is stored.
    for name in OPTIONS:
        if name in known.options and str(known.options[name]) == form.get(f"options.{name}"):
            del values["options"][name]
    values["options"] = {
        one: value for one, value in values["options"].items() if value is not None or one in known.options
    }
    return body_of(ProviderPatch, values).order()


def form_of(view: ProviderView) -> Form:
    """The form of what is stored, without its secrets."""
    told = dict(view.schedule or {})
    kind = "cron" if told.get("cron") else "hours" if told.get("everyHours") else "never"
    return filled(
        {
            "name": view.name,
            "kind": view.kind.value,
            "url": view.url,
            "options": {name: view.options[name] for name in OPTIONS if name in view.options},
            "schedule": {"kind": kind, **told},
            "enabled": view.enabled,
        }
    )


def refusal(status: AccountStatus) -> str:
    """What a provider answered that did not let us in."""
    return status.message or f"The provider answers: {status.status}."


def _credentials(form: Form, kind: ProviderKind | None) -> dict[str, str]:
    given = form.below("credentials")
    if kind is ProviderKind.STALKER:
        return given
    if kind in (ProviderKind.XTREAM, ProviderKind.IPTVPORTAL):
        return {name: given[name] for name in ("username", "password") if name in given}
    return {}


def _options(form: Form) -> dict[str, Any]:
    return {name: _typed(name, value) for name, value in form.below("options").items() if name in OPTIONS}


def _typed(name: str, value: str) -> Any:
    try:
        return int(value) if name in NUMBERS else float(value) if name in DECIMALS else value
    except ValueError:
        return value


def _schedule(form: Form) -> dict[str, Any]:
    kind = form.get("schedule.kind", "default")
    if kind == "default":
        return {}
    if kind == "never":
        return {"schedule": None}
    given = form.below("schedule")
    names = ("everyHours",) if kind == "hours" else ("cron", "timezone")
    found = {name: given[name] for name in names if name in given}
    if not found.get(names[0]):
        raise Invalid([(f"schedule.{names[0]}", "This is needed for such a schedule.")])
    return {"schedule": found}
