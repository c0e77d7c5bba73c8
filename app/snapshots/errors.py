"""What a reader of snapshots may be told instead of one. `members` join the problem document."""

from collections.abc import Mapping
from typing import Literal

from app.core.errors import Conflict, Gone, NotReady

Reason = Literal["too_old", "epoch_changed", "version_pruned", "larger_than_snapshot"]
_SENTENCES: Mapping[Reason, str] = {
    "too_old": "That version is older than the log of changes.",
    "epoch_changed": "This catalogue began a new history; that version belongs to the old one.",
    "version_pruned": "That version is not kept any more.",
    "larger_than_snapshot": "There are more changes than a snapshot holds.",
}


class Reset(Gone):
    """Fetch anew, starting from the manifest."""

    def __init__(self, provider_id: str, reason: Reason) -> None:
        super().__init__(_SENTENCES[reason])
        self.members = {"reason": reason, "manifest": f"/api/providers/{provider_id}/snapshot/manifest"}


class VersionAhead(Conflict):
    """A version that this process does not know yet; `retry_after` in seconds."""

    code = "version_ahead"
    retry_after = 2


class Building(NotReady):
    """Nothing was published yet."""

    code = "building"

    def __init__(self) -> None:
        super().__init__("The first version of this catalogue is being built.", retry_after=5)
