"""All cases, as the suite plays them."""

from typing import Final

from tests.faults import cancels, outages, portal_faults, process_faults, shrinks

CASES: Final = (
    *shrinks.CASES,
    *portal_faults.CASES,
    *process_faults.CASES,
    *outages.CASES,
    *cancels.CASES,
)
