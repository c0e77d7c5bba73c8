"""The words of JSONSQL: operators, keys, and what a name may look like (protocols: DML grammar and expressions)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeAlias

Json: TypeAlias = Any  # a JSON value: what json.loads makes
Params: TypeAlias = dict[str, Json]
Tables: TypeAlias = Mapping[str, Sequence[str]]  # all columns of each table that is known, in the order of `*`

NAME: Final = re.compile(r"[^\W\d][\w$]*")
DOTTED: Final = re.compile(r"([^\W\d][\w$]*)\.([^\W\d][\w$]*|\*)")
FUNCTION: Final = re.compile(r"[a-z_][a-z0-9_]*")

COMPARISONS: Final = {"eq": "=", "neq": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
MIRRORED: Final = {"eq": "eq", "neq": "neq", "lt": "gt", "lte": "gte", "gt": "lt", "gte": "lte"}
PATTERNS: Final = {"like": "LIKE", "ilike": "ILIKE"}
ARITHMETIC: Final = {"add": "+", "sub": "-", "mul": "*", "div": "/", "mod": "%"}
LOGIC: Final = {"and": "AND", "or": "OR"}
JOIN_TYPES: Final = {"inner": "JOIN", "left": "LEFT JOIN", "right": "RIGHT JOIN", "full": "FULL JOIN"}
DIRECTIONS: Final = frozenset({"ASC", "DESC"})
OPERATORS: Final = frozenset({*COMPARISONS, *PATTERNS, *ARITHMETIC, *LOGIC, "is", "is_not", "not", "in"})
# A table of such a name could not be told from what the word means.
KEYS: Final = frozenset({*OPERATORS, "function", "args", "as", "select", "values", "table", "join", "data", "from"})

# Read-only and without side effects; what is not here may write, sleep, read files or call out.
PURE: Final = frozenset(
    """
    abs age array_agg array_length array_to_string ascii avg bit_length bool_and bool_or btrim cardinality ceil
    ceiling char_length character_length chr coalesce concat concat_ws corr count cume_dist date date_bin date_part
    date_trunc datetime degrees dense_rank div every exp first_value floor greatest group_concat host hex ifnull
    iif initcap instr isfinite json json_agg json_array_length json_build_object json_extract
    json_extract_path_text json_object_agg json_type jsonb_agg jsonb_array_length julianday justify_days lag
    last_value lcase lead least left length ln log log10 lower lpad ltrim make_date make_timestamp masklen max md5
    min mod network now nth_value ntile nullif octet_length percent_rank pi position pow power printf format quote
    radians rank regexp_like regexp_match regexp_matches regexp_replace regexp_substr repeat replace reverse right
    round row_number rpad rtrim sign split_part sqrt starts_with stddev stddev_pop stddev_samp strftime string_agg
    string_to_array strpos substr substring sum time to_char to_date to_hex to_number to_timestamp total translate
    trim trunc typeof ucase unicode unixepoch upper var_pop var_samp variance width_bucket
    """.split()  # noqa: SIM905 - words
)
AGGREGATES: Final = frozenset(
    """
    array_agg avg bool_and bool_or corr count every json_agg json_object_agg jsonb_agg max min stddev stddev_pop
    stddev_samp string_agg sum var_pop var_samp variance
    """.split()  # noqa: SIM905 - words
)


class Method(StrEnum):
    """The JSON-RPC method of a statement."""

    SELECT = "select"
    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


class Style(StrEnum):
    """How equal things are written: as the portal's documents do, or as the client in the field does.

    `documented`: `{"in":[c,1,2]}`, `{"in":[c,{"select":…}]}`, n-ary `and`, a bare `on`.
    `nested`: `{"in":[c,[1,2]]}`, `{"in":[c,[{…}]]}`, `and` of two, `on` always within an `and`.
    """

    DOCUMENTED = "documented"
    NESTED = "nested"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What is sent: `method` and `params`. `tables`: what it reads and writes, as the portal names them.

    `columns`: the names of the results, which the portal does not send; None where there are none or `*` hides them.
    """

    method: Method
    params: Params
    columns: tuple[str, ...] | None
    tables: frozenset[str]
