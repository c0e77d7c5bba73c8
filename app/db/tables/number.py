from sqlmodel import Field, SQLModel


class PlayerNumber(SQLModel, table=True):
    """The whole number by which players know a public id: given once, to nothing else, and never taken back.

    `kind` = channel | movie | series | episode | category; `series_id` = the series of an episode. No foreign keys:
    what is cleaned and synced anew has the same public id, and so the same number.
    """

    __tablename__ = "player_number"

    number: int | None = Field(default=None, primary_key=True)
    id: str = Field(unique=True)
    kind: str
    series_id: str | None = None
