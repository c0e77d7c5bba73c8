"""What a portal does wrong, and whom it lets in: switches that are all off by default."""

from dataclasses import dataclass
from typing import Literal

Action = Literal[
    "status",  # answer `status` (503 unless told, with `retry_after` when given) instead
    "body",  # answer `body` (with `status`, 200 unless told) instead
    "reset",  # TCP reset before any byte
    "truncate",  # a clean 200 whose body stops at `cut` of its length
    "cut",  # the connection breaks in the middle of the body
    "stall",  # half a body, then silence for `delay_ms`, then the rest
    "html",  # an HTML page with status 200
    "empty",  # an empty body with status 200
    "hollow",  # a well-formed answer with an empty list
    "false",  # `{"js":false}` / `[]`
    "null",  # `{"js":null}` / `null`
    "error",  # `{"js":{"error":…}}` / `{"error":…}`
    "auth",  # the portal's own authorisation failure; the session itself stays good
    "lose",  # the session is lost, then as `auth`
    "notice",  # PHP notices before the JSON
    "slow",  # `delay_ms` more than usual
]


ListQuirk = Literal[
    "cr",  # lines end so, or with `crlf`
    "crlf",
    "cp1252",  # not UTF-8; or `utf16`
    "utf16",
    "gzip",  # packed without a word about it; or `xz`, `zip`
    "xz",
    "zip",
    "single_quotes",
    "unquoted",
    "inner_quotes",
    "commas",  # inside of values
    "extgrp",  # groups as directives that hold until the next one
    "kodiprop_first",  # directives in front of the entry that they belong to
    "second_extinf",  # entries without an address
    "no_header",
    "no_last_url",  # the list ends in the middle of its last entry
    "hls",  # the playlist of one stream instead of a list
    "tokens",  # in addresses, others in every answer
    "entities",  # in them too
    "suffix",  # headers behind a bar
    "relative",
    "no_colon",  # `http//`
    "groups",  # items stand in several groups
    "naming",  # episodes are named in many ways
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong: for calls that match, from the `after`-th on, every `every`-th, at most `times`."""

    do: Action
    type: str | None = None  # of the call: itv, vod, series, stb, … (Stalker only)
    action: str | None = None
    page: int | None = None
    after: int = 0
    every: int = 1
    times: int | None = None
    status: int | None = None
    body: str = ""
    retry_after: int | str | None = None
    delay_ms: int = 0
    cut: float = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who is let in. A portal without accounts lets in everybody."""

    mac: str = ""
    username: str = ""
    password: str = ""
    status: Literal["active", "expired", "blocked", "banned", "disabled", "trial", "conflict"] = "active"
    expires_at: int | None = None
    login_required: bool = False
    max_connections: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """The switches. Counts are of API calls; shares are 0–1; None leaves the profile's own habit."""

    # speed
    latency_ms: float = 0
    jitter_ms: float = 0
    first_byte_ms: float = 0  # more for bulk answers only
    chunk_ms: float = 0  # between the pieces of a bulk answer
    workers: int | None = None  # so many calls are worked on at a time, the others queue
    # throttling
    max_parallel: int | None = None
    max_parallel_status: int = 429
    rate_429: int | None = None  # every n-th call
    retry_after: int | str | None = None
    rate_limit: float | None = None  # requests a second from one address, as nginx counts them
    rate_burst: int = 0
    rate_delay: bool = False  # what exceeds the rate waits for its turn, up to the burst (nginx without `nodelay`)
    rate_status: int = 503
    ban_after: int | None = None  # refused calls until the client's address gets an empty 403 for everything
    ban_parallel: int | None = None
    user_agent_filter: str | None = None  # regular expression that a client's own must match
    user_agent_status: int = 403
    # things that break
    burst_5xx: int = 0
    burst_from: int = 1
    burst_status: int = 503
    reset_every: int | None = None
    truncate_every: int | None = None
    html_every: int | None = None
    empty_every: int | None = None
    lose_session_after: int | None = None  # calls within one session
    faults: tuple[Fault, ...] = ()
    # guides
    guide: Literal["tidy", "wild", "hollow", "gzip", "xz", "zip"] = "tidy"  # wild: as B6 of the reference has them
    # lists
    page_size: int | None = None
    ignore_page: bool = False
    volatile: bool = False  # what is no content differs in every answer: now playing, last played
    short_page: bool = False  # censored rows leave `*` pages after paging, the total still counts them
    hide_adult: bool = False  # censored titles are not in `*`
    total_as: Literal["str", "int", "high", "low", "zero", "absent"] | None = None
    max_page_items: Literal["int", "str", "zero", "absent"] = "int"
    data_as_object: bool = False
    bare_list: bool = False  # seasons and episodes stand in `js` itself
    all_channels: Literal["full", "censored_removed", "absent"] | None = None
    shift_every: int | None = None  # before every n-th page of titles the list moves by one row
    # At the head, or `anywhere` a row goes; `swap`: one goes and an older one appears; `ties`: nothing moves, but every
    # n-th page begins with the row that ended the page before, in place of its own.
    shift: Literal["insert", "delete", "both", "anywhere", "swap", "ties"] = "both"
    broken_record_every: int | None = None
    mute_kind: Literal["channel", "movie", "series"] | None = None
    mute_with: Literal["500", "empty"] = "500"
    shrink_to: float = 1.0
    no_categories: bool = False  # empty category lists while items exist
    duplicates: bool = False  # Xtream: an item is repeated once per category
    episodes_as: Literal["dict", "lists", "flat", "absent"] | None = None  # Xtream: get_series_info
    list_quirks: tuple[ListQuirk, ...] = ()  # M3U
    # tables, as IPTVPortal has them
    session_seconds: float | None = None  # so long a session lasts
    session_refusal: Literal["401", "403", "error", "string"] | None = None  # how it is told that one is over
    forbidden_tables: tuple[str, ...] = ()  # 403 for whatever names them
    error_as: Literal["object", "data", "codeless", "string", "absent", "status"] = "object"  # errors of statements
    written_as: Literal["null", "empty", "count"] = "null"  # a change without `returning`
    drift: Literal["append", "insert", "short"] | None = None  # what an upgrade did to the columns of `*`
    row_cap: int | None = None  # rows of a select, whatever its limit says
    numbers_as_text: bool = False
    # bodies
    notice_prefix: bool = False
    bom: bool = False
    gzip: bool = False
    # accounts
    accounts: tuple[Account, ...] = ()
    require_serial: bool = False  # panels: get_profile without `sn`, or with another one, bans
    mac_validation: bool = True
    login_failure: Literal["auth0", "401", "403", "404"] | None = None
    redirect_api: bool = False  # 302 to another address of the same API
