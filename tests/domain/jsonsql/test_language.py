import subprocess
import sys

from app.domain.jsonsql import language
from app.domain.jsonsql.reading import is_read_only, tables_read
from app.domain.jsonsql.render import to_sql
from app.domain.jsonsql.transpile import transpile
from tests.support.jsonsql import TABLES

SQL = "SELECT * FROM package WHERE name LIKE 'a%'"


def test_the_parser_is_loaded_with_the_first_statement() -> None:
    script = """
        import sys
        from app.domain.jsonsql import errors, language, words
        assert "sqlglot" not in sys.modules
        assert language.is_read_only("SELECT a FROM t")
        assert "sqlglot" in sys.modules
    """
    subprocess.run([sys.executable, "-c", "\n".join(map(str.strip, script.splitlines()))], check=True)


def test_what_it_answers_is_what_the_parts_answer() -> None:
    made = language.transpile(SQL, tables=TABLES, order_by_id=False)
    assert made == transpile(SQL, tables=TABLES, order_by_id=False)
    assert language.to_sql(made.method, made.params) == to_sql(made.method, made.params)
    assert language.tables_read(SQL) == tables_read(SQL)
    assert language.is_read_only(SQL) is is_read_only(SQL) is True
