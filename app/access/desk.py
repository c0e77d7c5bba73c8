"""All about who may come in, in one place."""

from dataclasses import dataclass

from app.access.audit import Audit
from app.access.keys import Keys
from app.core.ports import Quotas


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessDesk:
    """Keys, the log of changes, and limits: requests a minute of one key and of one address, 0 = as many as come."""

    keys: Keys
    audit: Audit
    quotas: Quotas
    per_key: int = 0
    per_address: int = 0
