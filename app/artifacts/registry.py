"""Which store a URL names."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from app.artifacts.local import LocalStore
from app.core.errors import Misconfigured
from app.core.ports import ArtifactStore


def open_artifacts(url: str | None, data_dir: Path) -> ArtifactStore:
    """The store at `url`, or the folder `artifacts` in the data folder when none is named."""
    if url is None:
        return LocalStore(data_dir / "artifacts")
    parts = urlsplit(url)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or not parts.path:
        raise Misconfigured("LINEUP_ARTIFACTS_URL: only file:///folder is supported")
    return LocalStore(Path(unquote(parts.path)))
