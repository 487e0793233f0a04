"""What a shape forgets, what it keeps, and the algebra of both."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from querysafe.fingerprint import fingerprint, kind, shape

SAME = {
    "bind styles": [
        "SELECT a.x FROM a WHERE a.id = ?",
        "SELECT a.x FROM a WHERE a.id = %s",
        "SELECT a.x FROM a WHERE a.id = %(id_1)s",
        "SELECT a.x FROM a WHERE a.id = %(id_1)s::VARCHAR(30)",
        "SELECT a.x FROM a WHERE a.id = :id_1",
        "SELECT a.x FROM a WHERE a.id = $1",
        "SELECT a.x FROM a WHERE a.id = $1::INTEGER",
        "SELECT a.x FROM a WHERE a.id = $1::TIMESTAMP WITHOUT TIME ZONE",
        "SELECT a.x FROM a WHERE a.id = $1::INTEGER[]",
        "SELECT a.x FROM a WHERE a.id = @p",
        "SELECT a.x FROM a WHERE a.id = CAST(? AS INTEGER)",
        "SELECT a.x FROM a WHERE a.id = 7",
        "SELECT a.x FROM a WHERE a.id = -7.5e3",
        "SELECT a.x FROM a WHERE a.id = 'it''s'",
        "SELECT a.x FROM a WHERE a.id = E'it\\'s'",
        "SELECT a.x FROM a WHERE a.id = $$it's$$",
        "SELECT a.x FROM a WHERE a.id = true",
    ],
    "comments, case, space and quotes": [
        "select a.x from a where a.id = 1",
        'SELECT  "a"."x"\nFROM `a` WHERE A.id=2;',
        "/*traceparent='00-1'*/ SELECT a.x FROM a -- why\nWHERE a.id = ? /* route='/x' */",
    ],
    "lengths of lists": [
        "SELECT a.x FROM a WHERE a.id IN (?)",
        "SELECT a.x FROM a WHERE a.id IN (1, 2, 3)",
        "SELECT a.x FROM a WHERE a.id IN ((?, ?), (?, ?))",
        "SELECT a.x FROM a WHERE a.id IN (VALUES (?, ?), (?, ?))",
        "SELECT a.x FROM a WHERE a.id IN (__[POSTCOMPILE_id_1])",
        "SELECT a.x FROM a WHERE a.id IN (NULL) AND (1 != 1)",
        "SELECT a.x FROM a WHERE a.id IN (SELECT 1 FROM (SELECT 1) WHERE 1!=1)",
        "SELECT a.x FROM a WHERE a.id IN (SELECT CAST(NULL AS INTEGER) WHERE 1!=1)",
        "SELECT a.x FROM a WHERE a.id = ANY(%s)",
        "SELECT a.x FROM a WHERE a.id = ANY (ARRAY[1, 2]::INTEGER[])",
    ],
    "absent from lists": [
        "SELECT a.x FROM a WHERE (a.id NOT IN (?, ?))",
        "SELECT a.x FROM a WHERE (a.id NOT IN (NULL) OR (1 = 1))",
        "SELECT a.x FROM a WHERE (a.id NOT IN (SELECT 1 WHERE 1!=1))",
    ],
    "numbers of aliases": [
        "SELECT b_3.x, b_1.y FROM a JOIN b AS b_3 ON b_3.i = a.i JOIN b AS b_1 ON b_1.i = b_3.i",
        "SELECT b_1.x, b_2.y FROM a JOIN b AS b_1 ON b_1.i = a.i JOIN b AS b_2 ON b_2.i = b_1.i",
    ],
    "columns of a mapped class": [
        "SELECT a.id AS a_id, a.name AS a_name FROM a",
        "SELECT a.name AS a_name, a.id AS a_id, a.age AS a_age FROM a",
        "SELECT a.id FROM a",
    ],
    "inserted columns and rows": [
        "INSERT INTO a (x, y) VALUES (?, ?)",
        "INSERT INTO a (x) VALUES (?), (now()), (?) RETURNING a.id",
        "INSERT INTO a DEFAULT VALUES",
        "INSERT INTO a (x) SELECT p0::VARCHAR FROM (VALUES (%(x__0)s, 0), (%(x__1)s, 1)) "
        "AS imp_sen(p0, sen_counter) ORDER BY sen_counter RETURNING a.id, a.id AS id__1",
    ],
    "updated columns": [
        "UPDATE a SET x=?, y=(a.y + ?) WHERE a.id = ?",
        "UPDATE a SET z=? WHERE a.id = ? RETURNING a.z",
    ],
    "pages": [
        "SELECT a.x FROM a LIMIT 5",
        "SELECT a.x FROM a LIMIT 5 OFFSET 10",
        "SELECT a.x FROM a LIMIT -1 OFFSET 10",
        "SELECT a.x FROM a LIMIT ALL OFFSET $1::INTEGER",
    ],
    "savepoints": ["SAVEPOINT sa_savepoint_1", "SAVEPOINT sa_savepoint_2"],
    "many-to-many on 2.0 and 2.1": [
        "SELECT o_1.id, t.id FROM o AS o_1 JOIN s AS s_1 ON o_1.id = s_1.o_id "
        "JOIN t ON t.id = s_1.t_id WHERE o_1.id IN (1, 2) ORDER BY t.name",
        "SELECT s.o_id, t.id FROM s JOIN t ON t.id = s.t_id WHERE s.o_id IN (1) ORDER BY t.name",
    ],
}

DIFFERENT = {
    "tables": ["SELECT a.x FROM a", "SELECT b.x FROM b", "SELECT s.a.x FROM s.a"],
    "joins": [
        "SELECT a.x FROM a JOIN b ON b.i = a.i",
        "SELECT a.x FROM a LEFT JOIN b ON b.i = a.i",
        "SELECT a.x FROM a JOIN b ON b.j = a.i",
    ],
    "conditions": [
        "SELECT a.x FROM a",
        "SELECT a.x FROM a WHERE a.x = ?",
        "SELECT a.x FROM a WHERE a.y = ?",
        "SELECT a.x FROM a WHERE a.line_2 = ?",
        "SELECT a.x FROM a WHERE a.line_1 = ?",
        "SELECT a.x FROM a WHERE a.x != ?",
        "SELECT a.x FROM a WHERE a.x IS NULL",
        "SELECT a.x FROM a WHERE a.x - ? = ?",
        "SELECT a.x FROM a WHERE a.x IN (?)",
        "SELECT a.x FROM a WHERE a.x NOT IN (?)",
        "SELECT a.x FROM a WHERE a.x IN (?) OR (? = ?)",
        "SELECT a.x FROM a WHERE a.x IN (SELECT b.x FROM b)",
        "SELECT a.x FROM a WHERE a.x IN (SELECT b.y FROM b)",
        "SELECT a.x FROM a WHERE a.x = (SELECT max(b.x) FROM b)",
        "SELECT a.x FROM a WHERE a.data ? 'key'",
        "SELECT a.x FROM a WHERE a.data ?| 'key'",
    ],
    "order, groups and pages": [
        "SELECT a.x FROM a",
        "SELECT a.x FROM a ORDER BY a.x",
        "SELECT a.x FROM a ORDER BY a.y",
        "SELECT a.x FROM a GROUP BY a.x",
        "SELECT a.x FROM a LIMIT 1",
        "SELECT DISTINCT a.x FROM a",
        "SELECT a.x FROM a FOR UPDATE",
    ],
    "expressions": [
        "SELECT a.x FROM a",
        "SELECT count(*) FROM a",
        "SELECT count(a.x) FROM a",
        "SELECT a.x, count(*) FROM a",
        "SELECT max(a.x) FROM a",
        "SELECT CASE WHEN a.x = 1 THEN 2 END FROM a",
        "SELECT (SELECT b.x FROM b) FROM a",
        "SELECT (SELECT b.y FROM b) FROM a",
        "SELECT replace(a.x, 'a', 'b') FROM a",
    ],
    "writes": [
        "INSERT INTO a (x) VALUES (?)",
        "INSERT INTO a (x) VALUES (?) ON CONFLICT (x) DO NOTHING",
        "INSERT INTO a (x) VALUES (?) ON CONFLICT (x) DO UPDATE SET y = excluded.y",
        "INSERT INTO a (x) SELECT b.x FROM b",
        "UPDATE a SET x=? WHERE a.id = ?",
        "UPDATE a SET x=? WHERE a.name = ?",
        "DELETE FROM a WHERE a.id = ?",
    ],
}


@pytest.mark.parametrize("name", SAME)
def test_one_query_written_in_several_ways_has_one_shape(name: str) -> None:
    shapes = {shape(text): text for text in SAME[name]}
    assert len(shapes) == 1, shapes


@pytest.mark.parametrize("name", DIFFERENT)
def test_different_queries_keep_different_shapes(name: str) -> None:
    shapes = [shape(text) for text in DIFFERENT[name]]
    assert len(set(shapes)) == len(shapes), shapes


def test_a_shape_reads_like_the_statement() -> None:
    assert (
        shape(
            "SELECT orders.id AS orders_id, lines_2.id AS lines_2_id, count(*) AS count_1\n"
            "FROM orders LEFT OUTER JOIN lines AS lines_2 ON orders.id = lines_2.order_id\n"
            "WHERE orders.status IN (%(a)s, %(b)s) LIMIT %(param_1)s"
        )
        == "SELECT lines_1.*, orders.*, count(*) FROM orders LEFT OUTER JOIN lines AS lines_1 "
        "ON orders.id = lines_1.order_id WHERE orders.status IN (?) LIMIT ?"
    )


def test_names_that_need_quotes_keep_them() -> None:
    assert shape('SELECT "Order".id FROM "Order"') == 'SELECT "Order".* FROM "Order"'
    assert shape('SELECT `select`.id FROM "select"') == 'SELECT "select".* FROM "select"'
    assert shape('SELECT user.id FROM "user"') == "SELECT user.* FROM user"


def test_no_value_survives_in_a_shape() -> None:
    text = "SELECT secret.x FROM a WHERE b = 'secret-1' AND c = E'secret\\'2' AND d = 'secret-3"
    assert "secret-" not in shape(text)
    assert "2" not in shape(text)


def test_a_fingerprint_is_twelve_hexadecimal_digits_and_stable() -> None:
    assert fingerprint("SELECT a.x FROM a WHERE a.id = 1") == "eb8daa518d4a"
    assert fingerprint("SELECT a.x FROM a WHERE a.id = 2") == "eb8daa518d4a"
    assert fingerprint("SELECT a.x FROM b WHERE a.id = 2") != "eb8daa518d4a"


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT 1", "SELECT"),
        ("  -- hi\n/* there */ (select 1) union (select 2)", "SELECT"),
        ("VALUES (1)", "SELECT"),
        ("WITH a AS (DELETE FROM b RETURNING x) SELECT x FROM a", "SELECT"),
        ("WITH a AS (SELECT 1) (SELECT 2)", "SELECT"),
        ("with a(x) as (select 1), b as (select 2) insert into c select x from a", "INSERT"),
        ("WITH a AS (SELECT 1) UPDATE b SET x = 1", "UPDATE"),
        ("REPLACE INTO a VALUES (1)", "INSERT"),
        ("DELETE FROM a", "DELETE"),
        ("BEGIN (implicit)", "TRANSACTION"),
        ("savepoint x", "TRANSACTION"),
        ("ROLLBACK TO SAVEPOINT x", "TRANSACTION"),
        ("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "TRANSACTION"),
        ("SET search_path TO x", "OTHER"),
        ("PRAGMA foreign_keys", "OTHER"),
        ("", "OTHER"),
        ("-- nothing", "OTHER"),
    ],
)
def test_the_kind_is_the_main_verb(statement: str, expected: str) -> None:
    assert kind(statement) == expected


WORDS = """
    SELECT FROM WHERE AND OR NOT IN ANY ALL ARRAY AS DISTINCT ON ORDER BY LIMIT OFFSET UNION WITH
    INSERT INTO VALUES DEFAULT UPDATE SET DELETE RETURNING CONFLICT SAVEPOINT CASE END NULL JOIN a
    b_1 b_2 a.x b_1.x a.* "Or" "or"."se" cast key imp_sen replace true 'x' 1 ? %s $1 :n ( ) ( ) , ,
    . :: = != + - * [ ] ; ' " ` /* -- $$ ?| __[POSTCOMPILE_x] precision
