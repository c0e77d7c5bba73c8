"""JSON in and out; bytes, never str."""

from typing import Any

import orjson

dumps = orjson.dumps
loads = orjson.loads
JSONDecodeError = orjson.JSONDecodeError


def canonical(value: Any) -> bytes:
    """The one spelling of a value: sorted keys, no spaces."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
