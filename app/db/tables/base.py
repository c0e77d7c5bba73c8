"""What all tables share: one metadata, names for constraints (batch migrations need them), times as ms integers."""

from typing import Any, Final

from sqlalchemy import BigInteger, LargeBinary, MetaData, String
from sqlmodel import Field, SQLModel

metadata: MetaData = SQLModel.metadata
metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# Computed sort keys compare byte by byte on both dialects, whatever the server's locale.
KEY_TEXT: Final = String().with_variant(String(collation="C"), "postgresql")


def ms_field(**options: Any) -> Any:
    """A time: milliseconds since the epoch in UTC, NULL = never or unknown."""
    return Field(default=None, sa_type=BigInteger, **options)


def bigint_field(**options: Any) -> Any:
    """A 64-bit integer on both dialects."""
    return Field(sa_type=BigInteger, **options)


def bytes_field(**options: Any) -> Any:
    """Opaque bytes: JSON that is never asked about in SQL, or ciphertext."""
    return Field(sa_type=LargeBinary, **options)