"""


@given(st.lists(st.sampled_from(WORDS.split()), max_size=40).map(" ".join) | st.text())
def test_the_shape_of_a_shape_is_itself_and_no_text_is_refused(text: str) -> None:
    once = shape(text)
    assert shape(once) == once
    assert len(fingerprint(text)) == 12
    assert kind(text)


@given(st.lists(st.integers(), min_size=1, max_size=30))
def test_the_length_of_an_in_list_never_matters(values: list[int]) -> None:
    listed = ", ".join(map(str, values))
    assert shape(f"SELECT a.x FROM a WHERE a.id IN ({listed})") == (
        "SELECT a.* FROM a WHERE a.id IN (?)"
    )


@given(st.permutations(["id", "name", "status", "price"]), st.integers(1, 4))
def test_neither_order_nor_number_of_mapped_columns_matters(names: list[str], count: int) -> None:
    columns = ", ".join(f"a.{name} AS a_{name}" for name in names[:count])
    assert shape(f"SELECT {columns} FROM a") == "SELECT a.* FROM a"


def test_text_that_is_cut_off_or_absurdly_deep_is_still_read() -> None:
    assert shape("SELECT a.x FROM a WHERE (a.id IN (1, 2") == (
        "SELECT a.x FROM a WHERE (a.id IN (?, ?"
    )
    assert shape("(" * 5000 + "1" + ")" * 5000).count("(") == 5000
