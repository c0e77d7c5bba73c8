"""A provider that is not added yet, tried: one login, nothing stored."""

from dataclasses import replace

from app.core.errors import ProviderError
from app.core.redaction import scrub
from app.providers.base import AccountStatus, ProviderAccount
from app.providers.registry import Address, open_provider
from app.providers.transport import Transport
from app.registry.secrets import conceal_account
from app.registry.views import NewProvider


async def tried(new: NewProvider, address: Address, transport: Transport) -> AccountStatus:
    """What the provider says; trouble is an answer here, not an error."""
    account = ProviderAccount(
        id="", name=new.name, kind=new.kind, url=address.url, credentials=address.credentials, options=new.options
    )
    conceal_account(account.url, account.credentials, account.options)
    try:
        async with open_provider(account, transport, retry_attempts=0) as provider:
            status = await provider.test()
    except ProviderError as error:
        return AccountStatus(ok=False, status=error.code.removeprefix("provider_"), message=error.detail)
    said = scrub(status.message) if status.message else None
    return replace(status, status=scrub(status.status), message=said)
