"""Which portal a command talks to: a provider of the registry, or an account that settings tell."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from app.cli.portal_session import SessionFile
from app.cli.running import named, opened, quiet
from app.config import Settings, load_portal, load_schemas, load_settings
from app.context import ProcessContext
from app.core.errors import Invalid, Misconfigured, NotFound
from app.domain.kinds import ProviderKind
from app.domain.portal_settings import ClientSettings, PortalSettings, variable
from app.mirror.desk import base_options
from app.providers.iptvportal.endpoints import portal_url
from app.providers.iptvportal.opening import open_client
from app.providers.iptvportal.portal import PortalClient
from app.providers.transport import Transport
from app.registry.secrets import load_secrets
from app.registry.views import ProviderView

NEEDED: Final = ("url", "username", "password")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A provider of the registry, which can have a mirror."""

    view: ProviderView
    context: ProcessContext


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedPortal:
    """A client and the settings it was made with. `kept`: where its session outlives the command."""

    settings: PortalSettings
    client: PortalClient
    kept: str | None
    registered: Registered | None = None


@asynccontextmanager
async def opened_portal(provider: str | None, given: list[str] | None) -> AsyncIterator[OpenedPortal]:
    """A provider that is named, else the account in the settings, else the one provider of this kind that there is."""
    settings, portal = load_settings(), load_portal(given or ())
    wanted = provider or portal.provider
    if wanted is None and portal.client.url is not None:
        quiet(settings)
        async with _account_of_settings(settings, portal) as found:
            yield found
        return
    async with opened_provider(wanted, given) as registered:
        context = registered.context
        account = await context.registry.account(registered.view.pk)
        store = context.sessions.store(account) if portal.client.keep_session else None
        client = open_client(account, context.transport, base=base_options(portal), store=store)
        yield OpenedPortal(
            settings=portal,
            client=PortalClient.of(client, schemas=load_schemas(portal), order_by_id=portal.client.order_by_id),
            kept=None if store is None else "database",
            registered=registered,
        )


@asynccontextmanager
async def opened_provider(provider: str | None, given: list[str] | None = None) -> AsyncIterator[Registered]:
    """The provider that is meant, within the process's context."""
    settings, portal = load_settings(), load_portal(given or ())
    # In place of what the settings would read without the flags.
    async with opened(settings.model_copy(update={"portal": portal})) as context:
        yield Registered(view=await _view(context, provider or portal.provider), context=context)


async def _view(context: ProcessContext, provider: str | None) -> ProviderView:
    """The provider that is meant; without a name the only one of its kind."""
    if provider is not None:
        view = await named(context, provider)
        if view.kind is not ProviderKind.IPTVPORTAL:
            raise Invalid([("--provider", f"{view.name} is no operator's portal but of kind {view.kind}.")])
        return view
    found = [view for view in await context.registry.list() if view.kind is ProviderKind.IPTVPORTAL]
    if len(found) > 1:
        raise Invalid([("--provider", f"One of {', '.join(view.name for view in found)} has to be named.")])
    if not found:
        raise NotFound(
            f"There is no portal: set {', '.join(variable(f'client.{name}') for name in NEEDED)}, "
            "or add a provider with `lineup provider add --kind iptvportal`."
        )
    return found[0]


@asynccontextmanager
async def _account_of_settings(settings: Settings, portal: PortalSettings) -> AsyncIterator[OpenedPortal]:
    url, username, password = _credentials(portal.client)
    store = None
    if portal.client.keep_session:
        secrets = load_secrets(settings.secret_key, settings.data_dir)
        address = portal_url(url).url
        store = SessionFile(settings.data_dir, secrets, url=address, username=username, password=password)
    transport = Transport(networks=settings.provider_networks, max_parallel=settings.max_parallel_pages)
    try:
        client = PortalClient(
            url,
            username,
            password,
            schemas=load_schemas(portal),
            transport=transport,
            store=store,
            options=base_options(portal),
            order_by_id=portal.client.order_by_id,
        )
        yield OpenedPortal(settings=portal, client=client, kept=None if store is None else "file")
    finally:
        await transport.close()


def _credentials(client: ClientSettings) -> tuple[str, str, str]:
    url, username, password = client.url, client.username, client.password
    if url is None or username is None or password is None:
        missing = next(name for name in NEEDED if getattr(client, name) is None)
        raise Misconfigured(f"{variable(f'client.{missing}')} is missing, and client.url is set")
    return url, username, password
