"""A publisher in a process of its own: `python -m tests.support.publishing CHANNELS`, set up by its environment."""

import asyncio
import sys
import time

from app.config import load_settings
from app.context import ProcessContext, open_context
from tests.snapshots.catalogue import Catalogue, find_or_add, simple, take_lease, write


async def publish(context: ProcessContext, catalogue: Catalogue) -> str | None:
    """Writes the rows of a catalogue and publishes them."""
    pk = await find_or_add(context.database)
    await write(context.database, pk, catalogue)
    return await context.publisher.publish(pk, await take_lease(context.database, pk))


async def main() -> None:
    """Publishes and says when it was done."""
    async with open_context(load_settings()) as context:
        await publish(context, simple(int(sys.argv[1]), 5, 5))
        sys.stdout.write(f"{time.time()}\n")


if __name__ == "__main__":
    asyncio.run(main())
