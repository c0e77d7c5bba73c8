"""`lineup epg`: sync, status, show, now, channels, match."""

from typing import Annotated, Final

import typer

from app.api.epg import EpgAnswer, GuideChannelBody, MatchAnswer, OnAirBody, ProgrammeBody
from app.cli.output import JsonFlag, show_fields, show_json, show_table
from app.cli.provider import ProviderArgument
from app.cli.running import awaited, named, opened
from app.cli.sync import ForceOption, WaitOption, start
from app.core.clock import now_ms
from app.core.errors import Invalid
from app.domain.kinds import SyncMode
from app.epg.views import MatchView

app = typer.Typer()

HOUR_MS: Final = 3_600_000
MOST: Final = 1000

ChannelArgument = Annotated[str, typer.Argument(metavar="CHANNEL", help="A channel's public id.")]
ProviderOption = Annotated[str | None, typer.Argument(metavar="PROVIDER", help="Its id or its name; all without.")]


@app.command("sync")
@awaited
async def sync_guides(
    *, provider: ProviderArgument, force: ForceOption = False, wait: WaitOption = False, as_json: JsonFlag = False
) -> None:
    """Refresh the guides of one provider: through the worker that runs, else in this process."""
    async with opened() as context:
        view = await named(context, provider)
        only = frozenset({"epg"})
        await start(context, [view], mode=SyncMode.AUTO, only=only, force=force, wait=wait, as_json=as_json)


@app.command("status")
@awaited
async def show_status(provider: ProviderOption = None, as_json: JsonFlag = False) -> None:
    """How well guides cover the channels; of one provider also which guides there are, and who has none."""
    async with opened() as context:
        views = [await named(context, provider)] if provider else await context.registry.list()
        found = [EpgAnswer.model_validate(await context.epg.of_provider(view.id)) for view in views]
    if as_json:
        show_json([one.model_dump(by_alias=True) for one in found])
        return
    covered = [
        (view.name, len(one.guides), *_coverage(one), one.last_sync, _trouble(one))
        for view, one in zip(views, found, strict=True)
    ]
    columns = ("provider", "guides", "channels", "with guide", "on now", "today", "last sync", "trouble")
    show_table(columns, covered, right=columns[1:6])
    if provider:
        _show_guides(found[0])


@app.command("show")
@awaited
async def show_channel(
    channel: ChannelArgument,
    hours: Annotated[float, typer.Option(help="How far to look ahead.", min=0.1, max=24 * 31)] = 24,
    as_json: JsonFlag = False,
) -> None:
    """What one channel shows."""
    now = now_ms()
    async with opened() as context:
        stop = now + round(hours * HOUR_MS)
        found = await context.epg.programmes(channel, start_ms=now, stop_ms=stop, page=1, limit=MOST)
    shows = [ProgrammeBody.model_validate(show) for show in found.shows]
    if as_json:
        show_json([show.model_dump(by_alias=True) for show in shows])
        return
    show_table(("start", "stop", "title"), [(show.start, show.stop, show.title) for show in shows])


@app.command("now")
@awaited
async def show_now(
    provider: ProviderOption = None,
    limit: Annotated[int, typer.Option(help="How many channels.", min=1, max=MOST)] = 100,
    as_json: JsonFlag = False,
) -> None:
    """What is on, and what comes next."""
    async with opened() as context:
        view = await named(context, provider) if provider else None
        page = await context.epg.on_air(view.id if view else None, page=1, limit=limit)
    found = [OnAirBody.model_validate(one) for one in page.channels]
    if as_json:
        show_json([one.model_dump(by_alias=True) for one in found])
        return
    rows = [(one.number, one.name, _title(one.now), _title(one.next), one.channel_id) for one in found]
    show_table(("number", "channel", "now", "next", "id"), rows, right=("number",))


@app.command("channels")
@awaited
async def list_channels(
    provider: ProviderArgument,
    search: Annotated[str, typer.Option(help="A part of an id or a name.")] = "",
    limit: Annotated[int, typer.Option(help="How many.", min=1, max=MOST)] = 100,
    as_json: JsonFlag = False,
) -> None:
    """The channels of a provider's guides: what `match` can choose."""
    async with opened() as context:
        view = await named(context, provider)
        page = await context.epg.guide_channels(view.id, search=search, page=1, limit=limit)
    found = [GuideChannelBody.model_validate(one) for one in page.channels]
    if as_json:
        show_json([one.model_dump(by_alias=True) for one in found])
        return
    rows = [(one.channel, ", ".join(one.names), one.programmes, one.guide_id) for one in found]
    show_table(("channel", "names", "programmes", "guide"), rows, right=("programmes",))


@app.command("match")
@awaited
async def match_channel(
    *,
    channel: ChannelArgument,
    guide: Annotated[str | None, typer.Option(help="Pin it to a channel of this guide.")] = None,
    to: Annotated[str | None, typer.Option(metavar="ID", help="The guide's own id of that channel.")] = None,
    none: Annotated[bool, typer.Option("--none", help="Leave it without a guide.")] = False,
    auto: Annotated[bool, typer.Option("--auto", help="Leave it to the channel's id and name again.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Which guide channel a channel shows; with options, decide it."""
    if (guide is None) != (to is None):
        raise Invalid([("--guide", "It takes --guide and --to to pin a channel.")])
    if sum((guide is not None, none, auto)) > 1:
        raise Invalid([("--none", "Choose one of --guide, --none and --auto.")])
    async with opened() as context:
        epg = context.epg
        found: MatchView
        if guide is not None and to is not None:
            found = await epg.pin(channel, guide, to)
        elif none:
            found = await epg.forbid(channel)
        else:
            found = await (epg.unpin(channel) if auto else epg.match_of(channel))
    told = MatchAnswer.model_validate(found).model_dump(by_alias=True)
    if as_json:
        show_json(told)
    else:
        show_fields({**told, "names": ", ".join(told["names"])})


def _show_guides(one: EpgAnswer) -> None:
    columns = ("guide", "origin", "channels", "programmes", "first", "last", "trouble")
    shown = [(it.id, it.origin, it.channels, it.programmes, it.first, it.last, it.error) for it in one.guides]
    show_table(columns, shown, right=columns[2:4])
    methods = [(method, count) for method, count in one.coverage.by_method.items() if count]
    show_table(("found by", "channels"), methods, right=("channels",))
    lonely = [(it.name, it.epg_id, "forbidden" if it.forbidden else None, it.id) for it in one.coverage.unmatched]
    show_table(("without a guide", "EPG id", "decided", "id"), lonely)


def _coverage(one: EpgAnswer) -> tuple[int, int, int, int]:
    found = one.coverage
    return found.channels, found.matched, found.with_programmes_now, found.with_programmes_today


def _trouble(one: EpgAnswer) -> str:
    return "; ".join(guide.error for guide in one.guides if guide.error)


def _title(show: ProgrammeBody | None) -> str | None:
    return f"{(show.start or '')[11:16]} {show.title}" if show else None
