from sqlalchemy import BigInteger, DateTime

from app.db.tables import metadata

COLUMNS = [column for table in metadata.tables.values() for column in table.columns]


def test_every_moment_is_a_big_integer() -> None:
    moments = [column for column in COLUMNS if column.name.endswith(("_at", "_until"))]
    assert len(moments) > 10
    assert [str(column) for column in moments if not isinstance(column.type, BigInteger)] == []
    assert not any(isinstance(column.type, DateTime) for column in COLUMNS)
