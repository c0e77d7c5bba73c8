"""Random, time-ordered ids for what Lineup itself creates (jobs, requests)."""

import secrets
import time

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id() -> str:
    """20 characters: 9 of milliseconds (sortable), 11 random (55 bits)."""
    value = (time.time_ns() // 1_000_000) << 55 | secrets.randbits(55)
    return "".join(ALPHABET[value >> shift & 31] for shift in range(95, -1, -5))
