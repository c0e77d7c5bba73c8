"""Calls to a panel: each logs in by itself; lists are downloaded whole before anyone reads them."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec
import orjson

from app.core.errors import Malformed, ProviderError
from app.providers.base import ProviderAccount
from app.providers.retry import retry_after, retrying
from app.providers.transport import Reply, Transport
from app.providers.xtream.account import Account, is_account, read_account
from app.providers.xtream.classify import Answer, Body, classify
from app.providers.xtream.lists import ListSplitter, Shape
from app.providers.xtream.parse import Membership
from app.providers.xtream.site import Site
from app.providers.xtream.spool import Repeats, Spool

API: Final = "/player_api.php"
# Generic and browser agents are refused or challenged by more panels than any player is.
USER_AGENT: Final = "VLC/3.0.20 LibVLC/3.0.20"
MAX_DOCUMENT: Final = 64 * 1024 * 1024
MAX_LIST: Final = 2 * 1024 * 1024 * 1024
MAX_ANSWER: Final = 64 * 1024  # of an answer that is no list
ACCOUNT_ACTIONS: Final = ("", "get_account_info")  # some panels answer only one of them
OK: Final = 200
NOT_FOUND: Final = 404

T = TypeVar("T")

UNENDED: Final = "Unterminated string"

DOCUMENT_START: Final = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*[\[{]|(?:\[\s*(?=[{\]])|\{\s*(?=[\"}]))")
HTML_START: Final = re.compile(rb"\s*<(?:!doctype|html|head|\?xml)", re.IGNORECASE)

_decode_all = msgspec.json.Decoder(list[Membership]).decode
_decode_one = msgspec.json.Decoder(Membership).decode


class Missing(Malformed):
    """404 from a panel that knows the account."""


def decoded(body: bytes) -> Any:
    """The JSON document of a body, behind a byte order mark or notices; a `Body` when there is none."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    start = DOCUMENT_START.search(body)
    if start is None or HTML_START.match(body):
        return Body.OTHER
    words = body[start.end() - 1 :].decode(errors="replace")
    try:
        return json.JSONDecoder(strict=False).raw_decode(words)[0]
    except RecursionError:
        return Body.OTHER
    except json.JSONDecodeError as error:
        return Body.CUT if error.pos >= len(words.rstrip()) or error.msg.startswith(UNENDED) else Body.OTHER


class XtreamClient:
    """One account at one panel."""

    def __init__(
        self, account: ProviderAccount, transport: Transport, *, retry_attempts: int, retry_base_seconds: float
    ) -> None:
        options = account.options
        self._http = transport.client(
            url=account.url,
            headers={"User-Agent": str(options.get("userAgent") or USER_AGENT)},
            max_parallel=options.get("maxParallelPages"),
            per_second=options.get("requestsPerSecond"),
        )
        self._credentials = {name: account.credentials.get(name, "") for name in ("username", "password")}
        self._attempts = retry_attempts
        self._base_seconds = retry_base_seconds
        self._pasted = account.url.rstrip("/")
        self._login = asyncio.Lock()
        self._account: Account | None = None
        self.base = self._pasted

    @property
    def limit(self) -> int:
        return self._http.window.limit

    @property
    def site(self) -> Site:
        # Pictures hang on the address that was given: one that redirects here today may lead elsewhere tomorrow.
        return Site.of(self._pasted, **self._credentials)

    @property
    def known(self) -> Account | None:
        """The last accepted login."""
        return self._account

    async def account(self, *, fresh: bool = False) -> Account:
        """The accepted login; asked for once, whoever comes first."""
        async with self._login:
            if self._account is None or fresh:
                self._account = await self._log_in()
            return self._account

    async def _log_in(self) -> Account:
        self.base = self._pasted
        for action in ACCOUNT_ACTIONS:
            document = await self._document(action, {}, known=action != "", follow=True)
            if is_account(document):
                return read_account(document)
        raise Malformed("The panel answers a login with something else than an account.")

    async def document(self, action: str, params: Mapping[str, str]) -> Any:
        """A decoded answer after login; None where the panel says 404."""
        await self.account()
        try:
            return await self._document(action, params, known=True)
        except Missing:
            return None

    async def _document(self, action: str, params: Mapping[str, str], *, known: bool, follow: bool = False) -> Any:
        async def once() -> Any:
            reply = await self._http.get(self.base + API, params=self._params(action, params), max_bytes=MAX_DOCUMENT)
            document = decoded(reply.body)
            self._judge(reply.status, reply.headers, document, reply.body, known=known)
            if follow:
                self._follow(reply)
            return document

        return await self._retrying(once)

    async def download(self, action: str, repeats: Repeats) -> Spool:
        """A whole list; `Spool.nothing` when the panel wrote null or false instead of one."""
        await self.account()

        async def once() -> Spool:
            with ExitStack() as undone:
                spool = undone.enter_context(Spool())
                await self._download(action, spool, repeats)
                undone.pop_all()
            return spool

        return await self._retrying(once)

    async def _download(self, action: str, spool: Spool, repeats: Repeats) -> None:
        repeats.restart()
        splitter = ListSplitter(_decode_all, _decode_one)
        target = self.base + API
        async with self._http.stream(target, params=self._params(action, {}), max_bytes=MAX_LIST) as reply:
            if reply.status != OK:
                body = await reply.body(MAX_ANSWER)
                self._judge(reply.status, reply.headers, decoded(body), body, known=True)
            async for chunk in reply.chunks():
                spool.write(chunk)
                for rows in splitter.feed(chunk):
                    repeats.note(rows)
                    spool.elements += len(rows)
        for rows in splitter.end():
            repeats.note(rows)
            spool.elements += len(rows)
        spool.nothing = splitter.nothing
        if splitter.shape in (Shape.UNKNOWN, Shape.OTHER) and not spool.nothing:
            document = decoded(splitter.head)
            self._judge(reply.status, reply.headers, document, splitter.head, known=True)
            raise Malformed("The panel answers with something else than the list that was asked for.")

    async def _retrying(self, call: Callable[[], Awaitable[T]]) -> T:
        return await retrying(call, attempts=self._attempts, base_seconds=self._base_seconds)

    def _params(self, action: str, params: Mapping[str, str]) -> dict[str, str]:
        return {**self._credentials, **({"action": action} if action else {}), **params}

    def _judge(self, status: int, headers: Mapping[str, str], document: Any, body: bytes, *, known: bool) -> None:
        error = classify(
            Answer(
                status=status,
                document=document,
                words=body[:4096].decode(errors="replace"),
                retry_after=retry_after(headers.get("retry-after")),
                known=known,
            )
        )
        if error is None:
            return
        raise self._without_secrets(Missing(error.detail) if known and status == NOT_FOUND else error)

    def _without_secrets(self, error: ProviderError) -> ProviderError:
        error.detail = self.site.hide(error.detail)
        error.args = (error.detail,)
        return error

    def _follow(self, reply: Reply) -> None:
        """Keeps the address that redirects led to, for as long as this client lives."""
        parts = urlsplit(reply.url)
        if parts.path.endswith(API):
            self.base = f"{parts.scheme}://{parts.netloc}{parts.path.removesuffix(API)}"
