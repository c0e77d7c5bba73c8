"""Where a list comes from: asked for, downloaded whole, and read."""

import io
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar

from app.core.clock import now_ms
from app.core.errors import ProviderError, Unavailable
from app.core.redaction import conceal
from app.domain.values import epoch_ms, integer, local_ms
from app.providers.base import AccountStatus, ProviderAccount
from app.providers.download import downloaded
from app.providers.m3u.catalogue import Catalogue, read_list
from app.providers.m3u.home import Home
from app.providers.m3u.lines import texts
from app.providers.m3u.sniff import sniffed
from app.providers.retry import retry_after, retrying
from app.providers.statuses import judged
from app.providers.transport import Transport
from app.providers.unpack import is_packed

T = TypeVar("T")

# Generic and browser agents are refused or challenged by more servers than any player is.
USER_AGENT: Final = "VLC/3.0.20 LibVLC/3.0.20"
MAX_LIST: Final = 2 * 1024 * 1024 * 1024
HEAD: Final = 64 * 1024  # bytes of a list that a test reads


class Source:
    """One list at one address."""

    def __init__(
        self, account: ProviderAccount, transport: Transport, *, retry_attempts: int, retry_base_seconds: float
    ) -> None:
        options = account.options
        self.home = Home.of(account.url)
        conceal(*self.home.secrets.values())
        self._http = transport.client(
            url=account.url,
            headers={"User-Agent": str(options.get("userAgent") or USER_AGENT)},
            max_parallel=options.get("maxParallelPages"),
            per_second=options.get("requestsPerSecond"),
        )
        self._attempts = retry_attempts
        self._base_seconds = retry_base_seconds
        self.status: AccountStatus | None = None
        self._cut_at: int | None = None

    @property
    def limit(self) -> int:
        return self._http.window.limit

    async def read(self) -> Catalogue:
        """The whole list; what was cut is asked for again."""

        async def once() -> Catalogue:
            async with downloaded(self._http, self.home.url, max_bytes=MAX_LIST, attempts=0) as download:
                size = download.size if "content-length" in download.headers else None
                # Twice the same length, announced and kept: the list itself ends so oddly.
                whole = size is not None and size == self._cut_at
                try:
                    return await read_list(download.file, self.home, whole=whole)
                except Unavailable:
                    self._cut_at = size
                    raise

        found = await self._retrying(once)
        self.status = status_of(found.header)
        return found

    async def head(self) -> Mapping[str, str]:
        """The attributes of the list's header, as a test wants them: of a plain list no more is read."""

        async def once() -> Mapping[str, str] | None:
            async with self._http.stream(self.home.url, max_bytes=MAX_LIST) as reply:
                wish = retry_after(reply.headers.get("retry-after"))
                if (error := judged(reply.status, wish)) is not None:
                    raise error
                begun = await reply.body(HEAD)
            if not begun:
                raise Unavailable("The server answered with nothing.", retry_after=wish)
            return None if is_packed(begun) else sniffed(next(texts(io.BytesIO(begun)), ""))

        header = await self._retrying(once)
        if header is None:
            catalogue = await self.read()
            header = catalogue.header
            catalogue.close()
        self.status = status_of(header)
        return header

    async def _retrying(self, call: Callable[[], Awaitable[T]]) -> T:
        try:
            return await retrying(call, attempts=self._attempts, base_seconds=self._base_seconds)
        except ProviderError as error:
            error.detail = self.home.hide(error.detail)
            error.args = (error.detail,)
            raise


def status_of(header: Mapping[str, str]) -> AccountStatus:
    """What the header tells of the account; most tell nothing, and a list that came is proof enough."""
    till = header.get("billed-till", "")
    expires_at = epoch_ms(till) or local_ms(till, None)
    over = expires_at is not None and expires_at <= now_ms()
    return AccountStatus(
        ok=True,
        status="expired" if over else "active",
        expires_at=expires_at,
        max_connections=integer(header.get("max-conn")) or None,
    )
