"""Every error that Lineup raises on purpose, named after what the caller has to do.

LineupError
├── Invalid            the caller sent something wrong (names the field)
├── Misconfigured      the operator set something wrong (the process ends with exit code 2)
├── NotFound           there is no such thing
├── Conflict           not now: something else has to end or change first
├── Gone               it was there; fetch anew
├── NotReady           come back later (`retry_after` seconds)
├── LeaseLost          another worker owns this catalogue now: stop writing
└── ProviderError      what may leave a provider adapter
    ├── Unavailable    retry (`retry_after` seconds when the provider said so)
    ├── Rejected       stop: credentials, expiry, ban
    └── Malformed      stop without a sweep: a whole answer that makes no sense
"""

from collections.abc import Sequence

from app.core.redaction import scrub


class LineupError(Exception):
    """Base of all: `code` is stable, the text is one sentence a person can act on."""

    code = "error"

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if code is not None:
            self.code = code


class Invalid(LineupError):
    """Input that cannot be used; `errors` are (field, message) pairs, the field dotted (`credentials.mac`)."""

    code = "invalid"

    def __init__(self, errors: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{field}: {message}" for field, message in errors))
        self.errors = tuple(errors)


class Misconfigured(LineupError):
    code = "misconfigured"


class NotFound(LineupError):
    code = "not_found"


class Conflict(LineupError):
    code = "conflict"


class Gone(LineupError):
    code = "reset"


class NotReady(LineupError):
    """The thing will be there later; `retry_after` in seconds."""

    code = "not_ready"

    def __init__(self, detail: str, *, code: str | None = None, retry_after: int = 5) -> None:
        super().__init__(detail, code=code)
        self.retry_after = retry_after


class LeaseLost(LineupError):
    code = "lease_lost"


class ProviderError(LineupError):
    """Its text may quote the provider, and the provider our credentials: they are taken out here, for all readers."""

    code = "provider_error"

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(scrub(detail), code=code)


class Unavailable(ProviderError):
    """Worth another try; `retry_after` in seconds is the provider's own wish, None when it said nothing."""

    code = "provider_unavailable"

    def __init__(self, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Rejected(ProviderError):
    code = "provider_rejected"


class Malformed(ProviderError):
    code = "provider_malformed"
