"""Which store a URL names."""

import importlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from app.artifacts.local import LocalStore
from app.core.errors import Misconfigured
from app.core.ports import ArtifactStore

SETTING: Final = "LINEUP_ARTIFACTS_URL"
BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)


@asynccontextmanager
async def open_artifacts(url: str | None, data_dir: Path) -> AsyncIterator[ArtifactStore]:
    """The store at `url`, or the folder `artifacts` in the data folder when none is named."""
    parts = urlsplit(url) if url is not None else None
    if parts is not None and parts.scheme == "s3":
        bucket, prefix = _bucket(parts)
        # 40 MiB and half a second, for those who have a bucket.
        async with importlib.import_module("app.artifacts.s3").open_s3(bucket, prefix) as store:
            yield store
        return
    folder = data_dir / "artifacts" if parts is None else _folder(parts)
    try:
        local = LocalStore(folder)
    except OSError as error:
        raise Misconfigured(f"{SETTING}: cannot make {folder}: {error.strerror}") from None
    yield local


def _folder(parts: SplitResult) -> Path:
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or not parts.path:
        raise Misconfigured(f"{SETTING}: only file:///folder and s3://bucket/prefix are supported")
    return Path(unquote(parts.path))


def _bucket(parts: SplitResult) -> tuple[str, str]:
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise Misconfigured(f"{SETTING}: s3://bucket/prefix holds no keys or options; set the variables AWS_…")
    if not BUCKET.fullmatch(parts.netloc):
        raise Misconfigured(f"{SETTING}: s3://bucket/prefix names no bucket")
    return parts.netloc, unquote(parts.path).strip("/")
