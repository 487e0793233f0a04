"""Which lines of a schema count, and as what, when a restored one is compared."""

import pytest

from querysafe.backup.logical.create import canonical, is_schema

BEFORE = b"CHECK (((kind)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])))"
AFTER = b"CHECK (((kind)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text])))"


def test_a_list_of_values_reads_alike_before_and_after_a_restore() -> None:
    assert BEFORE != AFTER
    assert canonical(BEFORE) == canonical(AFTER)


@pytest.mark.parametrize(
    "other", [BEFORE.replace(b"'b'", b"'c'"), BEFORE.replace(b"kind", b"sort")]
)
def test_another_list_is_another_schema(other: bytes) -> None:
    assert canonical(other) != canonical(BEFORE)


def test_a_line_without_an_array_stays_as_it_is() -> None:
    line = b"    price numeric(10,2) DEFAULT (0)::numeric,"
    assert canonical(line) == line


def test_comments_and_what_changes_in_every_run_do_not_count() -> None:
    assert is_schema(b"CREATE TABLE shop ();")
    for line in (b"", b"-- Name: shop", b"\\restrict abc", b"\\unrestrict abc"):
        assert not is_schema(line)
