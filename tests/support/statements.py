"""Statements drawn at random over two tables: what JSONSQL can say, without what SQLite does not run unless `rich`."""

from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st

TABLES = {"film": ["id", "title", "year", "seen"], "genre": ["id", "film_id", "label", "rank"]}
NUMBERS = {"film": ["id", "year"], "genre": ["id", "film_id", "rank"]}
TEXTS = {"film": ["title"], "genre": ["label"]}
# Among them texts that are columns' names, which cannot always be said, and texts that only look like names.
LITERALS = ["Alien", "it's", "", "100%", "a.b", 'quo"te', "-", "back\\slash", "Ж", "x y", "none", "label", "f.id"]
FILM, GENRE, BOTH = {"film": "film"}, {"z": "genre"}, {"f": "film", "g": "genre"}

Draw = Callable[[st.SearchStrategy[Any]], Any]
Sources = Mapping[str, str]  # alias → table


class Grammar:
    """One statement's choices."""

    def __init__(self, draw: Draw, *, rich: bool) -> None:
        self._draw = draw
        self._rich = rich
        self._merged = False  # whether USING made one column of the two ids

    def pick(self, *choices: Any) -> Any:
        return self._draw(st.sampled_from(choices))

    def maybe(self, text: str) -> str:
        return str(self.pick("", text))

    def quoted(self) -> str:
        return "'" + str(self.pick(*LITERALS)).replace("'", "''") + "'"

    def column(self, sources: Sources, kinds: Mapping[str, list[str]]) -> str:
        alias = self.pick(*sources)
        name = self.pick(*kinds[sources[alias]])
        return str(self.pick(name, f"{alias}.{name}")) if len(sources) == 1 else f"{alias}.{name}"

    # Values

    def number(self, sources: Sources, depth: int = 2) -> str:
        kinds = [
            self._plain,
            self._plain,
            self._literal,
            self._sum,
            self._product,
            self._minus,
            self._call,
            self._scalar,
        ]
        return str(self.pick(*kinds)(sources, depth - 1)) if depth else self._plain(sources, 0)

    def _plain(self, sources: Sources, _: int) -> str:
        plain = self.column(sources, NUMBERS)
        return str(self.pick("id", plain)) if self._merged and sources is BOTH else plain

    def _literal(self, _: Sources, __: int) -> str:
        return str(self.pick(0, 1, -3, 2.5, 1900, "1e3"))

    def _sum(self, sources: Sources, depth: int) -> str:
        return f"({self.number(sources, depth)} {self.pick('+', '-')} {self.number(sources, depth)})"

    def _product(self, sources: Sources, depth: int) -> str:
        return f"{self._plain(sources, 0)} * ({self.number(sources, depth)}) {self.pick('/ 3', '% 7', '')}"

    def _minus(self, sources: Sources, _: int) -> str:
        return f"-{self._plain(sources, 0)}"

    def _call(self, sources: Sources, depth: int) -> str:
        return str(self.pick("ABS({})", "COALESCE({}, 0)", "NULLIF({}, 3)")).format(self.number(sources, depth))

    def _scalar(self, _: Sources, __: int) -> str:
        return f"(SELECT {self.pick('MAX', 'MIN', 'SUM')}(z.rank) FROM genre z WHERE {self.condition(GENRE, 0)})"

    def text(self, sources: Sources) -> str:
        plain = self.column(sources, TEXTS)
        other = self.quoted()
        return str(self.pick(plain, f"LOWER({plain})", f"SUBSTR({plain}, 1, 2)", f"COALESCE({plain}, {other})"))

    # Conditions

    def condition(self, sources: Sources, depth: int = 2) -> str:
        if not depth or self.pick(0, 1):
            return self.comparison(sources, depth)
        left, right = self.condition(sources, depth - 1), self.condition(sources, depth - 1)
        whole = f"{left} {self.pick('AND', 'OR')} {right}"
        return str(self.pick(whole, f"({whole})", f"NOT ({whole})"))

    def comparison(self, sources: Sources, depth: int) -> str:
        kinds = [self._numbers, self._texts, self._like, self._null, self._between, self._in, self._in_texts]
        return str(self.pick(*kinds, self._in_select, self._in_values, self._flag)(sources, depth))

    def _numbers(self, sources: Sources, depth: int) -> str:
        sign = self.pick("=", "<>", "<", "<=", ">", ">=")
        return f"{self.number(sources, depth)} {sign} {self.number(sources, depth)}"

    def _texts(self, sources: Sources, _: int) -> str:
        right = self.pick(self.quoted(), self.text(sources))
        return f"{self.text(sources)} {self.pick('=', '<>', '<', '>=')} {right}"

    def _like(self, sources: Sources, _: int) -> str:
        word = self.pick("LIKE", "ILIKE") if self._rich else "LIKE"
        return f"{self.text(sources)} {self.maybe('NOT ')}{word} {self.pick(repr('%a%'), self.quoted())}"

    def _null(self, sources: Sources, _: int) -> str:
        return f"{self._plain(sources, 0)} IS {self.maybe('NOT ')}NULL"

    def _between(self, sources: Sources, _: int) -> str:
        low, high = self.pick(0, 3), self.number(sources, 0)
        return f"{self._plain(sources, 0)} {self.maybe('NOT ')}BETWEEN {low} AND {high}"

    def _in(self, sources: Sources, _: int) -> str:
        return f"{self._plain(sources, 0)} {self.maybe('NOT ')}IN (1, {self.number(sources, 1)}, NULL)"

    def _in_texts(self, sources: Sources, _: int) -> str:
        return f"{self.column(sources, TEXTS)} {self.maybe('NOT ')}IN ({self.quoted()}, {self.quoted()})"

    def _in_values(self, sources: Sources, _: int) -> str:
        return f"{self._plain(sources, 0)} IN (VALUES (1), (2))"

    def _in_select(self, sources: Sources, _: int) -> str:
        inner = f"SELECT z.film_id FROM genre z WHERE {self.condition(GENRE, 0)}"
        return f"{self._plain(sources, 0)} {self.maybe('NOT ')}IN ({inner})"

    def _flag(self, sources: Sources, _: int) -> str:
        film = next((alias for alias, table in sources.items() if table == "film"), None)
        return f"{film}.seen IS {self.maybe('NOT ')}{self.pick('TRUE', 'FALSE')}" if film else "NOT rank > 1"

    # Statements

    def source(self) -> tuple[str, str, Sources]:
        """WITH, FROM and what it names."""
        inner = self.condition({"x": "film"}, 1)
        side = self.pick("JOIN", "INNER JOIN", "LEFT JOIN", "RIGHT OUTER JOIN", "FULL JOIN")
        chosen: tuple[str, str, Sources] = self.pick(
            ("", "film", FILM),
            ("", "genre AS g", {"g": "genre"}),
            ("", f"(SELECT * FROM film x WHERE {inner}) q", {"q": "film"}),
            (f"WITH q AS (SELECT * FROM film x WHERE {inner}) ", "q, genre g", {"q": "film", "g": "genre"}),
            ("", f"film f {side} genre g ON f.id = g.film_id AND {self.comparison(BOTH, 0)}", BOTH),
            ("", f"film f {self.pick('JOIN', 'LEFT JOIN', 'RIGHT JOIN')} genre g USING (id)", BOTH),
            ("", "film f CROSS JOIN genre g", BOTH),
        )
        self._merged = "USING" in chosen[1]
        return chosen

    def select(self) -> str:
        head, source, sources = self.source()
        whole = f"FROM {source}{self.maybe(f' WHERE {self.condition(sources)}')}"
        if self.pick(0, 1):
            key = self._plain(sources, 0)
            having = self.maybe(f" HAVING COUNT(*) > 1 AND {key} > 0")
            data = (
                f"{key}, COUNT(*) AS n, COUNT(DISTINCT {self.column(sources, TEXTS)}), SUM({self._plain(sources, 0)})"
            )
            return f"{head}SELECT {data} {whole} GROUP BY {self.pick('1', key)}{having} ORDER BY n DESC, 1"
        # SQLite's f.* has the other side's id where USING joins to the right; PostgreSQL's has its own.
        star = self.pick("", ", *", "" if self._merged else f", {self.pick(*sources)}.*")
        data = f"{self.number(sources)}, {self.text(sources)} AS t, {self._plain(sources, 0)} AS c{star}"
        order = self.pick("", " ORDER BY 2, 1 DESC", f" ORDER BY c DESC, {self._plain(sources, 0)}, t ASC")
        if not star and self.pick(0, 1):  # a page of an order that leaves nothing open
            limit = self.pick(" LIMIT 3", " LIMIT 2 OFFSET 1", " OFFSET 2") if self._rich else " LIMIT 2 OFFSET 1"
            order = f" ORDER BY 2 ASC NULLS LAST, 1 DESC NULLS FIRST, c NULLS LAST{limit}"
        return f"{head}SELECT {self.maybe('DISTINCT ')}{data} {whole}{order}"

    def write(self) -> str:
        where = self.maybe(f" WHERE {self.condition(FILM)}")
        returning = self.pick("", " RETURNING id", " RETURNING id, title", " RETURNING *")
        selected = f"SELECT label, rank FROM genre z WHERE {self.condition(GENRE)}"
        sets = f"year = {self.number(FILM)}, title = {self.quoted()}, seen = NULL"
        written = self.pick(
            f"UPDATE film SET {sets}{where}",
            f"DELETE FROM film{where}",
            f"INSERT INTO film (id, title) VALUES (90, {self.quoted()}), (91, NULL)",
            f"INSERT INTO film (title, year) {selected}",
        )
        return f"{written}{returning}"


@st.composite
def statements(draw: Draw, *, rich: bool) -> str:
    grammar = Grammar(draw, rich=rich)
    return grammar.select() if draw(st.integers(0, 3)) else grammar.write()
