"""Working ahead: a source makes its next value while the last one is dealt with."""

import asyncio
from collections.abc import AsyncGenerator
from typing import TypeVar

T = TypeVar("T")


async def ahead(source: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """Yields what `source` yields, always with one value under way; an error of the source is raised in its place."""
    following = asyncio.ensure_future(anext(source, None))
    try:
        while (value := await following) is not None:
            following = asyncio.ensure_future(anext(source, None))
            yield value
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await source.aclose()
