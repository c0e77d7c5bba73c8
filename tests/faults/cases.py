"""All cases, as the suite plays them."""

from typing import Final

from tests.faults import portal_faults

CASES: Final = (*portal_faults.CASES,)
