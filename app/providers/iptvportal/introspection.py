"""What a portal tells of a table: how many rows, which ids, and its columns as far as a sample shows them.

It does not name the columns of `*`. But it can be asked for a column by a name that it may have, and where one place of
the sample alone holds just these values, that is the column's place.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from app.core.clock import now_ms, rfc3339
from app.core.errors import ProviderError
from app.domain.schema_guess import TableMatch, guessed, matched, placed
from app.domain.schemas import ID, SyncSpec, TableFacts, TableSchema
from app.domain.values import integer
from app.providers.iptvportal.client import IptvPortalClient, Row, rows_of
from app.providers.iptvportal.envelope import Request
from app.providers.iptvportal.errors import QueryRefused, TableForbidden
from app.providers.iptvportal.mapping import USUAL

SAMPLE: Final = 100  # rows
TOGETHER: Final = 20  # requests of one batch; a hundred values each
# Names of columns in the reference (protocols/iptvportal.md, 6) and those that operators' tables tend to have.
LIKELY: Final = frozenset(
    """
    id name username password email disabled max_terminal first_name surname middle_name phone address created_at
    updated_at subscriber_id mac_addr inet_addr registered cost paid package_id enabled protocol port path is_tv genre
    channel_id title epg_provider_id program_id category_id start stop start_at stop_at domain_id user_id service_id
    profile_id key value comment description settings parent_id position url token language timezone started_at
    finished_at deleted_at expires_at status type kind code number
    """.split()  # noqa: SIM905 - words
).union(*(table.fields.values() for table in USUAL.values()))


async def introspected(
    client: IptvPortalClient, table: str, *, sample: int = SAMPLE, names: Iterable[str] = ()
) -> TableSchema:
    """The table as a schema; one that the account may not read is `disabled`.

    `names` are asked for besides the likely ones. `QueryRefused` when there is no such table. Columns that are null in
    all of the sample, or equal to others, and all of a table without an id stay without a name.
    """
    try:
        rows, facts = await _sampled(client, table, sample)
    except TableForbidden:
        return TableSchema(name=table, sync=SyncSpec(disabled=True))
    found = await _named(client, table, sorted(LIKELY.union(names)), sample) if facts.max_id is not None else {}
    return guessed(table, rows, names=placed(rows, found), facts=facts)


async def compared(client: IptvPortalClient, schema: TableSchema, *, sample: int = SAMPLE) -> TableMatch:
    """The schema against the portal as it is."""
    rows, facts = await _sampled(client, schema.name, sample)
    names = sorted({one.remote for one in schema.fields if one.named})
    found = await _named(client, schema.name, names, sample, ordered=facts.max_id is not None)
    return matched(schema, rows, found)


async def _sampled(client: IptvPortalClient, table: str, sample: int) -> tuple[Sequence[Row], TableFacts]:
    """The first rows by id, or any where there is none; raises what is said against these."""
    count = [{"function": "count", "args": ["*"]}]
    ends = [{"function": "min", "args": ID}, {"function": "max", "args": ID}]
    whole = {"data": ["*"], "from": table, "limit": sample}
    counted, ended, ordered = await client.batch(
        [_select({"data": count, "from": table}), _select({"data": ends, "from": table}), _select(_by_id(whole))]
    )
    if isinstance(ordered, QueryRefused):
        ordered, ended = await client.select(whole), None
    if isinstance(ordered, ProviderError):
        raise ordered
    lowest, highest = (*_first(ended), None, None)[:2]
    facts = TableFacts(
        row_count=integer((*_first(counted), None)[0]),
        min_id=integer(lowest),
        max_id=integer(highest),
        analyzed_at=rfc3339(now_ms()),
    )
    return rows_of(ordered), facts


async def _named(
    client: IptvPortalClient, table: str, names: Sequence[str], sample: int, *, ordered: bool = True
) -> Mapping[str, Sequence[Any]]:
    """The values of each column that there is, in the order of the sample; any of them where it has no order."""
    found: dict[str, Sequence[Any]] = {}
    for start in range(0, len(names), TOGETHER):
        some = names[start : start + TOGETHER]
        asked = [{"data": [name], "from": table, "limit": sample} for name in some]
        outcomes = await client.batch([_select(_by_id(one) if ordered else one) for one in asked])
        for name, outcome in zip(some, outcomes, strict=True):
            if isinstance(outcome, QueryRefused):
                continue
            if isinstance(outcome, ProviderError):
                raise outcome
            found[name] = [row[0] if isinstance(row, list) and row else None for row in rows_of(outcome)]
    return found


def _select(params: Mapping[str, Any]) -> Request:
    return Request(method="select", params=params)


def _by_id(params: Mapping[str, Any]) -> dict[str, Any]:
    return {**params, "order_by": ID}


def _first(outcome: Any) -> Sequence[Any]:
    return outcome[0] if isinstance(outcome, list) and outcome and isinstance(outcome[0], list) else ()
